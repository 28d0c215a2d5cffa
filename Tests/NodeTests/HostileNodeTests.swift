// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import CaseFile
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import Synchronization
import TestSupport
import Testing

@testable import Node

/// A broker that is full, a line that breaks, and somebody who has heard of a pseudonym.
@Suite struct HostileNodeTests {
    /// A case up to the placement order, everything delivered.
    private func prepared(_ nodes: PracticeNodes) async throws -> ExampleCase {
        var example = try ExampleCase(nodes)
        for number in ["01", "02", "03", "04"] {
            try example.send(number)
            try await nodes.settle()
        }
        return example
    }

    @Test func `a part over the quota keeps no other letter back`() async throws {
        let nodes = try PracticeNodes(office: PostOffice())
        var example = try await prepared(nodes)
        let big = try #require(try example.send("05").letters.first)
        let small = try #require(try example.send("06").letters.first)
        let desk = try nodes.desk(PracticeNodes.shelter)
        var settings = NodeSettings()
        settings.batchLetters = 1
        let narrow = CaseDesk(
            identity: desk.identity, store: desk.store, network: desk.network, settings: settings)
        let clock = nodes.clock
        let line = ThinLine(inner: try nodes.connection(PracticeNodes.shelter), carries: nil)
        let service = NodeService(desk: narrow, connection: line, clock: { clock.now }, logger: PracticeNodes.logger)
        _ = try await service.pushDue()
        let states = try nodes.store(PracticeNodes.shelter).read {
            [try $0.outboxEntry(big)?.state, try $0.outboxEntry(small)?.state]
        }
        #expect(states == [.waiting, .stored])
    }

