// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TransparencyLog

/// Two brokers cosign each other's logs. Protocols/Log.md §5.2.
@Suite struct CosigningTests {
    private static let (india, bangladesh) = (PracticeBrokers.inBroker, PracticeBrokers.bdBroker)

    private func ask(_ brokers: PracticeBrokers, _ from: MemberID, _ by: MemberID) async throws {
        try await brokers.core(from).askToCosign([(by, brokers.line(from: from, to: by))])
    }

    /// Whether Bangladesh cosigns India's log.
    private func asked(_ brokers: PracticeBrokers) async throws -> Bool {
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        return try await !brokers.core(Self.india).askToCosign([(Self.bangladesh, line)]).isEmpty
    }

    private func events(_ brokers: PracticeBrokers, _ broker: MemberID) async throws -> [LogEvent.Content] {
        try await brokers.queue(broker).read { reading in
            let origin = try #require(reading.logs().last).origin
            return try reading.leaves(of: origin, from: 0, count: .max).map { try LogEvent($0.event ?? []).content }
        }
    }

    private func cosigned(_ brokers: PracticeBrokers, _ broker: MemberID) async throws -> Int {
        try await events(brokers, broker).filter { if case .cosigned = $0 { true } else { false } }.count
    }

    private func newest(_ brokers: PracticeBrokers, _ broker: MemberID) async throws -> VerifiedCheckpoint? {
        let origin = try #require(brokers.world.party(broker).logKeys).log.key.name
        let stored = try await brokers.queue(broker).read { try $0.checkpoints(of: origin, newest: 1).first }
        let policy = try #require(brokers.world.directories(now: brokers.clock.now).logs[origin]).policy
        return try stored.map { try policy.verify(SignedNote($0.note)) }
    }

    /// The offer of one case, all over both brokers.
    private func started() async throws -> PracticeBrokers {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        try await brokers.fetch(PracticeCase.ngo)
        return brokers
    }

    @Test func `each broker cosigns the other's checkpoint from all its leaves, and logs that it did`() async throws {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        try await ask(brokers, Self.bangladesh, Self.india)
        for (broker, other) in [(Self.india, Self.bangladesh), (Self.bangladesh, Self.india)] {
            let checkpoint = try #require(try await newest(brokers, broker))
            #expect(checkpoint.isQuorate && checkpoint.quorumTime == brokers.clock.now)
            let logged = try await events(brokers, other).contains {
                $0 == .cosigned(checkpoint.checkpoint.seen, time: brokers.clock.now, way: .line)
            }
            #expect(logged, "\(other)")
            let mirror = try await brokers.queue(other).read { try $0.mirror(of: checkpoint.checkpoint.origin) }
            #expect(mirror.head == checkpoint.checkpoint.head)
        }
    }

    @Test func `what was cosigned calls for no cosignature, and a heartbeat makes no new leaf`() async throws {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        try await ask(brokers, Self.bangladesh, Self.india)
        brokers.clock.advance(120)
        // Each has logged that it cosigned the other, and nothing else.
        #expect(try await !brokers.core(Self.india).isCosigningDue(by: Self.bangladesh))
        let size = try await newest(brokers, Self.bangladesh)?.checkpoint.head.size
        let count = try await cosigned(brokers, Self.india)
        brokers.clock.advance(900)
        #expect(try await brokers.core(Self.bangladesh).isCosigningDue(by: Self.india))
        try await ask(brokers, Self.bangladesh, Self.india)
        try await ask(brokers, Self.bangladesh, Self.india)
        let again = try #require(try await newest(brokers, Self.bangladesh))
        #expect(again.quorumTime == brokers.clock.now && again.checkpoint.head.size == size)
        #expect(try await cosigned(brokers, Self.india) == count)
        // A letter is something that happened.
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        #expect(try await brokers.core(Self.india).isCosigningDue(by: Self.bangladesh))
    }

