// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import MessageStore
import Procedure
import SQLiteStore
import TestSupport
import Testing

/// Letters that come before their ancestors. Protocols/Queue.md, "Waiting".
@Suite struct WaitingTests {
    @Test func `a child waits for its parent, and goes on by itself when the parent comes`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let cover = try one.step(from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")])
        let connection = brokers.connection(PracticeCase.shelter)
        #expect(try await connection.push(cover) == .waiting([offer.id]))
        #expect(try await connection.push(cover) == .waiting([offer.id]))
        #expect(try await connection.push(offer).isStored)
        // Only its slip had been kept: the parts are asked for.
        #expect(try await connection.push(cover.bare) == .awaitingParts(Array(cover.parts.keys)))
        #expect(try await connection.push(cover).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [offer.id, cover.id])
    }

    @Test func `a receipt that overtakes its letter is kept until the letter comes`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let receipt = try one.receipt(from: PracticeCase.ngo, about: offer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt) == .waiting([offer.id]))
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt).isStored)
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id) == [receipt.id])
    }

    @Test func `ancestors handed over as context are judged and known, but not delivered`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let yes = try one.accept(after: offer)
        let connection = brokers.connection(PracticeCase.ngo)
        #expect(try await connection.push(yes) == .waiting([offer.id]))
        let context = [ContextLetter(id: offer.id, slip: offer.bundle.slip)]
        let outcomes = try await connection.push([yes.bundle], context: context)
        #expect(outcomes == [.awaitingParts(Array(yes.parts.keys))] || outcomes[0].isStored)
        #expect(try await connection.push(yes).isStored)
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty, "the offer itself has not come")
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [offer.id])
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id) == [yes.id])
    }

    @Test func `an ancestor that the procedure refuses is refused aloud, once, and nothing waits for it`() async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        let bad = try one.dossier(after: [offer])
        let cover = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")], parents: [bad.id])
        let connection = brokers.connection(PracticeCase.ngo)
        #expect(try await connection.push(cover) == .waiting([bad.id]))
        for _ in 0..<2 {
            _ = try await connection.push([], context: [ContextLetter(id: bad.id, slip: bad.bundle.slip)])
        }
        #expect(try await connection.push(cover).isStored)
        try await brokers.exchange()
        let told = try await brokers.fetch(PracticeCase.shelter)
        #expect(
            try told.compactMap { try brokers.slip($0).about } == [About(letter: bad.id, code: "G_SHARE_FULL")])
        #expect(told.contains { $0.letter.id == cover.id })
        #expect(
            try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(bad.id)?.status } == .refused)
    }

    @Test func `a stop whose ancestors never come stands in the way for thirty days, a withdrawal for ever`()
        async throws
    {
        for (code, isGivenUp) in [("HOME_UNSETTLED", true), ("SHARE_CONSENT_WITHDRAWN", false)] {
            let brokers = try PracticeBrokers()
            var (one, offer, consent) = try await StopTests.consented(brokers)
            let event =
                code == "HOME_UNSETTLED"
                ? Event(code: "NEW_RISK", facts: ["risk_kind": .text("other")]) : Event(code: code)
            var ghost = one
            let lost = try ghost.step(from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")])
            let stop = try one.step(
                from: PracticeCase.ngo, to: [PracticeCase.shelter], [event], lane: .urgent,
                parents: [offer.id, lost.id])
            #expect(stop.slip.steps.map(\.code) == [code])
            #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
            try await brokers.exchange()
            #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id) == [stop.id])
            let shelter = brokers.connection(PracticeCase.shelter)
            let early = try one.dossier(after: [consent])
            guard case .refused("stale", _, stop.id) = try await shelter.push(early) else {
                Issue.record("\(code): a stop that is on its way does not count")
                return
            }
            _ = try await brokers.fetch(PracticeCase.shelter)
            brokers.clock.advance(LetterLimits.ancestorsSeconds)
            for authority in [PracticeWorld.inAuthority, PracticeWorld.bdAuthority] {
                try brokers.publish(authority) { _, _ in }
            }
            let late = try one.dossier(after: [consent, early])
            let outcome = try await shelter.push(late)
            #expect(outcome.isStored == isGivenUp, "\(code): \(outcome)")
            try await brokers.exchange()
            let told = About(letter: stop.id, code: "unaware")
            for member in [PracticeCase.shelter, PracticeCase.ngo] {
                let papers = try await brokers.fetch(member).compactMap { try brokers.slip($0).about }
                #expect(papers.contains(told) == isGivenUp, "\(code): \(member)")
            }
        }
    }

    @Test func `an urgent letter never waits`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        #expect(try await brokers.connection(PracticeCase.shelter).push(stop).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [stop.id])
        // The control: the same letter on the normal lane would wait.
        let cover = try one.step(from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")])
        guard case .waiting = try await brokers.connection(PracticeCase.shelter).push(cover) else {
            Issue.record("a normal letter did not wait")
            return
        }
    }

    @Test func `sixty-four slips of a case may wait, the next one is put off`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        _ = try one.offer()
        var letters: [PracticeLetter] = []
        for _ in 0...BrokerLimits.waitingInACase {
            letters.append(try one.step(from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")]))
        }
        let connection = brokers.connection(PracticeCase.shelter)
        for letter in letters.dropLast() {
            guard case .waiting = try await connection.push(letter) else {
                Issue.record("did not wait")
                return
            }
        }
        #expect(try await connection.push(letters[letters.count - 1]).code == "letter.held")
        #expect(try await connection.push(letters[0]).code == nil, "one that waits already is answered as before")
    }

    @Test func `a letter that waits for what never comes is given up with a notice`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let cover = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")], expires: 3_600)
        let connection = brokers.connection(PracticeCase.shelter)
        #expect(try await connection.push(cover) == .waiting([offer.id]))
        brokers.clock.advance(3_601)
        try await brokers.core(PracticeBrokers.inBroker).sweep()
        let inbox = try await brokers.fetch(PracticeCase.shelter)
        #expect(try inbox.map { try brokers.slip($0).about } == [About(letter: cover.id, code: "expired")])
    }
}
