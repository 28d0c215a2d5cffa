// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Testing

/// Quotas, a full store, and what a broker's disk tells. Protocols/Queue.md, "Limits".
@Suite struct RoomTests {
    @Test func `a member over its quota is put off, its stops are not`() async throws {
        var settings = BrokerSettings()
        settings.normalLettersOfAMember = 2
        settings.urgentLettersOfAMember = 1
        let brokers = try PracticeBrokers(settings: settings)
        let shelter = brokers.connection(PracticeCase.shelter)
        var cases = (0..<3).map { _ in PracticeCase(brokers) }
        var offers: [PracticeLetter] = []
        for index in cases.indices { offers.append(try cases[index].offer()) }
        #expect(try await shelter.push(offers[0]).isStored)
        #expect(try await shelter.push(offers[1]).isStored)
        #expect(try await shelter.push(offers[2]).code == "quota")
        #expect(try await shelter.push(offers[1]).isStored, "what is here already is answered as before")
        #expect(
            try await shelter.push(try cases[0].withdrawal(from: PracticeCase.shelter, after: [offers[0]])).isStored)
        #expect(
            try await shelter.push(try cases[1].withdrawal(from: PracticeCase.shelter, after: [offers[1]])).code
                == "quota")
        // What has gone on makes room.
        try await brokers.exchange()
        #expect(try await shelter.push(offers[2]).isStored)
    }

    @Test func `a slip that names more bytes than its sender may have here does not bring them in`() async throws {
        var settings = BrokerSettings()
        settings.bytesOfAMember = 1_500_000
        let brokers = try PracticeBrokers(settings: settings)
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(offer).isStored)
        let big = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")], parents: [offer.id],
            parts: [
                PracticePart(
                    content: Array(repeating: 1, count: 3_000_000), tier: .t1, basis: .consent, to: PracticeCase.ngo,
                    isAttachment: true)
            ])
        _ = try await shelter.push([big.bare], context: [])
        var taken = 0
        // The list first: it names the pieces.
        for (digest, file) in big.parts.sorted(by: { $0.value.count < $1.value.count }) {
            do {
                _ = try await shelter.putPart(digest, offset: 0, bytes: file, size: file.count)
                taken += file.count
            } catch let error as ExchangeError where error.code == .busy {}
        }
        #expect(taken > 500_000 && taken <= 1_500_000, "\(taken)")
        #expect(try await shelter.push(try one.withdrawal(from: PracticeCase.shelter, after: [offer])).isStored)
    }

    @Test func `a full store puts normal letters off, still takes a stop, loses nothing, and recovers by itself`()
        async throws
    {
        let brokers = try PracticeBrokers(store: SQLiteSettings(maximumBytes: 3_000_000))
        let shelter = brokers.connection(PracticeCase.shelter)
        var stored: [PracticeLetter] = []
        var first: PracticeCase?
        var outcome = PushOutcome.later(code: "", seconds: 0)
        for _ in 0..<60 {
            var one = PracticeCase(brokers)
            let offer = try one.offer(preview: (0..<90_000).map { UInt8(truncatingIfNeeded: $0) })
            outcome = try await shelter.push(offer)
            first = first ?? one
            guard outcome.isStored else { break }
            stored.append(offer)
        }
        #expect(outcome.code == "store.full", "\(outcome)")
        var late = PracticeCase(brokers)
        #expect(try await shelter.push(try late.offer()).code == "store.full")
        let stop = try first!.withdrawal(from: PracticeCase.shelter, after: [stored[0]])
        let answer = try await shelter.push(stop)
        #expect(answer.isStored, "the reserve is for stops: \(answer)")
        // The other broker fetches; then there is room again.
        try await brokers.exchange()
        try await brokers.core(PracticeBrokers.inBroker).sweep()
        var next = PracticeCase(brokers)
        #expect(try await shelter.push(try next.offer()).isStored)
        let there = Set(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id))
        #expect(there.isSuperset(of: stored.dropFirst().map(\.id)))
    }

    @Test func `a broker's files and logs hold nothing of a form, while and after it is carried`() async throws {
        let brokers = try PracticeBrokers()
        // A name in three scripts, planted in the forms, an attachment and the sealed steps; none of it is anybody's.
        let markers = ["Kheya Marker Alpha-7731", "খেয়া মার্কার ৭৭৩১", "खेया मार्कर ७७३१"]
        let content = Array(markers.joined(separator: "\n").utf8)
        var one = PracticeCase(brokers)
        let offer = try one.offer(preview: content)
        let yes = try one.accept(after: offer)
        let consent = try one.fullConsent(after: [yes])
        let dossier = try one.dossier(
            after: [consent], content: content,
            parts: [
                PracticePart(content: content, tier: .t3, basis: .consent, to: PracticeCase.ngo, isAttachment: true)
            ])
        func check(_ when: Comment) throws {
            let needles =
                markers.map { Data($0.utf8) }
                + markers.flatMap { [Data($0.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })] }
                + [Data(content.base64)]
            for name in try FileManager.default.contentsOfDirectory(atPath: brokers.folder.path) {
                let bytes = try Data(contentsOf: brokers.folder.appendingPathComponent(name))
                for needle in needles { #expect(bytes.range(of: needle) == nil, when) }
            }
            let log = brokers.logs.all.joined(separator: "\n")
            for marker in markers { #expect(!log.contains(marker), when) }
        }
        for (letter, from) in [
            (offer, PracticeCase.shelter), (yes, PracticeCase.ngo), (consent, PracticeCase.shelter),
            (dossier, PracticeCase.shelter),
        ] {
            let outcome = try await brokers.connection(from).push(letter)
            #expect(outcome.isStored, "\(outcome)")
            try check("stored")
            try await brokers.exchange()
            try check("forwarded")
        }
        try await brokers.fetch(PracticeCase.ngo)
        try check("fetched")
        // The control: the search finds what is there.
        let slips = try FileManager.default.contentsOfDirectory(atPath: brokers.folder.path).contains { name in
            try Data(contentsOf: brokers.folder.appendingPathComponent(name)).range(of: Data("REFERRAL_OFFER".utf8))
                != nil
        }
        #expect(slips)
        try Data(markers[1].utf8).write(to: brokers.folder.appendingPathComponent("planted"))
        #expect(
            try Data(contentsOf: brokers.folder.appendingPathComponent("planted")).range(of: Data(markers[1].utf8))
                != nil)
    }

    @Test func `after a restart everything goes on where it stood`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            try await brokers.stop(broker)
            try brokers.start(broker)
        }
        try await brokers.exchange()
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            try await brokers.stop(broker)
            try brokers.start(broker)
        }
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter) == [offer.bundle])
        // The history of the case is rebuilt from the slips: the next step is judged as if nothing had been.
        #expect(try await brokers.connection(PracticeCase.ngo).push(try one.accept(after: offer)).isStored)
        let early = try one.dossier(after: [offer])
        #expect(try await brokers.connection(PracticeCase.shelter).push(early).code != nil)
    }

    @Test func `a flood of broken letters leaves the broker alive and its store as it was`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        var bad: [LetterBundle] = [
            LetterBundle(id: offer.id, slip: []), LetterBundle(id: offer.id, slip: [0x30, 0x80]),
        ]
        for cut in stride(from: 1, to: offer.bundle.slip.count, by: 37) {
            bad.append(LetterBundle(id: offer.id, slip: Array(offer.bundle.slip.prefix(cut))))
            var flipped = offer.bundle.slip
            flipped[cut] ^= 0x10
            bad.append(LetterBundle(id: offer.id, slip: flipped))
        }
        // The first letter that is looked at, whatever it is, puts the documents in force into the log.
        _ = try await shelter.push([bad[0]], context: [])
        let before = try await brokers.core(PracticeBrokers.inBroker).status()
        for start in stride(from: 0, to: bad.count, by: 64) {
            for outcome in try await shelter.push(Array(bad[start..<min(bad.count, start + 64)]), context: []) {
                guard case .rejected(let code) = outcome else {
                    Issue.record("taken: \(outcome)")
                    continue
                }
                #expect(code.hasPrefix("gate.") || code.hasPrefix("slip.") || code.hasPrefix("sign"))
            }
        }
        #expect(try await brokers.core(PracticeBrokers.inBroker).status() == before)
        await #expect(throws: ExchangeError(.badRequest, "")) {
            _ = try await shelter.push(
                Array(repeating: offer.bundle, count: BrokerLimits.lettersInAPush + 1), context: [])
        }
        #expect(try await shelter.push(offer).isStored)
    }
}

extension [UInt8] {
    fileprivate var base64: [UInt8] { [UInt8](Data(self).base64EncodedData()) }
}
