// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import Testing
import TransparencyLog

/// Parts by digest. Protocols/Queue.md, "Parts".
@Suite struct PartTests {
    /// 2.4 MiB that no compression and no block makes shorter.
    static func scan() -> [UInt8] {
        var state: UInt64 = 7
        return (0..<2_500_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test func `an attachment goes up in pieces, resumes inside one, crosses both brokers and comes out whole`()
        async throws
    {
        let brokers = try PracticeBrokers()
        let scan = Self.scan()
        var one = PracticeCase(brokers)
        let (offer, _) = (try one.offer(), 0)
        let connection = brokers.connection(PracticeCase.shelter)
        #expect(try await connection.push(offer).isStored)
        let letter = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")],
            parts: [PracticePart(content: scan, tier: .t1, basis: .consent, to: PracticeCase.ngo, isAttachment: true)])
        try #require(letter.parts.count == 5, "steps, list and three pieces")
        // First the slip: it reserves the place; then what it names, then what the list names.
        var outcome = try await connection.push(letter.bare)
        var rounds = 0
        while case .awaitingParts(let missing) = outcome, rounds < 5 {
            rounds += 1
            for digest in missing {
                let file = letter.parts[digest]!
                guard file.count > 500_000 else {
                    #expect(
                        try await connection.putPart(digest, offset: 0, bytes: file, size: file.count)
                            == .stored(file.count))
                    continue
                }
                let first = 300_001
                #expect(
                    try await connection.putPart(digest, offset: 0, bytes: Array(file[..<first]), size: file.count)
                        == .partial(first))
                #expect(try await brokers.connection(PracticeCase.shelter).partState(digest) == .partial(first))
                // A gap is not taken; what overlaps is cut.
                #expect(
                    try await connection.putPart(digest, offset: first + 1, bytes: [1], size: file.count)
                        == .partial(first))
                let state = try await connection.putPart(
                    digest, offset: first - 100, bytes: Array(file[(first - 100)...]), size: file.count)
                #expect(state == .stored(file.count))
                #expect(
                    try await connection.putPart(digest, offset: 0, bytes: file, size: file.count)
                        == .stored(file.count))
            }
            outcome = try await connection.push(letter.bare)
        }
        #expect(outcome.isStored)
        #expect(rounds == 2)
        try await brokers.exchange()
        let ngo = brokers.connection(PracticeCase.ngo)
        let delivered = try #require(try await ngo.pull(limit: 9, waitSeconds: 0).first { $0.letter.id == letter.id })
        var parts = delivered.letter.parts
        #expect(delivered.remaining.count == 3, "only small parts come along")
        for digest in delivered.remaining {
            var file: [UInt8] = []
            var size = 1
            while file.count < size {
                let range = try await ngo.part(digest, offset: file.count, count: 400_000)
                file += range.bytes
                size = range.size
            }
            parts[digest] = file
        }
        #expect(parts == letter.parts)
        // The second broker logs where it came from, though its parts came after its slip.
        let events = try await brokers.queue(PracticeBrokers.bdBroker).read { reading in
            try reading.leaves(of: reading.logs()[0].origin, from: 0, count: .max).map {
                try LogEvent($0.event ?? []).content
            }
        }
        #expect(events.contains { if case .arrived(letter.id, _, _, _) = $0 { true } else { false } })
        // After the acknowledgement the part can no longer be fetched, and soon it is gone.
        try await ngo.acknowledge([letter.id])
        await #expect(throws: ExchangeError(.notFound, "")) {
            _ = try await ngo.part(delivered.remaining[0], offset: 0, count: 10)
        }
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            try await brokers.core(broker).sweep()
            for digest in letter.parts.keys {
                #expect(try await brokers.queue(broker).read { try $0.partSize(digest) } == nil)
            }
        }
        #expect(
            try await brokers.queue(PracticeBrokers.inBroker).read { try $0.holding(of: PracticeCase.shelter).bytes }
                == 0)
    }

    @Test func `no other member gets a part, and no other member sends one`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        _ = try await shelter.push(offer.bare)
        let (digest, file) = offer.parts.first!
        for peer in [Peer.member(PracticeBrokers.stranger), .broker(PracticeBrokers.bdBroker)] {
            let other = brokers.core(PracticeBrokers.inBroker).connection(for: peer)
            await #expect(throws: ExchangeError.self) {
                _ = try await other.putPart(digest, offset: 0, bytes: file, size: file.count)
            }
            await #expect(throws: ExchangeError.self) { _ = try await other.partState(digest) }
        }
        #expect(try await shelter.push(offer).isStored)
        try await brokers.exchange()
        for member in [PracticeBrokers.stranger, PracticeBrokers.investigator] {
            let other = brokers.connection(member)
            await #expect(throws: ExchangeError(.notFound, "")) {
                _ = try await other.part(digest, offset: 0, count: 10)
            }
        }
        #expect(
            try await brokers.connection(PracticeCase.ngo).part(digest, offset: 0, count: 10).bytes
                == Array(file.prefix(10)))
    }

    @Test func `a part that no admitted slip of the sender names is not taken`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let (digest, file) = offer.parts.first!
        let shelter = brokers.connection(PracticeCase.shelter)
        await #expect(throws: ExchangeError(.notFound, "")) {
            _ = try await shelter.putPart(digest, offset: 0, bytes: file, size: file.count)
        }
        #expect(try await brokers.queue(PracticeBrokers.inBroker).read { try $0.partSize(digest) } == nil)
    }

    @Test func `an altered part is refused, its upload is forgotten, and the right one is taken afterwards`()
        async throws
    {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        _ = try await shelter.push(offer.bare)
        for (digest, file) in offer.parts {
            var altered = file
            altered[altered.count - 1] ^= 1
            let half = altered.count / 2
            _ = try await shelter.putPart(digest, offset: 0, bytes: Array(altered[..<half]), size: altered.count)
            await #expect(throws: ExchangeError(.badRequest, "")) {
                _ = try await shelter.putPart(digest, offset: half, bytes: Array(altered[half...]), size: altered.count)
            }
            #expect(try await shelter.partState(digest) == .missing)
            await #expect(throws: ExchangeError(.badRequest, "")) {
                _ = try await shelter.putPart(digest, offset: 0, bytes: file, size: StoreLimits.partBytes + 1)
            }
        }
        #expect(try await brokers.core(PracticeBrokers.inBroker).status().letters[.awaitingParts] == 1)
        for (digest, file) in offer.parts {
            #expect(try await shelter.putPart(digest, offset: 0, bytes: file, size: file.count) == .stored(file.count))
        }
        #expect(try await shelter.push(offer.bare).isStored)
    }

    @Test func `a letter whose last part has come is queued, also when its sender never asks again`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        _ = try await shelter.push(offer.bare)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty, "nothing is delivered before it is whole")
        for (digest, file) in offer.parts {
            _ = try await shelter.putPart(digest, offset: 0, bytes: file, size: file.count)
        }
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [offer.id])
    }

    @Test func `a broker gets only the parts of its own members`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let secret = PracticePart(
            content: Array("for the shelter's own country".utf8), tier: .t1, basis: .consent, to: PracticeCase.ngo)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        let cover = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")], parts: [secret])
        #expect(try await brokers.connection(PracticeCase.shelter).push(cover).isStored)
        try await brokers.exchange()
        let needed = try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.neededParts(of: cover.id) }
        #expect(Set(needed.map(\.recipient)) == [PracticeCase.ngo])
        #expect(Set(needed.map(\.digest)) == Set(cover.parts.keys))
    }

    @Test func `files of one letter may come in any order and any number of bundles, as they lie on a stick`()
        async throws
    {
        for order in 0..<3 {
            let brokers = try PracticeBrokers()
            var one = PracticeCase(brokers)
            let offer = try one.offer()
            #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
            let letter = try one.step(
                from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")],
                parts: [
                    PracticePart(
                        content: Self.scan(), tier: .t1, basis: .consent, to: PracticeCase.ngo, isAttachment: true)
                ])
            let list = letter.slip.parts.first { $0.pieces != nil }!.digest
            // The list first, in the middle, last.
            var digests = letter.parts.keys.filter { $0 != list }.sorted()
            digests.insert(list, at: [0, 2, digests.count][order])
            let courier = brokers.core(PracticeBrokers.inBroker).connection(for: .courier)
            for (index, digest) in digests.enumerated() {
                let bundle = LetterBundle(
                    id: letter.id, slip: letter.bundle.slip, parts: [digest: letter.parts[digest]!])
                #expect(try await courier.push(bundle).isStored == (index == digests.count - 1))
            }
            try await brokers.exchange()
            let ngo = brokers.connection(PracticeCase.ngo)
            let delivery = try #require(
                try await ngo.pull(limit: 9, waitSeconds: 0).first { $0.letter.id == letter.id })
            #expect(Set(delivery.remaining).union(delivery.letter.parts.keys) == Set(letter.parts.keys))
            // By line as well, in the other order: one effect.
            #expect(try await brokers.connection(PracticeCase.shelter).push(letter.bare).isStored)
        }
    }

    @Test func `one file has one recipient: a list that names somebody else's piece is not taken`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(offer).isStored)
        let honest = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")],
            parts: [
                PracticePart(content: Self.scan(), tier: .t1, basis: .consent, to: PracticeCase.ngo, isAttachment: true)
            ])
        // The same list twice in one slip, under two recipients.
        let list = honest.slip.parts.first { $0.pieces != nil }!
        let pieces = String(decoding: honest.parts[list.digest]!, as: UTF8.self).split(separator: "\n")
        let second = Array((pieces.dropFirst().map { $0 + "\n" }).joined().utf8)
        var reference = list
        reference.digest = .sha256(second)
        reference.commitment = .sha256([5])
        reference.pieces = Int64(pieces.count - 1)
        var slip = honest.slip
        slip.parts.append(reference)
        var forger = one
        let forged = try forger.sign(slip, honest.parts.merging([reference.digest: second]) { $1 })
        #expect(try await shelter.push(forged) == .rejected(code: "part.mismatch"))
    }
}
