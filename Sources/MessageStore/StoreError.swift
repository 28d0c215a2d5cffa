// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a store did not do what it was asked. Whatever the code, nothing of the call was written.
public struct StoreError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// No room on the disk, or over the size that the settings allow. Reading and acknowledging go on.
        case full = "store.full"
        /// Another process holds the store: try again later.
        case busy = "store.busy"
        /// The disk answered with an error: nobody knows what is on it. Every later call fails alike; end the process, open again.
        case failed = "store.failed"
        /// The file is no store of this version, or damaged.
        case unreadable = "store.unreadable"
        /// A setting that durability rests on could not be had.
        case unsafeSettings = "store.unsafe-settings"
        case closed = "store.closed"
        /// The log must not go on: its lock is gone, or knows another or a longer tree. Nothing that would be logged is taken; mailboxes
        /// can still be read. The reason says which (`missing`, `behind`, `forked`); a person decides.
        case halted = "store.halted"
    }

    public let code: Code
    /// For our own log: the database's words. Never a value that was stored.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var isTemporary: Bool { code == .full || code == .busy }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
