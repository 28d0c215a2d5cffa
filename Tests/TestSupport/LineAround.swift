// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import MessageStore
public import Procedure
public import TransparencyLog

/// A line that a test disturbs: every call goes through to the real one, but those that the test writes itself.
public protocol LineAround: BrokerConnection {
    var inner: any BrokerConnection { get }
}

extension LineAround {
    public func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        try await inner.push(letters, context: context)
    }
    public func partState(_ digest: Digest) async throws -> PartState { try await inner.partState(digest) }
    public func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        try await inner.putPart(digest, offset: offset, bytes: bytes, size: size)
    }
    public func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) {
        try await inner.part(digest, offset: offset, count: count)
    }
    public func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
        try await inner.pull(limit: limit, waitSeconds: waitSeconds)
    }
    public func acknowledge(_ letters: [LetterID]) async throws { try await inner.acknowledge(letters) }
    public func changes() async throws -> Int64 { try await inner.changes() }
    public func slips(_ letters: [LetterID]) async throws -> [ContextLetter] { try await inner.slips(letters) }
    public func documents() async throws -> [SignedFile] { try await inner.documents() }
    public func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        try await inner.addCheckpoint(request)
    }
    public func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 {
        try await inner.mirror(leaves, from: first)
    }
    public func mirrored(from first: Int64) async throws -> [Digest] { try await inner.mirrored(from: first) }
    public func cosignedCheckpoint() async throws -> [UInt8]? { try await inner.cosignedCheckpoint() }
    public func recordedCheckpoint() async throws -> [UInt8]? { try await inner.recordedCheckpoint() }
    public func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof {
        try await inner.logProof(of: origin, from: from, to: to)
    }
}
