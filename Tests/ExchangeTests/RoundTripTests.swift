// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Letters
import MessageStore
import Procedure
import Sealing
import Testing

@Suite(.serialized) struct RoundTripTests {
    @Test func `letters arrive as they were sent, and each is answered`() async throws {
        try await PracticeLine.serving { line in
            let letters = (1...6).map { Invented.letter(UInt64($0)) }
            let context = [
                ContextLetter(id: Invented.digest(70), slip: Invented.bytes(900, seed: 70)),
                ContextLetter(
                    id: Invented.digest(71), slip: Invented.bytes(900, seed: 71), void: Invented.bytes(800, seed: 72)),
            ]
            let stop = Invented.digest(80)
            let answers: [PushOutcome] = [
                .stored(relayed: Invented.bytes(301, seed: 5)),
                .awaitingParts([Invented.digest(90), Invented.digest(91)]),
                .waiting([Invented.digest(92)]),
                .refused(code: "G_HOME_COMPLETE", refusal: Invented.digest(93), stop: stop),
                .rejected(code: "slip.malformed"), .later(code: "waiting.full", seconds: 60),
            ]
            for (letter, answer) in zip(letters, answers) { await line.broker.set(outcome: answer, of: letter.id) }
            let outcomes = try await line.calling { try await $0.push(letters, context: context) }
            #expect(outcomes == answers)
            #expect(await line.broker.letters == letters)
            #expect(await line.broker.contexts == context)
        }
    }

    @Test func `ancestors go over without a letter, and as many as there are`() async throws {
        try await PracticeLine.serving { line in
            let stop = ContextLetter(id: Invented.digest(70), slip: Invented.bytes(900, seed: 70))
            let none = try await line.calling { try await $0.push([], context: [stop]) }
            #expect(none.isEmpty)
            #expect(await line.broker.contexts == [stop])
            // Three times what one request carries.
            let long = (0..<200).map {
                ContextLetter(id: Invented.digest(1_000 + $0), slip: Invented.bytes(60_000, seed: 1_000 + $0))
            }
            let letter = Invented.letter(1)
            await line.broker.set(outcome: .rejected(code: "slip.binding"), of: letter.id)
            let outcomes = try await line.calling { try await $0.push([letter], context: long) }
            #expect(outcomes == [.rejected(code: "slip.binding")])
            #expect(await line.broker.contexts == [stop] + long)
        }
    }

    @Test func `many letters go in batches and are answered in their order`() async throws {
        try await PracticeLine.serving { line in
            let letters = (1...300).map { Invented.letter(UInt64($0), parts: [$0 % 7 == 0 ? 60_000 : 500]) }
            for letter in letters where letter.parts.values.contains(where: { $0.count == 60_000 }) {
                await line.broker.set(outcome: .rejected(code: "slip.binding"), of: letter.id)
            }
            let outcomes = try await line.calling { try await $0.push(letters, context: []) }
            #expect(outcomes.count == 300)
            for (index, outcome) in outcomes.enumerated() {
                #expect((outcome == .rejected(code: "slip.binding")) == ((index + 1) % 7 == 0))
            }
            #expect(await line.broker.letters.map(\.id) == letters.map(\.id))
        }
    }

    @Test func `a letter with more parts than a batch holds arrives with what fits`() async throws {
        try await PracticeLine.serving { line in
            let letter = Invented.letter(1, parts: [Int](repeating: 1_000_000, count: 6))
            _ = try await line.calling { try await $0.push([letter], context: []) }
            let arrived = try #require(await line.broker.letters.first)
            #expect(arrived.slip == letter.slip)
            #expect(arrived.parts.count == 4)
            #expect(arrived.parts.allSatisfy { letter.parts[$0.key] == $0.value })
        }
    }

    @Test func `a mailbox hands out letters with their small parts and names the large ones`() async throws {
        try await PracticeLine.serving { line in
            let letter = Invented.letter(3, parts: [500, 70_000])
            let later = Invented.digest(44)
            await line.broker.set(mailbox: [Delivery(letter: letter, remaining: [later])])
            try await line.calling { client in
                let deliveries = try await client.pull(limit: 16, waitSeconds: 0)
                let delivery = try #require(deliveries.first)
                let large = letter.parts.filter { $0.value.count == 70_000 }.keys
                #expect(delivery.letter.id == letter.id && delivery.letter.slip == letter.slip)
                #expect(delivery.letter.parts == letter.parts.filter { $0.value.count == 500 })
                #expect(Set(delivery.remaining) == Set(large).union([later]))
                try await client.acknowledge([letter.id])
                #expect(try await client.pull(limit: 16, waitSeconds: 0).isEmpty)
            }
            #expect(await line.broker.acknowledged == [letter.id])
        }
    }

