// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// A broker that keeps everything in memory and judges nothing: the other side of the door under test.
actor MemoryBroker: BrokerConnection {
    struct PartFile { var bytes: [UInt8]; var size: Int }

    var letters: [LetterBundle] = []
    var contexts: [ContextLetter] = []
    var partFiles: [Digest: PartFile] = [:]
    var mailbox: [Delivery] = []
    var acknowledged: [LetterID] = []
    var signedFiles: [SignedFile] = []
    var outcomes: [LetterID: PushOutcome] = [:]
    var puts: [(offset: Int, count: Int)] = []
    var failure: (any Error)?
    private(set) var waiting = 0
    private(set) var cancelledWaits = 0
    private var changeCount: Int64 = 7

    func set(mailbox: [Delivery]) { self.mailbox = mailbox; changeCount += 1 }
    func set(documents: [SignedFile]) { signedFiles = documents }
    func set(outcome: PushOutcome, of letter: LetterID) { outcomes[letter] = outcome }
    func set(contexts: [ContextLetter]) { self.contexts = contexts }
    func set(failure: (any Error)?) { self.failure = failure }
    func set(part bytes: [UInt8]) -> Digest {
        let digest = Digest.sha256(bytes)
        partFiles[digest] = PartFile(bytes: bytes, size: bytes.count)
        return digest
    }

    func push(_ letters: [LetterBundle], context: [ContextLetter]) throws -> [PushOutcome] {
        if let failure { throw failure }
        self.letters += letters
        contexts += context
        return letters.map { outcomes[$0.id] ?? .stored(relayed: Array("relayed".utf8)) }
    }

    func partState(_ digest: Digest) throws -> PartState {
        if let failure { throw failure }
        guard let file = partFiles[digest] else { return .missing }
        return file.bytes.count == file.size ? .stored(file.size) : .partial(file.bytes.count)
    }

    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) throws -> PartState {
        if let failure { throw failure }
        puts.append((offset, bytes.count))
        var file = partFiles[digest] ?? PartFile(bytes: [], size: size)
        if file.bytes.count == offset { file.bytes += bytes }
        partFiles[digest] = file
        return try partState(digest)
    }

    func part(_ digest: Digest, offset: Int, count: Int) throws -> (bytes: [UInt8], size: Int) {
        guard let file = partFiles[digest] else { throw ExchangeError(.notFound, "no such part") }
        return (Array(file.bytes.dropFirst(offset).prefix(count)), file.size)
    }

    func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
        if let failure { throw failure }
        waiting += 1
        defer { waiting -= 1 }
        do {
            var left = waitSeconds * 50
            while mailbox.isEmpty, left > 0 {
                try await Task.sleep(for: .milliseconds(20))
                left -= 1
            }
        } catch {
            cancelledWaits += 1
            throw error
        }
        return Array(mailbox.prefix(limit))
    }

    func acknowledge(_ letters: [LetterID]) throws {
        acknowledged += letters
        mailbox.removeAll { letters.contains($0.letter.id) }
    }

    func changes() throws -> Int64 {
        if let failure { throw failure }
        return changeCount
    }

    func slips(_ letters: [LetterID]) throws -> [ContextLetter] { contexts.filter { letters.contains($0.id) } }
    func documents() throws -> [SignedFile] { signedFiles }
    func addCheckpoint(_ request: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        (request.count % 2 == 0 ? 200 : 409, Array(request.reversed()))
    }
    func mirror(_ leaves: [Digest], from first: Int64) throws -> Int64 { first + Int64(leaves.count) }
    func mirrored(from first: Int64) throws -> [Digest] { (first..<max(first, 9)).map { .sha256(Array("\($0)".utf8)) } }
    func cosignedCheckpoint() throws -> [UInt8]? { Array("cosigned note".utf8) }
    func recordedCheckpoint() throws -> [UInt8]? { acknowledged.isEmpty ? nil : Array("note".utf8) }
    func logProof(of origin: String, from: Int64, to: Int64) throws -> ConsistencyProof {
        // Not in the order of digests: a proof has its own.
        ConsistencyProof(hashes: (from..<to).map { Digest.sha256(Array("\(origin) \($0)".utf8)) })
    }
}