    @Test func `a log that signs another history is not cosigned, and the evidence is kept`() async throws {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        let known = try #require(try await newest(brokers, Self.india)).checkpoint
        let keys = try #require(brokers.world.party(Self.india).logKeys)
        let forked = LeafTree(
            leafHashes: (0..<known.head.size).map { MerkleHash.leaf([UInt8(truncatingIfNeeded: $0)]) })
        let note = try keys.log.sign(Checkpoint(origin: known.origin, head: forked.head))
        let request = CheckpointAdvance(oldSize: known.head.size, proof: ConsistencyProof(hashes: []), note: note)
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        for _ in 0..<2 { #expect(try await line.addCheckpoint(request.bytes).status == 422) }
        #expect(try await brokers.queue(Self.bangladesh).read { try $0.conflicts() } == [note.bytes])
        let conflicts = try await events(brokers, Self.bangladesh).filter {
            if case .conflict = $0 { true } else { false }
        }
        #expect(conflicts.count == 1, "the same note twice is one event")
        // The true history is still cosigned.
        try await ask(brokers, Self.india, Self.bangladesh)
    }

    @Test func `a proof that does not hold is refused, and is no evidence of two histories`() async throws {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        let size = try #require(try await newest(brokers, Self.india)).checkpoint.head.size
        var two = PracticeCase(brokers)
        #expect(try await brokers.connection(PracticeCase.shelter).push(two.offer()).isStored)
        let note = try #require(brokers.queue(Self.india).checkpoint)
        let request = CheckpointAdvance(oldSize: size, proof: ConsistencyProof(hashes: [.sha256([1])]), note: note)
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        #expect(try await line.addCheckpoint(request.bytes).status == 422)
        #expect(try await brokers.queue(Self.bangladesh).read { try $0.conflicts() }.isEmpty)
    }

    @Test func `a cosignature that a crash kept out of the log is logged when it is asked for again`() async throws {
        let brokers = try await started()
        try await brokers.stop(Self.bangladesh)
        let path = brokers.path(Self.bangladesh)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let name = URL(fileURLWithPath: path).lastPathComponent
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(name) }
            .map { ($0, try Data(contentsOf: folder.appending(path: $0))) }
        try brokers.start(Self.bangladesh)
        try await ask(brokers, Self.india, Self.bangladesh)
        #expect(try await cosigned(brokers, Self.bangladesh) == 1)
        // Everything but the witness's lock is as before.
        try await brokers.stop(Self.bangladesh)
        for (file, bytes) in before { try bytes.write(to: folder.appending(path: file)) }
        try brokers.start(Self.bangladesh)
        #expect(try await cosigned(brokers, Self.bangladesh) == 0)
        try await ask(brokers, Self.india, Self.bangladesh)
        #expect(try await cosigned(brokers, Self.bangladesh) == 1)
        try await ask(brokers, Self.india, Self.bangladesh)
        #expect(try await cosigned(brokers, Self.bangladesh) == 1)
    }

    @Test func `a witness that starts again remembers what it has cosigned`() async throws {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        try await brokers.stop(Self.bangladesh)
        try brokers.start(Self.bangladesh)
        let note = try #require(brokers.queue(Self.india).checkpoint)
        let request = CheckpointAdvance(oldSize: 0, proof: ConsistencyProof(hashes: []), note: note)
        let reply = try await brokers.line(from: Self.india, to: Self.bangladesh).addCheckpoint(request.bytes)
        let size = try #require(try await newest(brokers, Self.india)).checkpoint.head.size
        #expect(reply.status == 409 && reply.body == Array("\(size)\n".utf8))
    }

    @Test func `leaves that are not mirrored are not cosigned`() async throws {
        let brokers = try await started()
        let note = try #require(brokers.queue(Self.india).checkpoint)
        let request = CheckpointAdvance(oldSize: 0, proof: ConsistencyProof(hashes: []), note: note)
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        #expect(try await line.addCheckpoint(request.bytes).status == 503)
        #expect(try await line.addCheckpoint([1, 2, 3]).status == 400)
    }