    @Test func `an upload gets over a line that breaks before it has carried a whole part`() async throws {
        let nodes = try PracticeNodes(office: PostOffice())
        var example = try await prepared(nodes)
        let big = try #require(try example.send("05").letters.first)
        let line = ThinLine(inner: try nodes.connection(PracticeNodes.shelter), carries: 200_000)
        let clock = nodes.clock
        let service = NodeService(
            desk: try nodes.desk(PracticeNodes.shelter), connection: line, clock: { clock.now },
            logger: PracticeNodes.logger)
        for _ in 0..<10 {
            _ = try? await service.pushDue()
            clock.advance(400)
        }
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.outboxEntry(big)?.state } == .stored)
    }

    @Test func `what is safe is not handed out again while an attachment is fetched, and stops are judged before it`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        let order = try #require(try example.send("04").letters.first)
        let dossier = try #require(try example.send("05").letters.first)
        try await nodes.settle([PracticeNodes.shelter])
        let desk = try nodes.desk(PracticeNodes.shelter)
        let clock = nodes.clock
        let shelter = try nodes.service(PracticeNodes.shelter)
        let (one, other) = (
            try #require(nodes.brokers[PracticeWorld.inBroker]), try #require(nodes.brokers[PracticeWorld.bdBroker])
        )
        let events = Mutex(["FAMILY_CONTACT_WITHDRAWN", "MISSION_CONTACT_WITHDRAWN", "NEWS_CONSENT_WITHDRAWN"])
        let stops = Mutex<[LetterID]>([])
        let line = ThinLine(inner: try nodes.connection(PracticeNodes.ngo), carries: .max)
        // With each piece two minutes go by, longer than a lease, and she says no to something.
        line.onPart.withLock {
            $0 = {
                clock.advance(121)
                guard let event = events.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
                let act = Act(events: [Event(code: event)], account: "caseworker")
                let letters = try desk.perform(act, in: caseID, at: clock.now).letters
                stops.withLock { $0 += letters }
                _ = try await shelter.pushDue()
                _ = try await one.forward(to: other.id, over: other.connection(for: .broker(one.id)))
            }
        }
        let ngo = NodeService(
            desk: try nodes.desk(PracticeNodes.ngo), connection: line, clock: { clock.now },
            logger: PracticeNodes.logger)
        _ = try await ngo.fetch(waitSeconds: 0)
        _ = try await ngo.judgeAll()
        for _ in 0..<3 {
            clock.advance(4_000)
            _ = try await ngo.fetch(waitSeconds: 0)
            _ = try await ngo.judgeAll()
        }
        let said = stops.withLock { $0 }
        #expect(said.count == 3)
        let pulled = line.pulled.withLock { $0 }
        #expect((said + [order]).allSatisfy { pulled[$0] == 1 }, "\(pulled)")
        let inbox = try nodes.store(PracticeNodes.ngo).read { transaction in
            try (said + [order, dossier]).map { try #require(try transaction.inboxEntry($0)) }
        }
        #expect(inbox.allSatisfy { $0.state == .judged })
        #expect(inbox[0].position < inbox[4].position)
    }

    /// A letter of a member with whatever slip a test has in mind, handed to its broker.
    private func push(_ nodes: PracticeNodes, _ slip: Slip) async throws -> LetterID {
        let signed = try SignedSlip.sign(slip, by: nodes.world.party(slip.from).signing)
        _ = try await nodes.connection(slip.from).push([LetterBundle(id: signed.id, slip: signed.file)], context: [])
        return signed.id
    }

    private func addressee(_ nodes: PracticeNodes, _ member: MemberID) throws -> Addressee {
        let certificate = try nodes.world.directories().sealingCertificate(of: member, at: nodes.clock.now)
        return Addressee(member: member, certificate: certificate.id, epoch: 1, sequence: 900)
    }

    @Test func `a party's stop that names what never comes has its effect, and holds no other letter up`() async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        let root = try nodes.store(PracticeNodes.ngo).read { try $0.caseRecord(caseID)?.root }
        let stop = try await push(
            nodes,
            Slip(
                type: .step, lane: .urgent, from: PracticeNodes.ngo, to: [try addressee(nodes, PracticeNodes.shelter)],
                caseID: caseID, root: root,
                profile: ProfileReference(
                    id: nodes.profile.id, version: nodes.profile.version, digest: nodes.profile.digest),
                steps: [Event(code: "SHARE_CONSENT_WITHDRAWN", facts: [:])], parents: [.sha256([9])],
                at: nodes.clock.now))
        try await nodes.settle()
        let shelter = try nodes.desk(PracticeNodes.shelter)
        #expect(try shelter.view(of: caseID, at: nodes.clock.now).state.tracks["share_consent"] == ["withdrawn"])
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.inboxEntry(stop)?.state } == .waiting)
        // Neither an answer nor anything that follows it descends from what never comes.
        for _ in 0..<2 {
            let asked = try shelter.perform(
                Act(events: [Event(code: "QUESTION")], account: "caseworker"), in: caseID, at: nodes.clock.now)
            try await nodes.settle()
            #expect(
                try nodes.store(PracticeNodes.ngo).read { try $0.letter(asked.letters[0])?.state } == .valid,
                "\(nodes.report())")
        }
        #expect(try shelter.view(of: caseID, at: nodes.clock.now).state.tracks["share_consent"] == ["withdrawn"])
    }

    @Test func `what rests on a letter that turns out void is judged again at both ends`() async throws {
        let nodes = try PracticeNodes(office: PostOffice())
        var example = try ExampleCase(nodes)
        for number in ["01", "02", "03", "04", "05"] {
            try example.send(number)
            try await nodes.settle()
        }
        let caseID = try #require(example.caseID)
        let history = try nodes.desk(PracticeNodes.shelter).history(of: caseID)
        func letter(_ code: String) throws -> LetterID {
            try #require(history.first { $0.events.contains { $0.code == code } }).letter.id
        }
        let (consent, dossier) = (try letter("SHARE_CONSENT_FULL"), try letter("DOSSIER"))
        func states() throws -> [[CaseFile.LetterRecord.State?]] {
            try [PracticeNodes.shelter, PracticeNodes.ngo].map { member in
                try nodes.store(member).read { transaction in
                    try [consent, dossier].map { try transaction.letter($0)?.state }
                }
            }
        }
        #expect(try states() == [[.made, .made], [.valid, .valid]])
        let root = try nodes.store(PracticeNodes.ngo).read { try $0.caseRecord(caseID)?.root }
        _ = try await push(
            nodes,
            Slip(
                type: .refusal, lane: .urgent, from: PracticeWorld.inBroker,
                to: [try addressee(nodes, PracticeNodes.shelter), try addressee(nodes, PracticeNodes.ngo)],
                caseID: caseID, root: root, parents: [consent], about: About(letter: consent, code: "G_SHARE_GIVER"),
                at: nodes.clock.now))
        try await nodes.settle()
        #expect(try states() == [[.made, .invalid], [.valid, .invalid]])
        try nodes.bothEndsAgree(caseID)
        let view = try nodes.desk(PracticeNodes.ngo).view(of: caseID, at: nodes.clock.now)
        #expect(view.state.tracks["share_consent"] != ["full"])
    }

    @Test func `who is no party and names ancestors that do not exist freezes no case`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        let certificate = try nodes.world.directories().sealingCertificate(
            of: PracticeNodes.shelter, at: nodes.clock.now)
        let profile = ProfileReference(
            id: nodes.profile.id, version: nodes.profile.version, digest: nodes.profile.digest)
        let slip = Slip(
            type: .step, lane: .urgent, from: PracticeNodes.stranger,
            to: [Addressee(member: PracticeNodes.shelter, certificate: certificate.id, epoch: 1, sequence: 900)],
            caseID: caseID, root: .sha256([8]), profile: profile,
            steps: [Event(code: "SHARE_CONSENT_WITHDRAWN", facts: [:])], parents: [.sha256([9])], at: nodes.clock.now)
        let signed = try SignedSlip.sign(slip, by: nodes.world.party(PracticeNodes.stranger).signing)
        _ = try await nodes.connection(PracticeNodes.stranger).push(
            [LetterBundle(id: signed.id, slip: signed.file)], context: [])
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.inboxEntry(signed.id)?.state } == .waiting)
        let view = try nodes.desk(PracticeNodes.shelter).view(of: caseID, at: nodes.clock.now)
        #expect(view.state.tracks["share_consent"] == ["full"])
        let order = try #require(try example.send("04").letters.first)
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.letter(order)?.state } == .valid)
    }
}

/// A line that carries so many bytes of a part in one call; `nil`: the broker has no room for any. Counts what is handed out.
private final class ThinLine: LineAround {
    let inner: any BrokerConnection
    let carries: Int?
    let onPart = Mutex<(@Sendable () async throws -> Void)?>(nil)
    let pulled = Mutex<[LetterID: Int]>([:])

    init(inner: any BrokerConnection, carries: Int?) {
        self.inner = inner
        self.carries = carries
    }

    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        guard let carries else { throw ExchangeError(.busy, "quota") }
        guard bytes.count <= carries else { throw ExchangeError(.unreachable, "the line broke") }
        return try await inner.putPart(digest, offset: offset, bytes: bytes, size: size)
    }

    func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) {
        try await onPart.withLock { $0 }?()
        return try await inner.part(digest, offset: offset, count: count)
    }

    func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
        let deliveries = try await inner.pull(limit: limit, waitSeconds: waitSeconds)
        pulled.withLock { pulled in for delivery in deliveries { pulled[delivery.letter.id, default: 0] += 1 } }
        return deliveries
    }
}
