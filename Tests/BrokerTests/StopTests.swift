// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing

/// A stop overtakes the queue. Protocols/Queue.md, "Stops".
@Suite struct StopTests {
    /// An offer and its acceptance, delivered everywhere.
    static func accepted(
        _ brokers: PracticeBrokers
    ) async throws -> (PracticeCase, offer: PracticeLetter, last: PracticeLetter) {
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let yes = try one.accept(after: offer)
        for (letter, from) in [(offer, PracticeCase.shelter), (yes, PracticeCase.ngo)] {
            try await deliver(letter, from: from, brokers)
        }
        return (one, offer, yes)
    }

    /// A case up to the consent for the dossier, everything delivered everywhere.
    static func consented(
        _ brokers: PracticeBrokers
    ) async throws -> (PracticeCase, offer: PracticeLetter, last: PracticeLetter) {
        var (one, offer, yes) = try await accepted(brokers)
        let consent = try one.fullConsent(after: [yes])
        try await deliver(consent, from: PracticeCase.shelter, brokers)
        return (one, offer, consent)
    }

    private static func deliver(_ letter: PracticeLetter, from: MemberID, _ brokers: PracticeBrokers) async throws {
        let outcome = try await brokers.connection(from).push(letter)
        guard outcome.isStored else { throw TestError("\(outcome)") }
        try await brokers.exchange()
        try await brokers.fetch(PracticeCase.shelter)
        try await brokers.fetch(PracticeCase.ngo)
    }

