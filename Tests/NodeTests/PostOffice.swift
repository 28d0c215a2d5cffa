// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import Sealing
import Synchronization
import TransparencyLog

/// A carrier that only carries: mailboxes, parts and leases, no procedure. It can be told to misbehave, as no real broker would.
/// What a real broker answers is tested with the real one.
final class PostOffice: Sendable {
    struct Box: Sendable {
        var letters: [LetterID] = []
    }

    struct State: Sendable {
        var slips: [LetterID: [UInt8]] = [:]
        /// Unfinished part files.
        var uploads: [Digest: [UInt8]] = [:]
        var parts: [Digest: [UInt8]] = [:]
        var boxes: [MemberID: [LetterID]] = [:]
        /// Everything ever stored, in order.
        var stored: [LetterID] = []
        var acknowledged: [MemberID: [LetterID]] = [:]
        var pushes = 0
        /// Answers *stored*, and hands the letter out again after the acknowledgement.
        var deliversTwice = false
        /// What happens while a piece of a part is on its way, out or in: a thin line gives time for much.
        var onPiece: (@Sendable () async throws -> Void)?
        /// Nobody answers.
        var isDown = false
        /// Changes a part on its way.
        var tampers: (@Sendable (Digest, [UInt8]) -> [UInt8])?
        var answers: [PushOutcome] = []
        var documents: [SignedFile] = []
        /// The log of each member's broker, as receipts need it.
        var logs: [MemberID: Log] = [:]
        /// The newest checkpoint that witnesses have cosigned.
        var cosigned: [UInt8]?
        /// What is answered in place of a true receipt.
        var forges: (@Sendable ([UInt8]) -> [UInt8])?
    }

    /// A log in memory, with the key that the directory lists.
    struct Log: Sendable {
        let signer: LogSigner
        var tree = LeafTree()

        init(signer: LogSigner) { self.signer = signer }

        mutating func receipt(of letter: LetterBundle, in caseID: CaseID) throws -> [UInt8] {
            var batch = LogBatch(origin: signer.key.name, frontier: tree.frontier, lastAt: Instant(seconds: 0))
            let content = LogEvent.Content.accepted(
                letter: letter.id, slip: .sha256(letter.slip), verdict: .admitted)
            let place = LogEvent.Place(caseID: caseID, number: 0, previous: nil)
            let entry = batch.append(content, place: place, now: Instant(seconds: 1)) { _ in EventSalt.random() }
            tree.append(leafHash: entry.leafHash)
            return try LogReceipt(
                event: entry.event,
                proof: MerkleTree.inclusionProof(of: entry.index, in: tree.head.size, node: tree.node),
                note: signer.sign(Checkpoint(origin: signer.key.name, head: tree.head))
            ).bytes
        }
    }

    let state = Mutex(State())

    func connection(for member: MemberID) -> any BrokerConnection { Line(office: self, member: member) }

    private struct Line: BrokerConnection {
        let office: PostOffice
        let member: MemberID

        private func use<Value: Sendable>(_ body: (inout sending State) throws -> Value) throws -> Value {
            try office.state.withLock { state in
                if state.isDown { throw ExchangeError(.unreachable, "down") }
                return try body(&state)
            }
        }

        func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
            try use { state in
                try letters.map { bundle in
                    state.pushes += 1
                    if !state.answers.isEmpty { return state.answers.removeFirst() }
                    let slip = try Slip.read(Array(Gate.slip(bundle.slip).content))
                    for (digest, bytes) in bundle.parts { state.parts[digest] = bytes }
                    var needed = slip.partDigests
                    for part in slip.parts where part.pieces != nil {
                        if let list = state.parts[part.digest] { needed += try PieceList.read(list, reference: part) }
                    }
                    let missing = needed.filter { state.parts[$0] == nil }
                    guard missing.isEmpty else { return .awaitingParts(Array(missing.prefix(64))) }
                    if state.slips[bundle.id] == nil {
                        state.slips[bundle.id] = bundle.slip
                        state.stored.append(bundle.id)
                        for addressee in slip.to { state.boxes[addressee.member, default: []].append(bundle.id) }
                    }
                    guard let caseID = slip.caseID else { return .rejected(code: "slip.binding") }
                    let receipt = try state.logs[member]?.receipt(of: bundle, in: caseID) ?? []
                    return .stored(relayed: state.forges?(receipt) ?? receipt)
                }
            }
        }

        func partState(_ digest: Digest) async throws -> PartState {
            try use { state in
                state.parts[digest].map { .stored($0.count) } ?? state.uploads[digest].map { .partial($0.count) }
                    ?? .missing
            }
        }

        func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
            try await office.state.withLock { $0.onPiece }?()
            return try use { state in
                state.uploads[digest, default: []] += bytes.dropFirst(
                    max(0, state.uploads[digest, default: []].count - offset))
                guard let whole = state.uploads[digest], whole.count == size else {
                    return .partial(state.uploads[digest]?.count ?? 0)
                }
                state.parts[digest] = whole
                return .stored(size)
            }
        }

        func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) {
            try await office.state.withLock { $0.onPiece }?()
            return try use { state in
                guard let part = state.parts[digest] else { throw ExchangeError(.notFound, "part") }
                // Half of what is asked, so that a fetch always has to go on.
                let end = min(part.count, offset + max(1, count / 2))
                return (Array(part[offset..<end]), part.count)
            }
        }

        func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
            try use { state in
                let letters = state.boxes[member, default: []].sorted { left, right in
                    func isUrgent(_ id: LetterID) -> Bool {
                        state.slips[id].flatMap { try? Slip.read(Array(Gate.slip($0).content)).lane } == .urgent
                    }
                    return isUrgent(left) && !isUrgent(right)
                }
                return letters.prefix(limit).map { id in
                    var bundle = LetterBundle(id: id, slip: state.slips[id] ?? [])
                    var remaining: [Digest] = []
                    let slip = try? Slip.read(Array(Gate.slip(bundle.slip).content))
                    for part in slip?.parts ?? [] where part.recipient == member {
                        guard var bytes = state.parts[part.digest] else { continue }
                        bytes = state.tampers?(part.digest, bytes) ?? bytes
                        if bytes.count <= 65_536 {
                            bundle.parts[part.digest] = bytes
                        } else {
                            remaining.append(part.digest)
                        }
                    }
                    return Delivery(letter: bundle, remaining: remaining)
                }
            }
        }

        func acknowledge(_ letters: [LetterID]) async throws {
            try use { state in
                state.acknowledged[member, default: []] += letters
                if state.deliversTwice {
                    state.deliversTwice = false
                } else {
                    state.boxes[member]?.removeAll { letters.contains($0) }
                }
            }
        }

        func changes() async throws -> Int64 { try use { Int64($0.stored.count) } }

        func slips(_ letters: [LetterID]) async throws -> [ContextLetter] {
            try use { state in letters.compactMap { id in state.slips[id].map { ContextLetter(id: id, slip: $0) } } }
        }

        func documents() async throws -> [SignedFile] { try use { $0.documents } }

        func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) { (404, []) }
        func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 { 0 }
        func mirrored(from first: Int64) async throws -> [Digest] { [] }
        func recordedCheckpoint() async throws -> [UInt8]? { nil }
        func cosignedCheckpoint() async throws -> [UInt8]? { try use { $0.cosigned } }

        func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof {
            try use { state in
                guard let tree = state.logs[member]?.tree, to <= tree.head.size else {
                    throw ExchangeError(.notFound, "log")
                }
                return try MerkleTree.consistencyProof(from: from, to: to, node: tree.node)
            }
        }
    }
}