    @Test func `a mailbox that waits answers as soon as a letter is there`() async throws {
        try await PracticeLine.serving { line in
            try await line.calling { client in
                async let deliveries = client.pull(limit: 1, waitSeconds: 20)
                try await Task.sleep(for: .milliseconds(200))
                await line.broker.set(mailbox: [Delivery(letter: Invented.letter(1))])
                let clock = ContinuousClock()
                let start = clock.now
                #expect(try await deliveries.count == 1)
                #expect(clock.now - start < .seconds(2))
            }
        }
    }

    @Test func `changes, slips and documents come back as they are`() async throws {
        try await PracticeLine.serving { line in
            let rootKey = try PrivateKey.generate()
            let root = try CertificateIssuer.selfSigned(
                subject: DistinguishedName(commonName: "in:authority", organisation: nil, country: nil), key: rootKey,
                notBefore: PracticeLine.now - 60, notAfter: PracticeLine.now + 86_400)
            let documents = try (1...3).map { try Invented.document(root, key: rootKey, version: Int64($0)) }
            await line.broker.set(documents: documents)
            let contexts = (1...40).map {
                ContextLetter(id: Invented.digest($0), slip: Invented.bytes(2_000, seed: $0))
            }
            await line.broker.set(contexts: contexts)
            try await line.calling { client in
                #expect(try await client.changes() == 7)
                #expect(try await client.documents() == documents)
                let slips = try await client.slips(contexts.map(\.id) + [Invented.digest(99)])
                #expect(Set(slips) == Set(contexts))
                #expect(try await client.slips([]).isEmpty)
            }
        }
    }

    @Test func `slips that fill more than one answer all come`() async throws {
        try await PracticeLine.serving { line in
            let contexts = (1...80).map {
                ContextLetter(id: Invented.digest($0), slip: Invented.bytes(90_000, seed: $0))
            }
            await line.broker.set(contexts: contexts)
            let slips = try await line.calling { try await $0.slips(contexts.map(\.id)) }
            #expect(Set(slips) == Set(contexts))
        }
    }

    @Test func `a part goes up and comes down by ranges`() async throws {
        try await PracticeLine.serving { line in
            let part = Invented.bytes(1_000_001)
            let digest = Digest.sha256(part)
            try await line.calling { client in
                #expect(try await client.partState(digest) == .missing)
                #expect(
                    try await client.putPart(digest, offset: 0, bytes: Array(part[..<400_000]), size: part.count)
                        == .partial(400_000))
                #expect(try await client.partState(digest) == .partial(400_000))
                #expect(
                    try await client.putPart(digest, offset: 400_000, bytes: Array(part[400_000...]), size: part.count)
                        == .stored(part.count))
                #expect(try await client.partState(digest) == .stored(part.count))
                var back: [UInt8] = []
                while back.count < part.count {
                    let (bytes, size) = try await client.part(digest, offset: back.count, count: 300_000)
                    #expect(size == part.count)
                    back += bytes
                }
                #expect(back == part)
            }
        }
    }

    @Test func `a broker's error reaches the caller as its code`() async throws {
        try await PracticeLine.serving { line in
            try await line.calling { client in
                for code in [ExchangeError.Code.forbidden, .expired, .badRequest, .notFound, .busy] {
                    await line.broker.set(failure: ExchangeError(code, "for the log"))
                    await #expect(throws: ExchangeError(code, "")) { try await client.changes() }
                }
                await line.broker.set(failure: nil)
                await #expect(throws: ExchangeError(.notFound, "")) {
                    try await client.part(Invented.digest(1), offset: 0, count: 10)
                }
                let digest = await line.broker.set(part: Invented.bytes(10))
                await #expect(throws: ExchangeError(.badRequest, "")) {
                    try await client.part(digest, offset: 10, count: 10)
                }
                let changes = try await client.changes()
                #expect(changes == 7)
            }
        }
    }
}
