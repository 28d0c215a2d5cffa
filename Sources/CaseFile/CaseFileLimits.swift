// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a node holds. Protocols/CaseFile.md, "Limits".
public enum CaseFileLimits {
    /// 64 KiB: what is larger lies in a file of its own, so that the database stays small and a broken transfer resumes.
    public static let inlinePartBytes = 65_536
    /// 1 MiB: one piece of an attachment, sealed or at rest; memory stays flat whatever is attached.
    public static let pieceBytes = 1_048_576
    /// 64: letters of one case that may wait for their ancestors at a node.
    public static let waitingLettersPerCase = 64
    /// 1,000: letters of one sender that may wait for their ancestors at a node.
    public static let waitingLettersPerSender = 1_000
}
