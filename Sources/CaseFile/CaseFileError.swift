// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a node's own storage could not do what it was asked.
public struct CaseFileError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// This node has no case of that pseudonym.
        case unknownCase = "case.unknown"
        /// This node has no such letter.
        case unknownLetter = "letter.unknown"
        /// A record, key file or setting is not what this node wrote: a damaged disk, a foreign key, or a file of another node.
        case damaged = "case-file.damaged"
        /// The database does not keep the promises of Protocols/CaseFile.md: a setting read back differs.
        case unsafeSettings = "case-file.unsafe"
        /// No room on the disk, or the file system refuses.
        case unwritable = "case-file.unwritable"
        /// Another process has held the database for half a minute.
        case busy = "case-file.busy"
        /// Another process runs the service of this home.
        case inUse = "node.in-use"
    }

    public let code: Code
    /// For our own log: ids and system words, never content.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether the same call may succeed later by itself: room was made, the other process is through.
    public var isTemporary: Bool { code == .unwritable || code == .busy }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
