// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Node
import Procedure
import Sealing
import TransparencyLog

/// Takes letters from a stick into a node: large parts go to their files as they come, so memory stays flat; a letter is judged when
/// all of it is here.
actor StickIntake {
    private let node: LocalNode
    private let service: NodeService
    private let line = StickLine()
    private var current: LetterBundle?

    init(node: LocalNode) {
        self.node = node
        service = NodeService(
            desk: node.desk, connection: line, clock: Moment.now, logger: .lines("courier", level: .critical))
    }

    func take(_ item: Courier.Item) async throws {
        switch item {
        case .letter(let bundle):
            if bundle.id != current?.id {
                try await deliver()
                current = LetterBundle(id: bundle.id, slip: bundle.slip)
            }
            for (digest, bytes) in bundle.parts {
                if bytes.count <= CaseFileLimits.inlinePartBytes {
                    current?.parts[digest] = bytes
                } else if Digest.sha256(bytes) == digest {
                    try node.store.files.write(bytes, as: digest)
                }
            }
        case .context(let context): await line.keep(context)
        case .document(let file):
            _ = try? node.network.accept(SignedDocument(slip: file.slip, file: file.file), now: Moment.now())
        }
    }

    func finish() async throws { try await deliver() }

    private func deliver() async throws {
        guard let bundle = current else { return }
        current = nil
        _ = try await service.take(Delivery(letter: bundle))
    }
}

/// No line at all: what a letter lacks is asked of the stick only.
actor StickLine: BrokerConnection {
    private var contexts: [LetterID: ContextLetter] = [:]

    func keep(_ context: ContextLetter) { contexts[context.id] = context }

    func slips(_ letters: [LetterID]) -> [ContextLetter] { letters.compactMap { contexts[$0] } }

    func push(_ letters: [LetterBundle], context: [ContextLetter]) throws -> [PushOutcome] { throw noLine }
    func partState(_ digest: Digest) throws -> PartState { throw noLine }
    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) throws -> PartState { throw noLine }
    func part(_ digest: Digest, offset: Int, count: Int) throws -> (bytes: [UInt8], size: Int) { throw noLine }
    func pull(limit: Int, waitSeconds: Int) throws -> [Delivery] { [] }
    func acknowledge(_ letters: [LetterID]) {}
    func changes() throws -> Int64 { throw noLine }
    func documents() -> [SignedFile] { [] }
    func addCheckpoint(_ request: [UInt8]) throws -> (status: Int, body: [UInt8]) { throw noLine }
    func mirror(_ leaves: [Digest], from first: Int64) throws -> Int64 { throw noLine }
    func mirrored(from first: Int64) throws -> [Digest] { throw noLine }
    func cosignedCheckpoint() throws -> [UInt8]? { throw noLine }
    func recordedCheckpoint() throws -> [UInt8]? { throw noLine }
    func logProof(of origin: String, from: Int64, to: Int64) throws -> ConsistencyProof { throw noLine }

    private var noLine: ExchangeError { ExchangeError(.unreachable, "a stick is no line") }
}
