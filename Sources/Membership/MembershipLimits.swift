// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a stranger can make us hold or parse, and the times of trust. Protocols/Membership.md, "Limits".
public enum MembershipLimits {
    /// 4 MiB, as ``JSONLimits/directory``: some 1,500 members with their certificates.
    public static let directoryBytes = 4_194_304
    public static let members = 2_000
    public static let brokers = 8
    public static let roles = 16
    /// Seventeen new ones a year with the standard lifetimes, and those that old letters still need.
    public static let certificates = 64
    public static let profiles = 16
    /// An EC certificate of this profile has some 500 bytes.
    public static let certificateBytes = 2_048
    public static let requestBytes = 16_384
    /// Logs of one broker in its directory: one a year.
    public static let logs = 64

    /// 14 days: as long as a directory holds unless the authority says otherwise. *Assumed.*
    public static let directorySeconds: Int64 = 14 * 86_400
    /// 90 days: the longest a directory may hold.
    public static let directoryMaximumSeconds: Int64 = 90 * 86_400
    /// 24 hours: how far ahead of the reader's clock a directory may be dated, and how far a certificate's begin is set
    /// back for members whose clock is slow.
    public static let skewSeconds: Int64 = 86_400
    /// 120 days after a sealing certificate's end everything sealed to it has expired (90 days), and 30 more have
    /// passed.
    public static let sealingKeySeconds: Int64 = 120 * 86_400
    /// 400 days after its end a certificate leaves the directory.
    public static let pruneSeconds: Int64 = 400 * 86_400
}
