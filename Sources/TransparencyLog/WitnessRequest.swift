// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The answers of C2SP tlog-witness v1.0.0.
public enum WitnessStatus: Int, Sendable, CaseIterable {
    case cosigned = 200
    /// Malformed, or the old size is above the new one.
    case malformed = 400
    /// No signature of the log, or a bad one.
    case notSigned = 403
    case unknownLog = 404
    /// The old size is not the recorded one. The body says which is: decimal, LF, `Content-Type: text/x.tlog.size`.
    case conflict = 409
    /// A proof that fails, one where none belongs, or another root for a known size. If the log signed it, it is evidence: keep the note.
    case inconsistent = 422
    /// Ours: what has to be stored first cannot be stored now.
    case unavailable = 503
}

/// Why a witness does not cosign.
public struct WitnessRefusal: Error, Hashable, Sendable {
    public let status: WitnessStatus
    /// Only with `.conflict`: what the witness has recorded.
    public let recordedSize: Int64?

    public init(_ status: WitnessStatus, recordedSize: Int64? = nil) {
        self.status = status
        self.recordedSize = recordedSize
    }

    /// The answer's body.
    public var body: [UInt8] { recordedSize.map { Array("\($0)\n".utf8) } ?? [] }

    /// The answer's `Content-Type`, where there is a body.
    public var contentType: String? { recordedSize == nil ? nil : "text/x.tlog.size" }
}

/// A request to cosign, read and signed by a log that this witness knows.
///
/// What is checked before the store is asked is in ``init(_:logs:)``, what depends on the record in ``judge(recorded:)``. Between that and
/// the end of the transaction that stores the new size nothing else of this log may be judged; sign after it is stored.
public struct WitnessRequest: Hashable, Sendable {
    public let advance: CheckpointAdvance
    public let checkpoint: Checkpoint

    /// - Throws: ``WitnessRefusal`` 400 malformed, 404, 403, 400 the old size above the new one, in this order.
    public init(_ body: [UInt8], logs: [VerifierKey]) throws(WitnessRefusal) {
        guard let advance = try? CheckpointAdvance(body), let checkpoint = try? Checkpoint(text: advance.note.text)
        else {
            throw WitnessRefusal(.malformed)
        }
        let keys = logs.filter { $0.use == .log && $0.name == checkpoint.origin }
        guard !keys.isEmpty else { throw WitnessRefusal(.unknownLog) }
        guard let signatures = try? advance.note.verify(by: keys), !signatures.isEmpty else {
            throw WitnessRefusal(.notSigned)
        }
        guard advance.oldSize <= checkpoint.head.size else { throw WitnessRefusal(.malformed) }
        self.advance = advance
        self.checkpoint = checkpoint
    }

    /// Whether the new tree goes on from the recorded one.
    ///
    /// - Parameter recorded: the last tree of this log that was cosigned; ``TreeHead/empty`` if none was.
    /// - Throws: ``WitnessRefusal`` 409, then 422.
    public func judge(recorded: TreeHead) throws(WitnessRefusal) {
        guard advance.oldSize == recorded.size else { throw WitnessRefusal(.conflict, recordedSize: recorded.size) }
        let head = checkpoint.head
        if recorded.size == 0 {
            guard advance.proof.hashes.isEmpty, head.size > 0 || head == .empty else {
                throw WitnessRefusal(.inconsistent)
            }
        } else {
            do { try advance.proof.verify(from: recorded, to: head) } catch { throw WitnessRefusal(.inconsistent) }
        }
    }
}

/// What a witness answered, read by the log that asked.
public enum WitnessAnswer: Hashable, Sendable {
    /// Lines that may be cosignatures: add those to the note whose keys the policy knows, and verify it.
    case cosigned([SignatureLine])
    /// Ask again from this size.
    case conflict(recordedSize: Int64)
    case refused(WitnessStatus)

    /// - Throws: ``LogError`` `.malformed`, also for a status that the protocol does not have.
    public init(status: Int, body: [UInt8]) throws(LogError) {
        switch WitnessStatus(rawValue: status) {
        case .cosigned: self = .cosigned(try SignatureLine.list(body))
        case .conflict:
            guard body.last == 0x0A else { throw LogError(.malformed, "not a size") }
            self = .conflict(recordedSize: try TextLines.number(body.dropLast()))
        case .some(let status): self = .refused(status)
        case nil: throw LogError(.malformed, "not an answer of a witness")
        }
    }
}
