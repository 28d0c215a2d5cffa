// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// How a SQLite store is opened. Everything that durability rests on is not a setting, but for the negative controls of the tests.
public struct SQLiteSettings: Sendable, Hashable {
    /// What the file may grow to, in bytes; `nil`: what the file system has.
    public var maximumBytes: Int64?
    /// Opens a store on a file system that a power cut empties (tmpfs), or that is not local. Only for tests of a full disk.
    public var allowsVolatile: Bool

    public init(maximumBytes: Int64? = nil, allowsVolatile: Bool = false) {
        self.maximumBytes = maximumBytes
        self.allowsVolatile = allowsVolatile
    }
}
