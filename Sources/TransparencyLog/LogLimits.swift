// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a stranger can make us hold or parse. Protocols/Log.md §7.
public enum LogLimits {
    /// An event: an erasure order that lists as many leaves as it may is the longest.
    public static let eventBytes = 65_536
    /// Leaves that one `erased` event lists; an order for more is several events.
    public static let erasedLeaves = 4_096
    /// A signed note, whatever signed it: room for sixteen signatures of the next, post-quantum kind.
    public static let noteBytes = 65_536
    /// What C2SP asks every reader to accept; more has no use here.
    public static let signatures = 16
    /// Hashes of an inclusion or consistency proof: C2SP's bound; a tree below 2^53 leaves needs at most 54.
    public static let proofHashes = 63
    /// Leaves of a tree: what JSON can say exactly.
    public static let treeSize: Int64 = (1 << 53) - 1
    /// A receipt: an event in base64, a proof, a note.
    public static let receiptBytes = 160 * 1_024
    /// A request to a witness: a proof and a note.
    public static let advanceBytes = 72 * 1_024
    /// A name of a key.
    public static let nameBytes = 128
    /// A policy file, and the logs, witnesses and groups in it: C2SP's recommendation.
    public static let policyBytes = 32_768
    public static let policyEntries = 32
    /// Entries of an entry bundle.
    public static let bundleEntries = 256
}
