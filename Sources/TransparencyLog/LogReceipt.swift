// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
public import Procedure

/// The receipt *relayed*: that an event is in a log, in one file that is checked offline. A C2SP tlog-proof with the event in its
/// `extra` line. Protocols/Log.md §4.
public struct LogReceipt: Hashable, Sendable {
    private static let header = "c2sp.org/tlog-proof@v1"

    /// The event's file.
    public let event: [UInt8]
    public let proof: InclusionProof
    public let note: SignedNote

    public init(event: [UInt8], proof: InclusionProof, note: SignedNote) {
        self.event = event
        self.proof = proof
        self.note = note
    }

    /// - Throws: ``LogError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count <= LogLimits.receiptBytes else { throw LogError(.malformed, "too long") }
        var lines = TextLines(bytes)
        guard try lines.next().elementsEqual(Self.header.utf8) else { throw LogError(.malformed, "not a tlog-proof") }
        event = try TextLines.base64(try lines.next(after: "extra "))
        let index = try TextLines.number(try lines.next(after: "index "))
        proof = InclusionProof(index: index, hashes: try lines.hashes())
        note = try SignedNote(lines.remainder())
    }

    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.append(line: Self.header)
        out.append(line: "extra \(Base64.encode(event))")
        out.append(line: "index \(proof.index)")
        for hash in proof.hashes { out.append(line: hash.base64) }
        return out + [0x0A] + note.bytes
    }

    /// What the receipt proves.
    public struct Proven: Hashable, Sendable {
        public let event: LogEvent
        /// The leaf's number.
        public let index: Int64
        public let checkpoint: VerifiedCheckpoint
    }

    /// Checks everything that needs no other file.
    ///
    /// - Throws: ``LogError``: `.malformed`, `.unsigned` and `.signatureInvalid` as ``LogPolicy/verify(_:)``; `.proofInvalid`;
    ///   `.binding` for an event of another log.
    public func verify(by policy: LogPolicy) throws(LogError) -> Proven { try verify(in: try policy.verify(note)) }

    /// - Parameter checkpoint: of ``note``, verified before.
    private func verify(in checkpoint: VerifiedCheckpoint) throws(LogError) -> Proven {
        guard checkpoint.note == note else { throw LogError(.binding, "under another checkpoint") }
        // What was hashed is what is read: the event's own bytes, never a value written anew.
        try proof.verify(leafHash: MerkleHash.leaf(Digest.sha256(event)), in: checkpoint.checkpoint.head)
        let event = try LogEvent(event)
        guard event.origin == checkpoint.checkpoint.origin else { throw LogError(.binding, "an event of another log") }
        return Proven(event: event, index: proof.index, checkpoint: checkpoint)
    }

    /// The same for the sender of a letter: the event has to be that its own letter, with exactly its signature, was accepted or arrived.
    ///
    /// - Parameter slip: SHA-256 of the `slip.p7s` that was sent.
    /// - Throws: ``LogError``, `.binding` also for another kind of event, letter or slip file.
    public func verify(by policy: LogPolicy, letter: Digest, slip: Digest) throws(LogError) -> Proven {
        try verify(in: try policy.verify(note), letter: letter, slip: slip)
    }

    /// The same under a checkpoint that was verified before: of ``note``, which many receipts share.
    public func verify(
        in checkpoint: VerifiedCheckpoint, letter: Digest, slip: Digest
    ) throws(LogError) -> Proven {
        let proven = try verify(in: checkpoint)
        switch proven.event.content {
        case .accepted(letter, slip, _), .arrived(letter, slip, _, _): return proven
        default: throw LogError(.binding, "an event about something else")
        }
    }
}
