// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a stranger can make us hold or parse. Protocols/Letter-CMS.md §7.
public enum SealingLimits {
    /// 96 KiB: a slip of 64 KiB, a certificate of 16 KiB, and the envelope around them.
    public static let slipFileBytes = 98_304
    /// What a slip may hold; `Letters` bounds it again when it reads it.
    public static let slipBytes = 65_536
    /// 1,088 KiB: a piece of 1 MiB, padding, envelope. Keeps a node's memory flat whatever is attached.
    public static let partFileBytes = 1_114_112
    /// 1 MiB: the most that one part or one piece holds.
    public static let contentBytes = 1_048_576
    /// 16 levels below the outermost: the issuer's name in a slip's signed attributes lies that deep, nothing deeper.
    public static let derDepth = 17
    /// Counted before anything is built: 4 MB of NULLs can become 225 MB of nodes.
    public static let derElements = 400
    /// `{"case":…,"from":…,"kind":…,"length":…,"to":…}` is shorter than this with the longest names.
    public static let headerBytes = 256
    /// 1,024 lines of 65 bytes: an attachment of 1 GiB.
    public static let listBytes = 66_560
}
