// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A newer checkpoint, and the proof that its tree begins with an older one: the body of C2SP `add-checkpoint`.
///
/// The same bytes go to a witness on the line or on a stick, and to a node that keeps the newest checkpoint.
public struct CheckpointAdvance: Hashable, Sendable {
    /// The older tree's size; 0 if there is none.
    public let oldSize: Int64
    public let proof: ConsistencyProof
    public let note: SignedNote

    public init(oldSize: Int64, proof: ConsistencyProof, note: SignedNote) {
        self.oldSize = oldSize
        self.proof = proof
        self.note = note
    }

    /// - Throws: ``LogError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count <= LogLimits.advanceBytes else { throw LogError(.malformed, "too long") }
        var lines = TextLines(bytes)
        oldSize = try TextLines.number(try lines.next(after: "old "))
        proof = ConsistencyProof(hashes: try lines.hashes())
        note = try SignedNote(lines.remainder())
    }

    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.append(line: "old \(oldSize)")
        for hash in proof.hashes { out.append(line: hash.base64) }
        return out + [0x0A] + note.bytes
    }

    /// The step from `known` to this checkpoint, for whoever keeps the newest one of a log.
    ///
    /// - Parameter known: what was verified last; `nil` takes this one on the log's word.
    /// - Throws: ``LogError`` of the policy; `.binding` for a step from another size than that of `known`; `.proofInvalid`;
    ///   `.inconsistent` for two roots of one size.
    public func verify(by policy: LogPolicy, from known: TreeHead?) throws(LogError) -> VerifiedCheckpoint {
        let verified = try policy.verify(note)
        guard oldSize == known?.size ?? 0 else { throw LogError(.binding, "a step from another checkpoint") }
        if let known, known.size > 0 {
            try proof.verify(from: known, to: verified.checkpoint.head)
        } else if !proof.hashes.isEmpty {
            throw LogError(.proofInvalid, "a proof from nothing")
        }
        return verified
    }
}
