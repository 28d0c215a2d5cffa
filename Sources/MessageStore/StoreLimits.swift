// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds that every store shares. Protocols/Queue.md, "Limits".
public enum StoreLimits {
    /// 1,088 KiB: a piece of 1 MiB, padding, envelope. A part is one row, so this is also what one row costs in memory.
    public static let partBytes = 1_088 * 1_024
    /// Jobs that share one sync: enough that the disk is no longer the limit, few enough that one answer never waits long.
    public static let jobsInACommit = 64
    /// An unfinished upload is kept in rows of at least this size, so that a trickle of bytes makes no flood of rows.
    public static let spoolRowBytes = 65_536
}