    @Test func `a witness whose lock is gone cosigns nothing of that log until a person brings a checkpoint`()
        async throws
    {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        let kept = try #require(try await newest(brokers, Self.india))
        for name in ["lock-\(kept.checkpoint.origin.replacing("/", with: "_"))", "cosigned"] {
            try await brokers.stop(Self.bangladesh)
            try FileManager.default.removeItem(atPath: "\(brokers.path(Self.bangladesh)).\(name)")
            if name == "cosigned" { try Witness.create(path: brokers.path(Self.bangladesh)) }
            try brokers.start(Self.bangladesh)
            var one = PracticeCase(brokers)
            #expect(try await brokers.connection(PracticeCase.shelter).push(one.offer()).isStored)
            let isCosigned = try await asked(brokers)
            // The register alone is no lock: with its lock the witness knows all it needs.
            #expect(isCosigned == (name == "cosigned"))
            guard !isCosigned else { continue }
            #expect(brokers.logs.all.contains { $0.hasPrefix("error the witness's lock of this log is gone") })
            try await brokers.stop(Self.bangladesh)
            try Witness.adopt(kept.note, path: brokers.path(Self.bangladesh), listed: [])
            #expect(throws: StoreError(.halted, ""), "there is a lock") {
                try Witness.adopt(kept.note, path: brokers.path(Self.bangladesh), listed: [])
            }
            try brokers.start(Self.bangladesh)
            try await ask(brokers, Self.india, Self.bangladesh)
        }
    }

    @Test func `a witness that lost its register takes a person's word for one log, and no other's beginning for new`()
        async throws
    {
        let brokers = try await started()
        try await ask(brokers, Self.india, Self.bangladesh)
        let kept = try #require(try await newest(brokers, Self.india))
        let (origin, other) = (kept.checkpoint.origin, "in.other.example/2027")
        let path = brokers.path(Self.bangladesh)
        try await brokers.stop(Self.bangladesh)
        for name in ["lock-\(origin.replacing("/", with: "_"))", "cosigned"] {
            try FileManager.default.removeItem(atPath: "\(path).\(name)")
        }
        try Witness.adopt(kept.note, path: path, listed: [origin, other])
        let signer = try #require(brokers.world.party(Self.bangladesh).logKeys).witness
        let witness = try Witness(signer: signer, path: path)
        #expect(try await witness.recorded(of: origin)?.text == kept.note.text)
        await #expect(throws: StoreError(.halted, "")) { try await witness.recorded(of: other) }
    }

    @Test func `a witness without register, whose home came from somewhere, begins with no log`() async throws {
        let brokers = try await started()
        try await brokers.stop(Self.bangladesh)
        try FileManager.default.removeItem(atPath: brokers.path(Self.bangladesh) + ".cosigned")
        try brokers.start(Self.bangladesh)
        #expect(try await !asked(brokers))
    }

    @Test(arguments: [1, 255, 256, 257, 700])
    func `what a letter's sender has seen is compared with the mirror, and another history is told`(_ size: Int64)
        async throws
    {
        let brokers = try PracticeBrokers()
        let origin = try #require(brokers.world.party(Self.india).logKeys).log.key.name
        let leaves = (0..<size).map { Digest.sha256(Array("\($0)".utf8)) }
        for start in stride(from: 0, to: leaves.count, by: 100) {
            _ = try await brokers.queue(Self.bangladesh).write { store in
                try store.mirror(
                    Array(leaves[start..<min(start + 100, leaves.count)]), of: origin, from: Int64(start))
            }
        }
        let tree = LeafTree(leafHashes: leaves.map { MerkleHash.leaf($0) })
        for (root, isTrue) in [(tree.head.root, true), (Digest.sha256([1]), false)] {
            var one = PracticeCase(brokers)
            let accept = try one.accept(after: one.offer())
            var slip = accept.slip
            slip.seen = [SeenCheckpoint(origin: origin, size: size, root: root)]
            _ = try await brokers.connection(PracticeCase.ngo).push(one.sign(slip, accept.parts))
            let isTold = brokers.logs.all.contains { $0.hasPrefix("error log.conflict: a letter's sender") }
            #expect(isTold == !isTrue)
        }
    }

    @Test func `what a member quotes falsely without end is compared and told of a few times a minute`() async throws {
        let brokers = try PracticeBrokers()
        let origin = try #require(brokers.world.party(Self.india).logKeys).log.key.name
        _ = try await brokers.queue(Self.bangladesh).write { store in
            try store.mirror([.sha256([7])], of: origin, from: 0)
        }
        func told() -> Int { brokers.logs.all.count { $0.hasPrefix("error log.conflict: a letter's sender") } }
        var last: PracticeLetter?
        for number in 0..<5 {
            var one = PracticeCase(brokers)
            let accept = try one.accept(after: one.offer())
            var slip = accept.slip
            slip.seen = (0..<8).map {
                SeenCheckpoint(origin: origin, size: 1, root: .sha256(Array("\(number) \($0)".utf8)))
            }
            let letter = try one.sign(slip, accept.parts)
            _ = try await brokers.connection(PracticeCase.ngo).push(letter)
            last = last ?? letter
        }
        #expect(told() == 2, "16 checkpoints are two letters'")
        // The same again is not told again.
        if let last { _ = try await brokers.connection(PracticeCase.ngo).push(last) }
        #expect(told() == 2)
        brokers.clock.advance(60)
        if let last { _ = try await brokers.connection(PracticeCase.ngo).push(last) }
        #expect(told() == 2)
    }

    @Test func `a step of the log is proved to a member, and one that is no step is not found`() async throws {
        let brokers = try await started()
        let line = brokers.connection(PracticeCase.shelter)
        let log = try await brokers.queue(Self.india).read { try $0.logs()[0] }
        let size = log.head.size
        _ = try await line.logProof(of: log.origin, from: 1, to: size)
        await #expect(throws: ExchangeError(.notFound, ""), "no log of this broker") {
            try await line.logProof(of: "bd.kheya.example/2027", from: 1, to: size)
        }
        for (from, to) in [(0, 0), (0, size), (1, 0), (2, 1), (size, size + 1), (1, .max), (-1, -1)] as [(Int64, Int64)]
        {
            await #expect(throws: ExchangeError(.notFound, "no such step of the log"), "\(from) to \(to)") {
                try await line.logProof(of: log.origin, from: from, to: to)
            }
        }
    }

    @Test func `a member asks a broker for no cosignature`() async throws {
        let brokers = try await started()
        let line = brokers.connection(PracticeCase.shelter)
        await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await line.addCheckpoint([]) }
        await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await line.mirror([], from: 0) }
    }
}
