// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TransparencyLog

extension PushOutcome {
    var relayed: [UInt8]? { if case .stored(let relayed) = self { relayed } else { nil } }
    var code: String? {
        switch self {
        case .refused(let code, _, _), .rejected(let code), .later(let code, _): code
        case .stored, .awaitingParts, .waiting: nil
        }
    }
    var isStored: Bool { relayed != nil }
}

extension BrokerConnection {
    func push(_ letter: PracticeLetter) async throws -> PushOutcome { try await push(letter.bundle) }
    func push(_ bundle: LetterBundle) async throws -> PushOutcome { try await push([bundle], context: [])[0] }
}

/// Taking letters in. Protocols/Queue.md, "Acceptance".
@Suite struct AcceptanceTests {
    @Test func `a letter whose event is gone from the log is put off by itself, and the broker goes on`() async throws {
        let brokers = try PracticeBrokers()
        var (old, new) = (PracticeCase(brokers), PracticeCase(brokers))
        let offers = [try old.offer(), try new.offer()]
        #expect(try await brokers.connection(PracticeCase.shelter).push(offers[0]).isStored)
        try await brokers.stop(PracticeBrokers.inBroker)
        // As after a store came back from a copy, which has no keys.
        for end in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: brokers.path(PracticeBrokers.inBroker) + ".keys" + end)
        }
        try brokers.start(PracticeBrokers.inBroker)
        let outcomes = try await brokers.connection(PracticeCase.shelter).push(offers.map(\.bundle), context: [])
        #expect(outcomes[0] == .later(code: "log.no-receipt", seconds: 3_600))
        #expect(outcomes[1].isStored)
        #expect(brokers.core(PracticeBrokers.inBroker).failure == nil)
    }

    @Test func `an offer goes from the shelter over both brokers to the NGO, and its receipt comes back`() async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let outcome = try await brokers.connection(PracticeCase.shelter).push(offer)
        let relayed = try #require(outcome.relayed, "\(outcome)")
        let proven = try brokers.prove(relayed, of: offer.bundle, at: PracticeBrokers.inBroker)
        #expect(proven.event.place?.caseID == one.caseID && proven.event.place?.number == 0)
        #expect(throws: (any Error).self, "not the other broker's") {
            try brokers.prove(relayed, of: offer.bundle, at: PracticeBrokers.bdBroker)
        }
        try await brokers.exchange()
        let inbox = try await brokers.fetch(PracticeCase.ngo)
        #expect(inbox.map(\.letter) == [offer.bundle], "bit by bit what was sent")
        let receipt = try one.receipt(from: PracticeCase.ngo, about: offer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter) == [receipt.bundle])
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty)
    }

    // MARK: - The same again

    @Test func `a duplicate is answered byte for byte as before, also after a restart, and is queued once`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let first = try await brokers.connection(PracticeCase.shelter).push(offer)
        brokers.clock.advance(77)  // an answer made anew would bear another time
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer) == first)
        try await brokers.stop(PracticeBrokers.inBroker)
        try brokers.start(PracticeBrokers.inBroker)
        // The answer to the first push was lost in a crash after the commit: the resend gets it.
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer.bare) == first)
        try await brokers.exchange()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer) == first)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).count == 1)
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty)
    }

    @Test func `another valid signature on the same slip is the same letter`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let again = try SignedSlip.sign(offer.slip, by: try brokers.world.party(PracticeCase.shelter).signing)
        try #require(again.file != offer.bundle.slip, "ECDSA is randomised: the files differ")
        let first = try await brokers.connection(PracticeCase.shelter).push(offer)
        let other = LetterBundle(id: again.id, slip: again.file, parts: offer.parts)
        #expect(try await brokers.connection(PracticeCase.shelter).push([other], context: []) == [first])
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).count == 1)
    }

    @Test func `many letters at once are each judged by themselves, in the order they were asked`() async throws {
        let brokers = try PracticeBrokers()
        var letters: [PracticeLetter] = []
        for _ in 0..<24 {
            var one = PracticeCase(brokers)
            letters.append(try one.offer())
        }
        var bundles = letters.map(\.bundle)
        bundles[7].slip[bundles[7].slip.count - 1] ^= 1
        let outcomes = try await brokers.connection(PracticeCase.shelter).push(bundles, context: [])
        for (index, outcome) in outcomes.enumerated() {
            #expect(outcome.isStored == (index != 7))
            guard let relayed = outcome.relayed else { continue }
            _ = try brokers.prove(relayed, of: letters[index].bundle, at: PracticeBrokers.inBroker)
        }
    }

    // MARK: - Not a letter for this broker

    @Test func `a member hands over its own letters only`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.ngo).push(offer) == .rejected(code: "signer.not-permitted"))
        // Signed by itself under the shelter's name.
        var two = PracticeCase(brokers)
        let own = try two.offer()
        let forged = try two.sign(own.slip, own.parts, by: PracticeCase.ngo)
        #expect(
            try await brokers.connection(PracticeCase.shelter).push(forged) == .rejected(code: "signer.not-permitted"))
        #expect(try await brokers.core(PracticeBrokers.inBroker).status().isEmpty)
        #expect(
            try await brokers.queue(PracticeBrokers.inBroker).read { try $0.letter(own.id) } == nil, "nothing was kept")
    }

    @Test func `the clock of a sender may be a day ahead, not more, and what has expired is not taken`() async throws {
        let brokers = try PracticeBrokers()
        func push(_ at: Int64, expires: Int64 = 86_400) async throws -> PushOutcome {
            var one = PracticeCase(brokers)
            let letter = try one.step(
                from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ADULT_ESTABLISHED")],
                expires: expires, at: at)
            return try await brokers.connection(PracticeCase.shelter).push(letter)
        }
        #expect(try await push(86_400).code != "slip.binding")
        #expect(try await push(86_401).code == "slip.binding")
        #expect(try await push(-500, expires: 499).code == "letter.expired")
        #expect(try await push(-500, expires: 501).code != "letter.expired")
    }

    @Test func `a letter that is handed over under another id, or with a part it does not name, is rejected`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        var two = PracticeCase(brokers)
        let offer = try one.offer()
        let other = try two.offer()
        let connection = brokers.connection(PracticeCase.shelter)
        let renamed = LetterBundle(id: other.id, slip: offer.bundle.slip, parts: offer.parts)
        #expect(try await connection.push([renamed], context: []) == [.rejected(code: "slip.binding")])
        let surplus = LetterBundle(
            id: offer.id, slip: offer.bundle.slip, parts: offer.parts.merging(other.parts) { $1 })
        #expect(try await connection.push([surplus], context: []) == [.rejected(code: "part.mismatch")])
        var swapped = offer.bundle
        for digest in swapped.parts.keys { swapped.parts[digest] = other.parts.values.first }
        #expect(try await connection.push([swapped], context: []) == [.rejected(code: "part.mismatch")])
        #expect(try await connection.push(offer).isStored, "and the letter itself is taken afterwards")
    }

    @Test func `two letters under one number are both taken, and the conflict is logged`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let cover = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")], sequence: 1)
        let connection = brokers.connection(PracticeCase.shelter)
        #expect(try await connection.push(offer).isStored)
        #expect(!brokers.logs.all.contains { $0.contains("letter.conflict") })
        #expect(try await connection.push(cover).isStored)
        #expect(brokers.logs.all.contains { $0.contains("letter.conflict") && $0.contains(cover.id.hex) })
    }

    // MARK: - Refusals

    @Test
    func `a dossier without her consent is refused by the guard's name, with a signed refusal, and nothing is silent`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        try await brokers.fetch(PracticeCase.ngo)
        let yes = try one.accept(after: offer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(yes).isStored)
        try await brokers.exchange()
        try await brokers.fetch(PracticeCase.shelter)
        let dossier = try one.dossier(after: [offer, yes])
        let outcome = try await brokers.connection(PracticeCase.shelter).push(dossier)
        guard case .refused(let code, let refusal, let stop) = outcome else {
            Issue.record("not refused: \(outcome)")
            return
        }
        #expect(code == "G_SHARE_FULL")
        #expect(stop == nil)
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier) == outcome, "and again the same")
        let inbox = try await brokers.fetch(PracticeCase.shelter)
        #expect(inbox.map(\.letter.id) == [refusal])
        let slip = try brokers.slip(inbox[0])
        #expect(slip.type == .refusal)
        #expect(slip.from == PracticeBrokers.inBroker)
        #expect(slip.about == About(letter: dossier.id, code: code))
        #expect(slip.root == offer.id)
        // The refused letter stays in the graph, void: what descends from it is judged, not held.
        let consent = try one.fullConsent(after: [yes])
        #expect(consent.slip.previous == dossier.id)
        #expect(try await brokers.connection(PracticeCase.shelter).push(consent).isStored)
        #expect(try await brokers.connection(PracticeCase.shelter).push(try one.dossier(after: [consent])).isStored)
        try await brokers.exchange()
        let there = try await brokers.fetch(PracticeCase.ngo)
        #expect(there.count == 2, "the other broker, which never saw the refused letter, takes its descendants")
    }

    @Test func `nobody who is no party of the case may write to it`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        let intruder = try one.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter],
            [Event(code: "REFERRAL_ACCEPTED", facts: ["conflict": .text("none_found")])], parents: [offer.id])
        #expect(try await brokers.connection(PracticeBrokers.stranger).push(intruder).code == "no-party")
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).isEmpty)
    }

    @Test func `a receipt is an addressee's, about a letter of the case, and goes to its sender`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        var foreign = one
        let wrong = try foreign.receipt(from: PracticeBrokers.stranger, about: offer)
        #expect(try await brokers.connection(PracticeBrokers.stranger).push(wrong).code == "slip.binding")
        var elsewhere = one
        let astray = try elsewhere.receipt(from: PracticeCase.ngo, about: offer, to: PracticeBrokers.investigator)
        #expect(try await brokers.connection(PracticeCase.ngo).push(astray).code == "slip.binding")
        let right = try one.receipt(from: PracticeCase.ngo, about: offer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(right).isStored)
    }
}
