// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import MessageStore
@testable import Node
import Procedure
import Sealing
import Synchronization
import TestSupport
import Testing
import TransparencyLog

/// What a node believes of its broker's log. Protocols/Log.md §4.
@Suite struct ReceiptTests {
    private static let shelter = PracticeNodes.shelter

    private func offered() throws -> (PracticeNodes, PostOffice, LetterID) {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        return (nodes, office, try #require(try example.send("01").letters.first))
    }

    private func state(_ nodes: PracticeNodes, _ letter: LetterID) throws -> OutboxEntry? {
        try nodes.store(Self.shelter).read { try $0.outboxEntry(letter) }
    }

    private static let forgeries: [(name: String, change: @Sendable ([UInt8]) -> [UInt8])] = [
        ("nothing", { _ in [] }),
        ("cut", { Array($0.dropLast(20)) }),
        ("a signature with one bit changed", { $0.dropLast(8) + [$0[$0.count - 8] ^ 1] + $0.suffix(7) }),
        (
            "an event with one character changed",
            { bytes in
                var bytes = bytes
                bytes[60] = bytes[60] == 0x41 ? 0x42 : 0x41
                return bytes
            }
        ),
    ]

    @Test(arguments: forgeries.indices)
    func `a receipt that proves nothing is an alarm, and the letter stays`(_ index: Int) async throws {
        let (nodes, office, letter) = try offered()
        office.state.withLock { $0.forges = Self.forgeries[index].change }
        #expect(try await nodes.service(Self.shelter).pushDue() == 0)
        #expect(try state(nodes, letter)?.state == .waiting, "\(Self.forgeries[index].name)")
        #expect(try nodes.desk(Self.shelter).alarms().map(\.kind) == [.logForged])
        // The control: the same letter, and the receipt as the log made it.
        office.state.withLock { $0.forges = nil }
        nodes.clock.advance(600)
        #expect(try await nodes.service(Self.shelter).pushDue() == 1)
        let entry = try #require(try state(nodes, letter))
        #expect(entry.state == .stored)
        #expect(try LogReceipt(entry.relayed ?? []).bytes == entry.relayed)
    }

    @Test func `a node proves by the receipts that it keeps which of its letters are in the log`() async throws {
        let (nodes, _, letter) = try offered()
        let desk = try nodes.desk(Self.shelter)
        #expect(try desk.verifyOwnTrail() == OwnTrail(), "what waits is in no log")
        _ = try await nodes.service(Self.shelter).pushDue()
        let trail = try desk.verifyOwnTrail()
        #expect(trail.proved == 1 && trail.unproved == 0 && trail.wrong.isEmpty && trail.checkpoints.count == 1)
        // A receipt under which another letter lies proves nothing of this one.
        let entry = try #require(try state(nodes, letter))
        var bytes = try #require(entry.relayed)
        bytes[bytes.count - 8] ^= 1
        try nodes.store(Self.shelter).write { [bytes] in
            try $0.settle(letter, as: .stored, at: nodes.clock.now, relayed: bytes)
        }
        #expect(try desk.verifyOwnTrail().wrong == [letter])
    }

    @Test func `the receipt of another letter is none`() async throws {
        let (nodes, office, letter) = try offered()
        let other = try office.state.withLock { state in
            try state.logs[Self.shelter]?.receipt(
                of: LetterBundle(id: .sha256([1]), slip: [1]), in: CaseID(random: Array(repeating: 1, count: 16))!)
                ?? []
        }
        office.state.withLock { $0.forges = { _ in other } }
        #expect(try await nodes.service(Self.shelter).pushDue() == 0)
        #expect(try state(nodes, letter)?.state == .waiting)
        #expect(try nodes.desk(Self.shelter).alarms().first?.detail == LogError.Code.binding.rawValue)
    }

    @Test(arguments: [-3, -1, 3])
    func `a log that shows another history than before is an alarm, and the letter stays`(_ more: Int64) async throws {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        office.state.withLock { state in
            for number in UInt8(0)..<5 { state.logs[Self.shelter]?.tree.append(leafHash: MerkleHash.leaf([number])) }
        }
        var example = try ExampleCase(nodes)
        let letter = try #require(try example.send("01").letters.first)
        try await nodes.settle()
        let seen = try nodes.store(Self.shelter).read { try $0.checkpoints() }
        try #require(seen.count == 1 && seen[0].size > 0)
        // The broker begins anew, with its real key, as one does that was put back and goes on.
        office.state.withLock { state in
            guard let old = state.logs[Self.shelter] else { return }
            var forked = PostOffice.Log(signer: old.signer)
            for number in 0..<(seen[0].size + more) {
                forked.tree.append(leafHash: MerkleHash.leaf([1, UInt8(truncatingIfNeeded: number)]))
            }
            state.logs[Self.shelter] = forked
        }
        try nodes.store(Self.shelter).write { try $0.sendAgain(letter) }
        #expect(try await nodes.service(Self.shelter).pushDue() == 0)
        #expect(try state(nodes, letter)?.state == .waiting)
        #expect(try nodes.desk(Self.shelter).alarms().map(\.kind) == [.logForged])
        #expect(try nodes.store(Self.shelter).read { try $0.checkpoints() } == seen, "what was verified stays")
    }

    /// The log's newest checkpoint with a cosignature by the other country's broker.
    private func cosigned(_ nodes: PracticeNodes, _ log: PostOffice.Log) throws -> [UInt8] {
        let checkpoint = try Checkpoint(origin: log.signer.key.name, head: log.tree.head)
        let witness = try #require(nodes.world.party(PracticeWorld.bdBroker).logKeys).witness
        return try log.signer.sign(checkpoint).adding(witness.cosign(checkpoint, at: nodes.clock.now)).bytes
    }

    @Test func `what a node has seen and no quorum has cosigned for a day is an alarm`() async throws {
        let (nodes, office, _) = try offered()
        try await nodes.settle()
        let service = try nodes.service(Self.shelter)
        let log = try #require(office.state.withLock { $0.logs[Self.shelter] })
        // Its own signature alone is no quorum, and nothing is told before a day is over.
        try await service.compareWithWitnesses()
        nodes.clock.advance(86_399)
        let own = try log.signer.sign(Checkpoint(origin: log.signer.key.name, head: log.tree.head)).bytes
        office.state.withLock { $0.cosigned = own }
        try await service.compareWithWitnesses()
        #expect(try nodes.desk(Self.shelter).alarms().isEmpty)
        nodes.clock.advance(1)
        try await service.compareWithWitnesses()
        #expect(try nodes.desk(Self.shelter).alarms().map(\.kind) == [.logUnwitnessed])
    }

    @Test func `what a quorum has cosigned within a day is no alarm, however long it is ago`() async throws {
        let (nodes, office, _) = try offered()
        try await nodes.settle()
        let service = try nodes.service(Self.shelter)
        try await service.compareWithWitnesses()
        let log = try #require(office.state.withLock { $0.logs[Self.shelter] })
        let note = try cosigned(nodes, log)
        office.state.withLock { $0.cosigned = note }
        for _ in 0..<3 {
            nodes.clock.advance(86_000)
            try await service.compareWithWitnesses()
        }
        #expect(try nodes.desk(Self.shelter).alarms().isEmpty)
    }

    @Test func `a cosigned checkpoint of another history than the node has seen is an alarm at once`() async throws {
        let (nodes, office, _) = try offered()
        try await nodes.settle()
        let log = try #require(office.state.withLock { $0.logs[Self.shelter] })
        var other = PostOffice.Log(signer: log.signer)
        for number in 0..<log.tree.head.size { other.tree.append(leafHash: MerkleHash.leaf([7, UInt8(number)])) }
        let note = try cosigned(nodes, other)
        office.state.withLock { $0.cosigned = note }
        try await nodes.service(Self.shelter).compareWithWitnesses()
        #expect(try nodes.desk(Self.shelter).alarms().map(\.kind) == [.logForged])
    }
}
