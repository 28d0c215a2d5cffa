// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing
import TransparencyLog

@Suite struct WitnessTests {
    static let tree = LeafTree(leafHashes: NaiveTree(count: 60).leaves)

    static func advance(from old: Int64, to new: Int64) throws -> CheckpointAdvance {
        let checkpoint = try Checkpoint(origin: Keys.origin, head: MerkleTree.head(size: new, node: tree.node))
        return CheckpointAdvance(
            oldSize: old, proof: try MerkleTree.consistencyProof(from: old, to: new, node: tree.node),
            note: try Keys.log().sign(checkpoint))
    }

    @Test func `a witness that is asked from any size to any size signs a line that only grows`() throws {
        let keys = [try Keys.log().key]
        for recorded in Int64(0)...12 {
            let head = try MerkleTree.head(size: recorded, node: Self.tree.node)
            for old in Int64(0)...12 {
                for new in old...12 {
                    let request = try WitnessRequest(Self.advance(from: old, to: new).bytes, logs: keys)
                    let answer = code { try request.judge(recorded: head) }
                    #expect(answer == (old == recorded ? "opens" : "409"))
                }
            }
        }
    }

    @Test func `of two requests from one size the second is told the new one`() throws {
        let keys = [try Keys.log().key]
        var recorded = TreeHead.empty
        let first = try WitnessRequest(Self.advance(from: 0, to: 9).bytes, logs: keys)
        let second = try WitnessRequest(Self.advance(from: 0, to: 7).bytes, logs: keys)
        try first.judge(recorded: recorded)
        recorded = first.checkpoint.head
        #expect(throws: WitnessRefusal(.conflict, recordedSize: 9)) { try second.judge(recorded: recorded) }
        #expect(WitnessRefusal(.conflict, recordedSize: 9).body == Array("9\n".utf8))
        #expect(WitnessRefusal(.conflict, recordedSize: 9).contentType == "text/x.tlog.size")
        #expect(WitnessRefusal(.inconsistent).body.isEmpty && WitnessRefusal(.inconsistent).contentType == nil)
    }

    @Test func `the log adds what the witness answered, and its policy is met`() throws {
        let request = try WitnessRequest(Self.advance(from: 0, to: 9).bytes, logs: [try Keys.log().key])
        let line = try Keys.peer().cosign(request.checkpoint, at: Instant(seconds: 1_767_300_000))
        guard case .cosigned(let lines) = try WitnessAnswer(status: 200, body: line.bytes) else {
            Issue.record("not a cosignature")
            return
        }
        var note = request.advance.note
        for line in lines { note = try note.adding(line) }
        #expect(try Keys.policy().verify(note).quorumTime == Instant(seconds: 1_767_300_000))
    }

    @Test func `an answer outside the protocol is no answer`() throws {
        #expect(try WitnessAnswer(status: 409, body: Array("12\n".utf8)) == .conflict(recordedSize: 12))
        for status in [400, 403, 404, 422, 503] {
            #expect(
                try WitnessAnswer(status: status, body: Array("why\n".utf8))
                    == .refused(try #require(WitnessStatus(rawValue: status))))
        }
        for (status, body) in [
            (200, ""), (200, "— x\n"), (200, "thanks\n"), (409, ""), (409, "12"), (409, "012\n"), (409, "12\n\n"),
            (500, ""), (302, ""),
        ] {
            #expect(
                code { _ = try WitnessAnswer(status: status, body: Array(body.utf8)) } == "log.malformed",
                "\(status) \(body)")
        }
    }

    @Test func `who keeps the newest checkpoint goes forward only, from what was kept`() throws {
        let policy = try Keys.policy()
        let known = try MerkleTree.head(size: 20, node: Self.tree.node)
        #expect(try Self.advance(from: 20, to: 45).verify(by: policy, from: known).checkpoint.head.size == 45)
        #expect(try Self.advance(from: 20, to: 20).verify(by: policy, from: known).checkpoint.head == known)
        #expect(try Self.advance(from: 0, to: 45).verify(by: policy, from: nil).checkpoint.head.size == 45)
        #expect(code { _ = try Self.advance(from: 19, to: 45).verify(by: policy, from: known) } == "log.binding")
        #expect(code { _ = try Self.advance(from: 0, to: 45).verify(by: policy, from: known) } == "log.binding")
        // Rolled back: the log signs a smaller tree, and claims to come from what was kept.
        let smaller = try Self.advance(from: 10, to: 10)
        let rollback = CheckpointAdvance(oldSize: 20, proof: smaller.proof, note: smaller.note)
        #expect(code { _ = try rollback.verify(by: policy, from: known) } == "log.proof-invalid")
        // Forked: another leaf 3, everything after it consistent.
        var leaves = NaiveTree(count: 45).leaves
        leaves[3] = Digest(of: "another")
        let fork = LeafTree(leafHashes: leaves)
        let note = try Keys.log().sign(Checkpoint(origin: Keys.origin, head: fork.head))
        let proof = try MerkleTree.consistencyProof(from: 20, to: 45, node: fork.node)
        #expect(
            code { _ = try CheckpointAdvance(oldSize: 20, proof: proof, note: note).verify(by: policy, from: known) }
                == "log.proof-invalid")
        let same = try Keys.log().sign(
            Checkpoint(origin: Keys.origin, head: MerkleTree.head(size: 20, node: fork.node)))
        let twin = CheckpointAdvance(oldSize: 20, proof: ConsistencyProof(hashes: []), note: same)
        #expect(code { _ = try twin.verify(by: policy, from: known) } == "log.inconsistent")
        let junk = CheckpointAdvance(oldSize: 0, proof: ConsistencyProof(hashes: [known.root]), note: note)
        #expect(code { _ = try junk.verify(by: policy, from: nil) } == "log.proof-invalid")
    }
}
