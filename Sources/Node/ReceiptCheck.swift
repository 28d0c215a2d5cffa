// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// Whether the broker's receipts prove what they say, and fit to everything that its log has shown this node before: a node that checks
/// is a small witness. Protocols/Log.md §4.
struct ReceiptCheck: Sendable {
    let directories: Directories
    /// Whose receipts these are.
    let broker: MemberID
    /// The newest checkpoint of each log that was verified before.
    var known: [String: SeenCheckpoint]
    private var verified: [SignedNote: VerifiedCheckpoint] = [:]
    /// Checkpoints under which a consistency proof has held already.
    private var consistent: Set<SeenCheckpoint> = []

    init(directories: Directories, broker: MemberID, known: [SeenCheckpoint]) {
        self.directories = directories
        self.broker = broker
        self.known = Dictionary(known.map { ($0.origin, $0) }) { first, _ in first }
    }

    /// Gives a consistency proof of a log, by its name, from one size to another.
    typealias Proof = @Sendable (String, Int64, Int64) async throws -> ConsistencyProof

    /// - Parameter proof: asks the broker.
    /// - Returns: the checkpoint to keep.
    /// - Throws: ``LogError``: the receipt proves nothing, or another history than the one that was shown before; ``ExchangeError`` when
    ///   nobody could be asked.
    mutating func verify(_ bytes: [UInt8], of letter: LetterBundle, proof: Proof) async throws -> VerifiedCheckpoint {
        let receipt = try LogReceipt(bytes)
        let checkpoint = try verify(receipt.note)
        _ = try receipt.verify(in: checkpoint, letter: letter.id, slip: .sha256(letter.slip))
        try await follow(checkpoint.checkpoint.seen, proof)
        return checkpoint
    }

    /// The same of a checkpoint without a letter.
    mutating func verify(cosigned note: SignedNote, proof: Proof) async throws -> VerifiedCheckpoint {
        let checkpoint = try verify(note)
        try await follow(checkpoint.checkpoint.seen, proof)
        return checkpoint
    }

    private mutating func follow(_ seen: SeenCheckpoint, _ proof: Proof) async throws {
        if let before = known[seen.origin], before != seen, !consistent.contains(seen) {
            // The older of the two is where the newer one must go on from: an answer may have been overtaken.
            let (old, new) = before.size <= seen.size ? (before, seen) : (seen, before)
            let step =
                old.size == new.size ? ConsistencyProof(hashes: []) : try await proof(seen.origin, old.size, new.size)
            try step.verify(
                from: TreeHead(size: old.size, root: old.root), to: TreeHead(size: new.size, root: new.root))
        }
        consistent.insert(seen)
        if known[seen.origin].map({ $0.size < seen.size }) ?? true { known[seen.origin] = seen }
    }

    private mutating func verify(_ note: SignedNote) throws(LogError) -> VerifiedCheckpoint {
        if let known = verified[note] { return known }
        let origin = try Checkpoint(text: note.text).origin
        guard let log = directories.logs[origin], log.broker == broker else {
            throw LogError(.unsigned, "no log of this broker")
        }
        let checkpoint = try log.policy.verify(note)
        verified[note] = checkpoint
        return checkpoint
    }
}