    @Test func `progress that had not seen a stop is refused as stale, and the refusal names the stop`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        try await brokers.exchange()  // the shelter's broker knows it, the shelter does not yet
        let dossier = try one.dossier(after: [consent])
        let outcome = try await brokers.connection(PracticeCase.shelter).push(dossier)
        guard case .refused(let code, let refusal, let named) = outcome else {
            Issue.record("not refused: \(outcome)")
            return
        }
        #expect(code == "stale")
        #expect(named == stop.id)
        let inbox = try await brokers.fetch(PracticeCase.shelter)
        #expect(Set(inbox.map(\.letter.id)) == [stop.id, refusal])
        let slip = try brokers.slip(inbox.first { $0.letter.id == refusal }!)
        #expect(slip.about == About(letter: dossier.id, code: "stale", stop: stop.id))
    }

    @Test func `without the stop the same dossier is stored`() async throws {
        let brokers = try PracticeBrokers()
        var (one, _, consent) = try await Self.consented(brokers)
        #expect(try await brokers.connection(PracticeCase.shelter).push(try one.dossier(after: [consent])).isStored)
    }

    @Test func `what waits in a mailbox when a stop is stored is withheld, and both sides are told`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()  // it lies in the NGO's mailbox
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        let there = try await brokers.fetch(PracticeCase.ngo)
        let notice = try #require(there.first)
        #expect(there.count == 1, "only the notice: the dossier does not leave any more")
        #expect(try brokers.slip(notice).about == About(letter: dossier.id, code: "withheld", stop: stop.id))
        try await brokers.exchange()
        let here = try await brokers.fetch(PracticeCase.shelter)
        #expect(Set(here.map(\.letter.id)) == [stop.id, notice.letter.id])
        // Its parts are gone from the broker.
        try await brokers.core(PracticeBrokers.bdBroker).sweep()
        for digest in dossier.parts.keys {
            #expect(try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.partSize(digest) } == nil)
        }
    }

    @Test func `a letter that was leased already is reported as possibly seen`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        let leased = try await brokers.connection(PracticeCase.ngo).pull(limit: 9, waitSeconds: 0)
        #expect(leased.map(\.letter.id) == [dossier.id])
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        let there = try await brokers.fetch(PracticeCase.ngo)
        #expect(
            try there.map { try brokers.slip($0).about } == [
                About(letter: dossier.id, code: "seen-possibly", stop: stop.id)
            ])
        brokers.clock.advance(7_200)
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty, "nor does it come again when its lease has ended")
    }

    @Test func `a stop reaches the other broker at once, also when no letter of it goes there, and before all others`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        // The shelter's dossier and a stop of the shelter wait at the shelter's broker; the line was down.
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer, dossier])
        #expect(try await brokers.connection(PracticeCase.shelter).push(stop).isStored)
        // A stop that follows the dossier in order does not make it stale, but her consent for its form is gone.
        try await brokers.exchange()
        let there = try await brokers.fetch(PracticeCase.ngo)
        let about = try there.compactMap { try brokers.slip($0).about }
        #expect(there.first?.letter.id == stop.id || about.first?.code == "withheld", "urgent first")
        #expect(!there.contains { $0.letter.id == dossier.id })
        #expect(about == [About(letter: dossier.id, code: "withheld", stop: stop.id)])
    }

    @Test
    func
        `a sealed letter with a part on consent is withheld when the consent is withdrawn, one with custody alone passes`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        let cover = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")], parents: [consent.id])
        for letter in [answer, cover] {
            let outcome = try await brokers.connection(PracticeCase.shelter).push(letter)
            #expect(outcome.isStored, "\(outcome)")
        }
        try await brokers.exchange()
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        let there = try await brokers.fetch(PracticeCase.ngo)
        #expect(there.contains { $0.letter.id == cover.id })
        #expect(!there.contains { $0.letter.id == answer.id })
        #expect(
            try there.compactMap { try brokers.slip($0).about } == [
                About(letter: answer.id, code: "withheld", stop: stop.id)
            ])
    }

    @Test func `a hold withholds no letter for its parts, and receipts pass always`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        #expect(try await brokers.connection(PracticeCase.shelter).push(answer).isStored)
        try await brokers.exchange()
        let hold = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter],
            [
                Event(
                    code: "HOLD_BD",
                    facts: [
                        "hold_reason": .text("safety"), "review_by": .text("2027-02-01"),
                        "order_seen": .text("not_applicable"),
                    ])
            ], lane: .urgent, parents: [offer.id])
        let outcome = try await brokers.connection(PracticeCase.ngo).push(hold)
        #expect(outcome.isStored, "\(outcome)")
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [answer.id])
        let receipt = try one.receipt(from: PracticeCase.ngo, about: answer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt).isStored)
        try await brokers.exchange()
        #expect(Set(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id)) == [hold.id, receipt.id])
    }

    @Test func `a stop that comes while parts are on their way voids the letter before it is stored`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        let connection = brokers.connection(PracticeCase.shelter)
        guard case .awaitingParts = try await connection.push([dossier.bare], context: [])[0] else {
            Issue.record("not awaiting parts")
            return
        }
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        try await brokers.exchange()
        let outcome = try await connection.push(dossier)
        guard case .refused(_, _, let named) = outcome else {
            Issue.record("stored in spite of the stop: \(outcome)")
            return
        }
        #expect(named == stop.id)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).filter { $0.letter.id == dossier.id }.isEmpty)
    }

    @Test
    func `a sealed letter with a part on consent that comes after the withdrawal and had not seen it is withheld too`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        try await brokers.exchange()  // the shelter's broker knows it, the shelter does not yet
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        _ = try await brokers.connection(PracticeCase.shelter).push(answer)
        try await brokers.exchange()
        #expect(try await !brokers.fetch(PracticeCase.ngo).contains { $0.letter.id == answer.id })
        let here = try await brokers.fetch(PracticeCase.shelter).compactMap { try brokers.slip($0).about }
        #expect(here.contains(About(letter: answer.id, code: "withheld", stop: stop.id)))
    }

    @Test(arguments: [true, false])
    func `of a consent that waits and what rests on it both are withheld`(isLate: Bool) async throws {
        let brokers = try PracticeBrokers()
        let shelter = brokers.connection(PracticeCase.shelter)
        var (one, offer, yes) = try await Self.accepted(brokers)
        let form = PracticePart(content: Array("consent".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)
        let consent = try one.fullConsent(after: [yes], parts: [form])
        let dossier = try one.dossier(after: [consent])
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: isLate ? [offer, consent] : [dossier])
        #expect(try await shelter.push(consent).isStored)
        if !isLate { #expect(try await shelter.push(dossier).isStored) }
        try await brokers.exchange()
        #expect(try await shelter.push(stop).isStored)
        try await brokers.exchange()
        // A letter made before it, and handed over after it, is refused or withheld: it never comes.
        if isLate { _ = try await shelter.push(dossier) }
        try await brokers.exchange()
        let delivered = Set(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id))
        #expect(delivered.contains(stop.id))
        #expect(delivered.isDisjoint(with: [consent.id, dossier.id]))
        let papers = try await brokers.fetch(PracticeCase.shelter).compactMap { try brokers.slip($0).about }
        #expect(papers.contains(About(letter: consent.id, code: "withheld", stop: stop.id)))
        #expect(papers.contains { $0.letter == dossier.id && $0.stop == stop.id } || isLate, "\(papers)")
    }

    @Test func `a letter that was opened all the same counts, whatever notice crossed it`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        let queue = brokers.queue(PracticeBrokers.bdBroker)
        #expect(try await queue.read { try $0.letter(dossier.id)?.isVoid } == true)
        // A stick had brought it to the NGO before.
        let receipt = try one.receipt(from: PracticeCase.ngo, about: dossier)
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt).isStored)
        #expect(try await queue.read { try $0.letter(dossier.id)?.isVoid } == false)
    }

    @Test func `a withdrawal whose ancestors are missing withholds what was sent on her consent`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        #expect(try await brokers.connection(PracticeCase.shelter).push(answer).isStored)
        try await brokers.exchange()
        let stop = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "SHARE_CONSENT_WITHDRAWN")], lane: .urgent,
            parents: [offer.id, .sha256([1])])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        #expect(try await !brokers.fetch(PracticeCase.ngo).contains { $0.letter.id == answer.id })
    }

    @Test func `a stop is handed out also to a node that has acknowledged nothing`() async throws {
        var settings = BrokerSettings()
        settings.leasedLetters = 4
        let brokers = try PracticeBrokers(settings: settings)
        let shelter = brokers.connection(PracticeCase.shelter)
        let ngo = brokers.connection(PracticeCase.ngo)
        var first: (PracticeCase, PracticeLetter)?
        for _ in 0..<6 {
            var one = PracticeCase(brokers)
            let offer = try one.offer()
            first = first ?? (one, offer)
            #expect(try await shelter.push(offer).isStored)
        }
        try await brokers.exchange()
        var leased = 0
        while case let some = try await ngo.pull(limit: 256, waitSeconds: 0), !some.isEmpty { leased += some.count }
        #expect(leased == settings.leasedLetters)
        var (one, offer) = try #require(first)
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        #expect(try await shelter.push(stop).isStored)
        try await brokers.exchange()
        #expect(try await ngo.pull(limit: 256, waitSeconds: 0).contains { $0.letter.id == stop.id })
    }

    @Test func `who is no party stops nothing by inventing an ancestor, and is refused when the ancestors are known`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        // Somebody who has heard of the pseudonym; the letter it says to follow comes later, by its own hand.
        var foreign = one
        let cover = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "COVER")], lane: .urgent,
            parents: [offer.id])
        let stop = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent,
            parents: [offer.id, cover.id])
        let stranger = brokers.connection(PracticeBrokers.stranger)
        #expect(try await stranger.push(stop).isStored, "delivered, for it may be true")
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [dossier.id], "but of no effect")
        #expect(try await stranger.push(cover).code == "no-party")
        let papers = try await brokers.fetch(PracticeBrokers.stranger).compactMap { try brokers.slip($0).about }
        #expect(Set(papers) == [About(letter: cover.id, code: "no-party"), About(letter: stop.id, code: "no-party")])
        // As context, a member shows nobody a stop without its ancestors.
        var second = one
        let shown = try second.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent,
            parents: [.sha256([9])])
        _ = try await stranger.push([], context: [ContextLetter(id: shown.id, slip: shown.bundle.slip)])
        #expect(try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(shown.id) } == nil)
    }

    @Test func `a party's stop takes effect though an ancestor is missing, and stands when that has come`() async throws
    {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        let cover = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")], parents: [offer.id])
        let stop = try one.withdrawal(after: [offer, cover])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        #expect(try await !brokers.fetch(PracticeCase.ngo).contains { $0.letter.id == dossier.id })
        #expect(try await brokers.connection(PracticeCase.ngo).push(cover).isStored)
        let record = try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(stop.id) }
        #expect(record?.voidedBy == nil)
        #expect(try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.missingAncestors(of: stop.id) }.isEmpty)
    }

    @Test func `a stop is taken also when its addressee has left the directory`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await Self.consented(brokers)
        let now = brokers.clock.now
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        let dossier = try one.dossier(after: [consent])
        try brokers.publish(PracticeWorld.bdAuthority) { authority, draft in
            try authority.remove(PracticeCase.ngo, from: &draft, at: now)
        }
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(dossier).isStored == false)
        #expect(try await shelter.push(stop).isStored)
    }
}
