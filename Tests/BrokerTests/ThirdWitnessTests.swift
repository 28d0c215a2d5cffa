// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TransparencyLog

/// A witness that belongs to no broker. Protocols/Log.md §5.1, §5.8.
@Suite struct ThirdWitnessTests {
    private static let (india, bangladesh) = (PracticeBrokers.inBroker, PracticeBrokers.bdBroker)
    private static let third = PracticeBrokers.university

    /// The third witness in this process.
    private struct ThirdLine: LineAround {
        let inner: any BrokerConnection
        let witness: Witness
        let logs: [VerifierKey]
        let now: Instant
        func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
            let reply = await witness.answer(request, logs: logs, now: now)
            return (reply.status.rawValue, reply.body)
        }
        func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 {
            throw ExchangeError(.forbidden, "a witness carries no letters")
        }
    }

    /// A line that answers everything with something that is no cosignature.
    private struct Liar: LineAround {
        let inner: any BrokerConnection
        let line: SignatureLine
        func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) { (200, line.bytes) }
    }

    private func letter(_ brokers: PracticeBrokers) async throws {
        var one = PracticeCase(brokers)
        #expect(try await brokers.connection(PracticeCase.shelter).push(one.offer()).isStored)
    }

    private func newest(_ brokers: PracticeBrokers) async throws -> VerifiedCheckpoint {
        let stored = try await brokers.queue(Self.india).read { reading in
            try reading.checkpoints(of: reading.logs()[0].origin, newest: 1)[0]
        }
        let note = try SignedNote(stored.note)
        let logs = try brokers.world.directories(now: brokers.clock.now).logs
        return try #require(logs[Checkpoint(text: note.text).origin]).policy.verify(note)
    }

    @Test func `one checkpoint gets the cosignatures of all witnesses, and its quorum needs the third`() async throws {
        let brokers = try PracticeBrokers(thirdWitness: true)
        try await letter(brokers)
        let core = brokers.core(Self.india)
        let bangladesh = brokers.line(from: Self.india, to: Self.bangladesh)
        let keys = try #require(brokers.world.party(Self.third).logKeys)
        let path = brokers.folder.appending(path: "third").path
        try Witness.create(path: path)
        let third = ThirdLine(
            inner: bangladesh, witness: try Witness(signer: keys.witness, path: path),
            logs: core.directories.brokers.flatMap(\.logs), now: brokers.clock.now)

        #expect(try await core.askToCosign([(Self.bangladesh, bangladesh)]) == [Self.bangladesh])
        #expect(try await !newest(brokers).isQuorate)
        // A checkpoint below the quorum goes into no bundle.
        #expect(throws: StoreError(.unreadable, "")) { try TrailTests.export(brokers) }

        brokers.clock.advance(60)
        #expect(
            try await core.askToCosign([(Self.bangladesh, bangladesh), (Self.third, third)])
                == [Self.bangladesh, Self.third])
        let both = try await newest(brokers)
        #expect(both.isQuorate && both.cosigned.count == 2)

        // One that answers with another's line has not cosigned, and hinders nobody.
        try await letter(brokers)
        brokers.clock.advance(60)
        let liar = Liar(inner: bangladesh, line: try #require(both.note.signatures.first))
        #expect(
            try await core.askToCosign([(Self.bangladesh, bangladesh), (Self.third, liar)]) == [Self.bangladesh])
        #expect(try await !newest(brokers).isQuorate)
        #expect(try await core.isCosigningDue(by: Self.third))
    }

    @Test func `no member's mailbox is at a witness`() throws {
        var brokers = try PracticeWorld.make()
        try brokers.add(
            Self.third, name: "University (practice)",
            kind: .broker(host: "witness-in.kheya.example", port: 18_443, address: "127.0.0.1"), isWitness: true)
        #expect(throws: MembershipError(.enrolmentRefused, "")) {
            try brokers.add(
                #require(MemberID("in:somebody")), name: "Somebody (practice)", kind: .member(roles: []),
                broker: Self.third)
        }
    }

    @Test func `a running witness answers each request with the status of C2SP`() async throws {
        let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
        var world = try PracticeWorld.make(at: now)
        try world.add(
            Self.third, name: "University (practice)",
            kind: .broker(host: "witness-in.kheya.example", port: 18_443, address: "127.0.0.1"), isWitness: true)
        let folder = FileManager.default.temporaryDirectory.appending(path: "kheya-witness-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let homes = try world.writeHomes(to: folder.path, now: now)
        var home = try MemberHome.open(at: #require(homes[Self.third]), unlock: PracticeWorld.unlock)
        var settings = home.settings
        settings.listen = ("127.0.0.1", 0)
        try home.write(settings)
        try Witness.create(path: WitnessProcess.path(in: home.path))
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let process = try WitnessProcess(home: home, clock: { now }, logger: logger) { running.yield($0) }
        let serving = Task { try await process.run() }
        let port = try #require(await ports.first { _ in true })

        let keys = try #require(world.party(Self.india).logKeys)
        let link = try world.party(Self.india).keys.link
        let client = try BrokerClient(
            host: "witness-in.kheya.example", address: "127.0.0.1", port: port,
            identity: LinkIdentity(certificate: link.certificate, key: link.key), roots: world.roots, logger: logger)
        func tree(_ size: Int, _ salt: UInt8 = 0) -> LeafTree {
            LeafTree(leafHashes: (0..<size).map { MerkleHash.leaf([UInt8(truncatingIfNeeded: $0), salt]) })
        }
        func status(
            old: Int64, _ tree: LeafTree, proof: [Digest] = [], by signer: LogSigner? = nil
        ) async throws -> (status: Int, body: [UInt8]) {
            let signer = signer ?? keys.log
            let note = try signer.sign(Checkpoint(origin: signer.key.name, head: tree.head))
            return try await client.addCheckpoint(
                CheckpointAdvance(oldSize: old, proof: ConsistencyProof(hashes: proof), note: note).bytes)
        }
        #expect(try await client.recordedCheckpoint() == nil)
        #expect(try await client.addCheckpoint(Array("nonsense".utf8)).status == 400)
        let stranger = try LogSigner(origin: "np.kheya.example/2027", seed: Array(repeating: 9, count: 32))
        #expect(try await status(old: 0, tree(3), by: stranger).status == 404)
        let forger = try LogSigner(origin: keys.log.key.name, seed: Array(repeating: 9, count: 32))
        #expect(try await status(old: 0, tree(3), by: forger).status == 403)
        #expect(try await status(old: 4, tree(3)).status == 400)
        let good = try await status(old: 0, tree(3))
        #expect(good.status == 200)
        let line = try #require(SignatureLine.list(good.body).first)
        #expect(line.isBy(try #require(world.party(Self.third).logKeys).witness.key))
        let conflict = try await status(old: 0, tree(5))
        #expect(conflict.status == 409 && conflict.body == Array("3\n".utf8))
        #expect(try await status(old: 3, tree(5), proof: [.sha256([1])]).status == 422)
        #expect(try await status(old: 3, tree(3, 7)).status == 422)
        let step = try MerkleTree.consistencyProof(from: 3, to: 5) { try tree(5).node($0) }
        #expect(try await status(old: 3, tree(5), proof: step.hashes).status == 200)
        let recorded = try SignedNote(#require(try await client.recordedCheckpoint()))
        #expect(try Checkpoint(text: recorded.text).head == tree(5).head)
        // It is no broker.
        await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await client.changes() }
        // A member has no log.
        let member = try world.party(PracticeWorld.shelter).keys.link
        let other = try BrokerClient(
            host: "witness-in.kheya.example", address: "127.0.0.1", port: port,
            identity: LinkIdentity(certificate: member.certificate, key: member.key), roots: world.roots,
            logger: logger)
        await #expect(throws: ExchangeError.self) { _ = try await other.addCheckpoint([1]) }
        // Two processes on one home would forget what the other cosigned.
        #expect(throws: StoreError(.busy, "")) {
            _ = try WitnessProcess(home: home, clock: { now }, logger: logger)
        }
        try await client.shutdown()
        try await other.shutdown()
        serving.cancel()
        _ = await serving.result
    }
}
