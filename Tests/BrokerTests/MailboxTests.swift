// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Cryptography
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TransparencyLog

/// Handing letters out. Protocols/Queue.md, "Mailboxes".
@Suite struct MailboxTests {
    /// Offers of so many cases in the NGO's mailbox.
    static func offers(_ count: Int, _ brokers: PracticeBrokers) async throws -> [PracticeLetter] {
        var letters: [PracticeLetter] = []
        for _ in 0..<count {
            var one = PracticeCase(brokers)
            letters.append(try one.offer())
            #expect(try await brokers.connection(PracticeCase.shelter).push(letters[letters.count - 1]).isStored)
        }
        try await brokers.exchange()
        return letters
    }

    @Test
    func
        `a leased letter comes to nobody else, comes again when its lease ends, later each time, until it is acknowledged`()
        async throws
    {
        let brokers = try PracticeBrokers()
        let letter = try await Self.offers(1, brokers)[0]
        let ngo = brokers.connection(PracticeCase.ngo)
        var lease = BrokerLimits.leaseSeconds
        for _ in 0..<4 {
            #expect(try await ngo.pull(limit: 9, waitSeconds: 0).map(\.letter.id) == [letter.id])
            #expect(try await ngo.pull(limit: 9, waitSeconds: 0).isEmpty)
            brokers.clock.advance(lease - 1)
            #expect(try await ngo.pull(limit: 9, waitSeconds: 0).isEmpty)
            brokers.clock.advance(1)
            lease *= 2
        }
        #expect(try await ngo.pull(limit: 9, waitSeconds: 0).map(\.letter.id) == [letter.id])
        try await ngo.acknowledge([letter.id])
        try await ngo.acknowledge([letter.id])
        brokers.clock.advance(100_000)
        #expect(try await ngo.pull(limit: 9, waitSeconds: 0).isEmpty)
        #expect(try await brokers.core(PracticeBrokers.bdBroker).status().isEmpty)
    }

    @Test func `an urgent letter overtakes all that wait`() async throws {
        let brokers = try PracticeBrokers()
        let waiting = try await Self.offers(3, brokers)
        var other = PracticeCase(brokers)
        let offer = try other.offer()
        let stop = try other.withdrawal(from: PracticeCase.shelter, after: [offer])
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        #expect(try await brokers.connection(PracticeCase.shelter).push(stop).isStored)
        try await brokers.exchange()
        let ids = try await brokers.fetch(PracticeCase.ngo).map(\.letter.id)
        #expect(ids.first == stop.id)
        let rest = Set(waiting.map(\.id))
        #expect(ids.filter(rest.contains) == waiting.map(\.id), "the rest in the order of arrival")
    }

