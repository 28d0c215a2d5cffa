// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import MessageStore
import Procedure
import SQLiteStore
import TestSupport
import Testing

/// A case stays on its version of the procedure until its parties have signed that it takes another. Protocols/Procedure.md §7.6.
@Suite struct VersionTests {
    private static let successor = Result { try PracticeSuccessor(of: PracticeBrokers.profile.file) }

    private static func adoption(_ digest: Digest) -> Event {
        Event(code: "PROFILE_ADOPTED", facts: ["profile_digest": .text(digest.hex)])
    }

    private static func learn(_ profiles: [Profile], at broker: MemberID, in brokers: PracticeBrokers) async throws {
        let core = brokers.core(broker)
        core.use(core.directories, profiles: profiles)
        try await core.sweep()
    }

    /// An accepted case that the shelter and then the NGO take to the next version.
    private static func begin(_ brokers: PracticeBrokers) async throws -> (
        case: PracticeCase, accept: PracticeLetter, first: PracticeLetter, second: PracticeLetter
    ) {
        let next = try successor.get()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let accept = try one.accept(after: offer)
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        #expect(try await brokers.connection(PracticeCase.ngo).push(accept).isStored)
        try await brokers.exchange()
        let first = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [adoption(next.profile.digest)], parents: [accept.id])
        let second = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [adoption(next.profile.digest)], parents: [first.id])
        return (one, accept, first, second)
    }

    @Test func `what adopts a version waits at each broker until that has it, and then the case goes on under it`()
        async throws
    {
        let brokers = try PracticeBrokers()
        let next = try Self.successor.get()
        var (one, accept, first, second) = try await Self.begin(brokers)
        let (shelter, ngo) = (brokers.connection(PracticeCase.shelter), brokers.connection(PracticeCase.ngo))
        #expect(try await shelter.push(first) == .waiting([next.profile.digest]))
        try await Self.learn([next.profile], at: PracticeBrokers.inBroker, in: brokers)
        #expect(try await shelter.push(first).isStored)
        // The other broker does not have it yet.
        _ = try await brokers.core(PracticeBrokers.inBroker).forward(
            to: PracticeBrokers.bdBroker,
            over: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        let adoption = first.id
        #expect(
            try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(adoption)?.status } == .waiting)
        try await Self.learn([next.profile], at: PracticeBrokers.bdBroker, in: brokers)
        brokers.clock.advance(3_600)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id).contains(first.id))

        // One side alone changes nothing: a letter under the next version comes too early.
        let early = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "QUESTION")], parents: [first.id],
            under: next)
        #expect(try await shelter.push(early).code == "other-profile")
        #expect(try await ngo.push(second).isStored)
        try await brokers.exchange()
        // Who had not heard of it writes under the old version, rightly; who had, may not.
        let late = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "QUESTION")],
            parents: [accept.id, early.id])
        #expect(try await shelter.push(late).isStored)
        let old = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "QUESTION")],
            parents: [second.id, late.id])
        #expect(try await shelter.push(old).code == "other-profile")
        let school = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "SCHOOL_FOUND")], parents: [second.id],
            under: next)
        #expect(try await ngo.push(school).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id).contains(school.id))

        // What is in no memory is read from the slips again.
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            try await brokers.stop(broker)
            try brokers.start(broker)
            try await Self.learn([next.profile], at: broker, in: brokers)
        }
        let again = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "SCHOOL_FOUND")], parents: [school.id],
            under: next)
        // It has been found already: a verdict that only the new tables give.
        #expect(try await brokers.connection(PracticeCase.ngo).push(again).code == "no-edge")
        let counting = [first, second, late, school].map(\.id)
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            let void = try await brokers.queue(broker).read { reading in
                try counting.filter { try reading.letter($0)?.isVoid ?? true }
            }
            #expect(void.isEmpty)
        }
    }

    @Test func `letters of the next version that overtake its adoption wait for it`() async throws {
        let brokers = try PracticeBrokers()
        let next = try Self.successor.get()
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            try await Self.learn([next.profile], at: broker, in: brokers)
        }
        var (one, _, first, second) = try await Self.begin(brokers)
        let school = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "SCHOOL_FOUND")], parents: [second.id],
            under: next)
        let ngo = brokers.connection(PracticeCase.ngo)
        #expect(try await ngo.push(school) == .waiting([second.id]))
        guard case .waiting = try await ngo.push(second) else {
            Issue.record("the NGO answers what its broker has not seen")
            return
        }
        #expect(try await brokers.connection(PracticeCase.shelter).push(first).isStored)
        try await brokers.exchange()
        #expect(try await ngo.push(second).isStored)
        #expect(try await ngo.push(school).isStored)
    }

    @Test func `a profile that is no successor is refused, also when it comes after its adoption`() async throws {
        let brokers = try PracticeBrokers()
        let wrong = try PracticeSuccessor(of: PracticeBrokers.profile.file, isRight: false)
        var (one, accept, _, _) = try await Self.begin(brokers)
        let notice = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Self.adoption(wrong.profile.digest)],
            parents: [accept.id])
        let slip = notice.slip
        var fresh = slip
        fresh.previous = accept.slip.parents.first
        let alone = try one.sign(fresh, notice.parts)
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(alone) == .waiting([wrong.profile.digest]))
        try await Self.learn([wrong.profile], at: PracticeBrokers.inBroker, in: brokers)
        #expect(try await shelter.push(alone).code == "other-profile")
        #expect(
            try await brokers.fetch(PracticeCase.shelter).contains {
                try brokers.slip($0).about == About(letter: alone.id, code: "other-profile")
            })
    }
}