    @Test func `nobody but the addressee sees a mailbox, whatever it asks`() async throws {
        let brokers = try PracticeBrokers()
        let letter = try await Self.offers(1, brokers)[0]
        for member in [PracticeBrokers.stranger, PracticeBrokers.investigator] {
            let other = brokers.connection(member)
            #expect(try await other.pull(limit: 9, waitSeconds: 0).isEmpty)
            #expect(try await other.changes() == 0)
            #expect(try await other.slips([letter.id]).isEmpty)
            try await other.acknowledge([letter.id])  // of no effect
        }
        // The shelter is a member of the other broker: here it is nobody.
        for peer in [
            Peer.member(PracticeCase.shelter), .broker(PracticeBrokers.inBroker), .expired(PracticeCase.ngo), .courier,
        ] {
            let other = brokers.core(PracticeBrokers.bdBroker).connection(for: peer)
            await #expect(throws: ExchangeError.self) { _ = try await other.pull(limit: 9, waitSeconds: 0) }
            await #expect(throws: ExchangeError.self) { _ = try await other.changes() }
            await #expect(throws: ExchangeError.self) { try await other.acknowledge([letter.id]) }
        }
        #expect(
            try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [letter.id],
            "and it is still there for the NGO")
    }

    @Test func `whoever has an expired certificate gets the documents and nothing else`() async throws {
        let brokers = try PracticeBrokers()
        let expired = brokers.core(PracticeBrokers.bdBroker).connection(for: .expired(PracticeCase.ngo))
        #expect(try await expired.documents().count >= 2)
        await #expect(throws: ExchangeError(.expired, "")) { _ = try await expired.pull(limit: 1, waitSeconds: 0) }
        await #expect(throws: ExchangeError(.expired, "")) { _ = try await expired.push([], context: []) }
        await #expect(throws: ExchangeError(.expired, "")) { _ = try await expired.slips([]) }
    }

    @Test func `a member is who its link certificate says by the directory, asked anew each time`() async throws {
        let brokers = try PracticeBrokers()
        let core = brokers.core(PracticeBrokers.bdBroker)
        let leaf = try brokers.world.party(PracticeCase.ngo).link.certificate.der
        #expect(core.peer(forLeaf: leaf) == .member(PracticeCase.ngo))
        #expect(
            core.peer(forLeaf: try brokers.world.party(PracticeBrokers.inBroker).link.certificate.der)
                == .broker(PracticeBrokers.inBroker))
        // Another's signing certificate, and a member of the other broker.
        #expect(core.peer(forLeaf: try brokers.world.party(PracticeCase.ngo).signing.certificate.der) == nil)
        #expect(core.peer(forLeaf: try brokers.world.party(PracticeCase.shelter).link.certificate.der) == nil)
        let connection = core.connection(for: .member(PracticeCase.ngo))
        _ = try await connection.pull(limit: 1, waitSeconds: 0)
        let now = brokers.clock.now
        try brokers.publish(PracticeWorld.bdAuthority) { authority, draft in
            try authority.remove(PracticeCase.ngo, from: &draft, at: now)
        }
        #expect(core.peer(forLeaf: leaf) == nil)
        await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await connection.pull(limit: 1, waitSeconds: 0) }
        await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await connection.push([], context: []) }
    }

    @Test func `a long poll ends when a letter comes, and at its time when none does`() async throws {
        let brokers = try PracticeBrokers()
        let ngo = brokers.connection(PracticeCase.ngo)
        let before = ContinuousClock.now
        async let pulled = ngo.pull(limit: 9, waitSeconds: 30)
        try await Task.sleep(for: .milliseconds(100))
        let letter = try await Self.offers(1, brokers)[0]
        #expect(try await pulled.map(\.letter.id) == [letter.id])
        #expect(ContinuousClock.now - before < .seconds(20))
        #expect(try await ngo.pull(limit: 9, waitSeconds: 1).isEmpty)
    }

    @Test func `a hundred waiters for one mailbox share its letters without one going twice`() async throws {
        let brokers = try PracticeBrokers()
        let letters = try await Self.offers(20, brokers)
        let pulled = try await withThrowingTaskGroup(of: [LetterID].self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await brokers.connection(PracticeCase.ngo).pull(limit: 3, waitSeconds: 0).map(\.letter.id)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(pulled.count == 20)
        #expect(Set(pulled) == Set(letters.map(\.id)))
    }

    @Test func `the counter of changes moves when something new waits, and not otherwise`() async throws {
        let brokers = try PracticeBrokers()
        let ngo = brokers.connection(PracticeCase.ngo)
        let zero = try await ngo.changes()
        _ = try await Self.offers(1, brokers)
        let one = try await ngo.changes()
        #expect(one > zero)
        try await brokers.fetch(PracticeCase.ngo)
        #expect(try await ngo.changes() == one)
    }

    @Test func `what nobody fetched in time ends with a signed notice to its sender`() async throws {
        let brokers = try PracticeBrokers()
        let letter = try await Self.offers(1, brokers)[0]
        brokers.clock.advance(86_400 * 30 + 1)
        // Asked before the sweep: an expired letter is not handed out either.
        let there = try await brokers.connection(PracticeCase.ngo).pull(limit: 9, waitSeconds: 0)
        #expect(there.isEmpty)
        try await brokers.core(PracticeBrokers.bdBroker).sweep()
        try await brokers.exchange()
        let here = try await brokers.fetch(PracticeCase.shelter)
        let slip = try brokers.slip(try #require(here.first))
        #expect(here.count == 1)
        #expect(slip.type == .notice)
        #expect(slip.from == PracticeBrokers.bdBroker)
        #expect(slip.about == About(letter: letter.id, code: "expired"))
        #expect(
            try await brokers.connection(PracticeCase.shelter).push(letter).isStored,
            "the sender still gets the old answer")
    }

    @Test func `an urgent letter never expires`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        for letter in [offer, stop] {
            #expect(try await brokers.connection(PracticeCase.shelter).push(letter).isStored)
        }
        try await brokers.exchange()
        brokers.clock.advance(86_400 * 400)
        try await brokers.core(PracticeBrokers.bdBroker).sweep()
        #expect(try await brokers.fetch(PracticeCase.ngo).contains { $0.letter.id == stop.id })
    }

    @Test func `what waits for a member that leaves ends with a notice`() async throws {
        let brokers = try PracticeBrokers()
        let letter = try await Self.offers(1, brokers)[0]
        let now = brokers.clock.now
        try brokers.publish(PracticeWorld.bdAuthority) { authority, draft in
            try authority.remove(PracticeCase.ngo, from: &draft, at: now)
        }
        try await brokers.core(PracticeBrokers.bdBroker).sweep()
        try await brokers.exchange()
        let here = try await brokers.fetch(PracticeCase.shelter)
        #expect(try here.map { try brokers.slip($0).about } == [About(letter: letter.id, code: "gone")])
        #expect(try await brokers.core(PracticeBrokers.bdBroker).status().isEmpty)
    }

    @Test func `a letter that ends when nobody is left to be told ends with a signed notice in the log`() async throws {
        let brokers = try PracticeBrokers()
        let letter = try await Self.offers(1, brokers)[0]
        let now = brokers.clock.now
        try brokers.publish(PracticeWorld.bdAuthority) { authority, draft in
            try authority.remove(PracticeCase.ngo, from: &draft, at: now)
        }
        try brokers.publish(PracticeWorld.inAuthority) { authority, draft in
            try authority.revoke(PracticeCase.shelter, uses: [.seal], in: &draft, at: now)
        }
        brokers.clock.advance(1)
        for _ in 0..<2 { try await brokers.core(PracticeBrokers.bdBroker).sweep() }
        let (gone, slip) = try await brokers.queue(PracticeBrokers.bdBroker).read { reading in
            let caseID = try #require(try reading.letter(letter.id)?.caseID)
            let notices = try reading.leaves(of: caseID).compactMap { place -> LetterID? in
                let event = try reading.leaves(of: place.origin, from: place.index, count: 1)[0].event
                guard case .gone(letter.id, let notice) = try LogEvent(event ?? []).content else { return nil }
                return notice
            }
            return (notices, try notices.first.flatMap { try reading.slip($0) })
        }
        #expect(gone.count == 1)
        let notice = try SignedSlip.read(
            #require(slip), certificate: brokers.world.directories(now: brokers.clock.now).certificate
        ).slip
        #expect(notice.about == About(letter: letter.id, code: "gone") && notice.to.isEmpty)
        #expect(try await brokers.core(PracticeBrokers.bdBroker).status().isEmpty)
        // The notice goes on as context with what descends from the letter, and is no letter to anybody.
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).isEmpty)
    }

    @Test func `slips of ancestors go to the parties of a descendant only`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        let ngo = try await brokers.connection(PracticeCase.ngo).slips([
            offer.id, PracticeBrokers.profile.reference.digest,
        ])
        #expect(ngo == [ContextLetter(id: offer.id, slip: offer.bundle.slip)])
        #expect(try await brokers.connection(PracticeBrokers.investigator).slips([offer.id]).isEmpty)
        // A second case of the same shelter: its letters are nobody's business in the first.
        var two = PracticeCase(brokers)
        let other = try two.offer(to: PracticeBrokers.stranger)
        #expect(try await brokers.connection(PracticeCase.shelter).push(other).isStored)
        try await brokers.exchange()
        #expect(try await brokers.connection(PracticeCase.ngo).slips([other.id]).isEmpty)
        #expect(try await brokers.connection(PracticeBrokers.stranger).slips([other.id]).map(\.id) == [other.id])
    }
}
