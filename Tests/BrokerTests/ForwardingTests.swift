// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Synchronization
import TestSupport
import Testing

/// From broker to broker. Protocols/Queue.md, "Forwarding".
@Suite struct ForwardingTests {
    @Test func `ancestors that the other broker has never seen travel along as slips`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        // The offer goes to the NGO; the next letter of the case goes to nobody of BD's broker but descends from a chain of letters.
        let offer = try one.offer()
        var chain = [offer]
        for _ in 0..<5 {
            chain.append(try one.step(from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")]))
        }
        let shelter = brokers.connection(PracticeCase.shelter)
        for letter in chain { #expect(try await shelter.push(letter).isStored) }
        // The other broker comes back empty: it must learn all from what it is handed.
        let last = brokers.core(PracticeBrokers.inBroker)
        try await brokers.exchange()
        try await brokers.stop(PracticeBrokers.bdBroker)
        try brokers.forget(PracticeBrokers.bdBroker)
        try brokers.start(PracticeBrokers.bdBroker)
        let next = try one.step(from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "COVER")])
        #expect(try await shelter.push(next).isStored)
        _ = try await last.forward(
            to: PracticeBrokers.bdBroker,
            over: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [next.id])
        let known = try await brokers.queue(PracticeBrokers.bdBroker).read { [chain] reading in
            try chain.allSatisfy { try reading.letter($0.id)?.status == .context }
        }
        #expect(known)
    }

    @Test func `a line that breaks loses nothing and doubles nothing, wherever it breaks`() async throws {
        // The call breaks before or after it had its effect, at each of the calls of the whole run.
        for isAfter in [false, true] {
            var broken = 0
            while true {
                let brokers = try PracticeBrokers()
                var one = PracticeCase(brokers)
                let offer = try one.offer(preview: Array(repeating: 7, count: 200_000))
                #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
                let line = BreakingLine(
                    brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker), breaksAt: broken,
                    isAfter: isAfter)
                for _ in 0..<10 {
                    guard
                        let report = try? await brokers.core(PracticeBrokers.inBroker).forward(
                            to: PracticeBrokers.bdBroker, over: line)
                    else { continue }
                    if report.isEmpty { break }
                }
                let inbox = try await brokers.fetch(PracticeCase.ngo)
                #expect(inbox.map(\.letter.id) == [offer.id])
                #expect(try await brokers.core(PracticeBrokers.inBroker).status().isEmpty)
                if !line.hasBroken { break }
                broken += 1
            }
            #expect(broken >= 4, "push, part state, part, push again")
        }
    }

    @Test func `what the other broker refuses comes back as its signed refusal`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        // The stop is at the NGO's broker only: the line is down.
        let stop = try one.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        let dossier = try one.dossier(after: [consent])
        #expect(
            try await brokers.connection(PracticeCase.shelter).push(dossier).isStored, "its own broker knows of nothing"
        )
        _ = try await brokers.core(PracticeBrokers.inBroker).forward(
            to: PracticeBrokers.bdBroker,
            over: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        try await brokers.exchange()
        let inbox = try await brokers.fetch(PracticeCase.shelter)
        let refusal = try #require(try inbox.first { try brokers.slip($0).type == .refusal })
        let slip = try brokers.slip(refusal)
        #expect(slip.from == PracticeBrokers.bdBroker)
        #expect(slip.about == About(letter: dossier.id, code: "stale", stop: stop.id))
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty)
        // Both brokers hold it void now, and neither holds it open.
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            let record = try await brokers.queue(broker).read { try $0.letter(dossier.id) }
            #expect(record?.voidedBy == refusal.letter.id)
            #expect(record?.status == .refused)
            #expect(try await brokers.core(broker).status().isEmpty)
        }
    }

    @Test func `a letter that the other broker puts off rests, and goes later`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        let core = brokers.core(PracticeBrokers.inBroker)
        let line = PuttingOffLine(brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker), times: 1)
        #expect(try await core.forward(to: PracticeBrokers.bdBroker, over: line).resting == 1)
        #expect(try await core.forward(to: PracticeBrokers.bdBroker, over: line).isEmpty)
        #expect(try await core.nextForward(to: PracticeBrokers.bdBroker) == brokers.clock.now + 90)
        brokers.clock.advance(90)
        #expect(try await core.forward(to: PracticeBrokers.bdBroker, over: line).ended == 1)
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [offer.id])
    }

    @Test func `a broker takes from another only what is for its members`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        // Handed to the shelter's own broker by the other one: it is for nobody here.
        let back = brokers.line(from: PracticeBrokers.bdBroker, to: PracticeBrokers.inBroker)
        #expect(try await back.push(offer) == .rejected(code: "signer.not-permitted"))
    }

    @Test func `the two forwarders carry a case by themselves, woken by what is queued`() async throws {
        let brokers = try PracticeBrokers()
        let tasks = [
            (PracticeBrokers.inBroker, PracticeBrokers.bdBroker), (PracticeBrokers.bdBroker, PracticeBrokers.inBroker),
        ].map { from, to in
            Task { try await Forwarder(core: brokers.core(from), to: to) { brokers.line(from: from, to: to) }.run() }
        }
        defer { for task in tasks { task.cancel() } }
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        let ngo = brokers.connection(PracticeCase.ngo)
        #expect(try await ngo.pull(limit: 1, waitSeconds: 20).map(\.letter.id) == [offer.id])
        try await ngo.acknowledge([offer.id])
        let yes = try one.accept(after: offer)
        #expect(try await ngo.push(yes).isStored)
        #expect(
            try await brokers.connection(PracticeCase.shelter).pull(limit: 1, waitSeconds: 20).map(\.letter.id) == [
                yes.id
            ])
        for task in tasks {
            task.cancel()
            _ = await task.result
        }
    }

    @Test func `a stop's slip that the other broker did not take is handed over again`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        // The stop is the shelter's, and its own broker's line loses what goes without a letter.
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer, dossier])
        #expect(
            try await brokers.connection(PracticeCase.shelter).push([stop.bare], context: []).first?.isStored == false)
        let core = brokers.core(PracticeBrokers.inBroker)
        let line = ShakyLine(inner: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        line.losesContext.withLock { $0 = true }
        _ = try await core.forward(to: PracticeBrokers.bdBroker, over: line)
        line.losesContext.withLock { $0 = false }
        brokers.clock.advance(60)
        _ = try await core.forward(to: PracticeBrokers.bdBroker, over: line)
        #expect(try await !brokers.fetch(PracticeCase.ngo).contains { $0.letter.id == dossier.id })
    }

    @Test func `a stop does not stand behind an attachment that is on its way`() async throws {
        let brokers = try PracticeBrokers()
        var (one, _, consent) = try await StopTests.consented(brokers)
        let big = try one.dossier(
            after: [consent],
            parts: [
                PracticePart(
                    content: Array(repeating: 1, count: 6_000_000), tier: .t3, basis: .consent, to: PracticeCase.ngo,
                    isAttachment: true)
            ])
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(big).isStored)
        var other = PracticeCase(brokers)
        let offer = try other.offer()
        #expect(try await shelter.push(offer).isStored)
        let stop = try other.withdrawal(from: PracticeCase.shelter, after: [offer])
        let line = ShakyLine(inner: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        line.onFirstPart.withLock { $0 = { _ = try await shelter.push(stop) } }
        let core = brokers.core(PracticeBrokers.inBroker)
        var arrived: [LetterID] = []
        for _ in 0..<4 {
            _ = try await core.forward(to: PracticeBrokers.bdBroker, over: line)
            arrived += try await brokers.fetch(PracticeCase.ngo).map(\.letter.id)
        }
        #expect(arrived.contains(stop.id) && arrived.contains(big.id), "the upload goes on afterwards")
        #expect(line.partsBefore.withLock { $0[stop.id] } == 1, "and makes way before")
    }
}

/// Every call goes through but the n-th, which breaks before or after it had its effect.
final class BreakingLine: LineAround {
    let inner: any BrokerConnection
    private let breaksAt: Int
    private let isAfter: Bool
    private let calls = Mutex(0)

    init(_ line: any BrokerConnection, breaksAt: Int, isAfter: Bool) {
        inner = line
        self.breaksAt = breaksAt
        self.isAfter = isAfter
    }

    var hasBroken: Bool { calls.withLock { $0 > breaksAt } }

    private func call<Value>(_ body: () async throws -> Value) async throws -> Value {
        let number = calls.withLock { calls in
            defer { calls += 1 }
            return calls
        }
        guard number == breaksAt else { return try await body() }
        if isAfter { _ = try await body() }
        throw ExchangeError(.unreachable, "broken by the test")
    }

    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        try await call { try await inner.push(letters, context: context) }
    }
    func partState(_ digest: Digest) async throws -> PartState { try await call { try await inner.partState(digest) } }
    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        try await call { try await inner.putPart(digest, offset: offset, bytes: bytes, size: size) }
    }
}

/// Puts letters off for 90 seconds so many times.
final class PuttingOffLine: LineAround {
    let inner: any BrokerConnection
    private let times: Mutex<Int>

    init(_ line: any BrokerConnection, times: Int) {
        inner = line
        self.times = Mutex(times)
    }

    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        let isPutOff = times.withLock { times in
            defer { times -= 1 }
            return times > 0
        }
        return isPutOff
            ? letters.map { _ in .later(code: "store.full", seconds: 90) }
            : try await inner.push(letters, context: context)
    }
}

/// A line to a broker that a test disturbs.
private final class ShakyLine: LineAround {
    let inner: any BrokerConnection
    let losesContext = Mutex(false)
    let onFirstPart = Mutex<(@Sendable () async throws -> Void)?>(nil)
    let parts = Mutex(0)
    /// How many part files had gone over when a letter was first pushed.
    let partsBefore = Mutex<[LetterID: Int]>([:])

    init(inner: any BrokerConnection) { self.inner = inner }

    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        let count = parts.withLock { $0 }
        partsBefore.withLock { known in for letter in letters where known[letter.id] == nil { known[letter.id] = count }
        }
        return try await inner.push(letters, context: losesContext.withLock { $0 } ? [] : context)
    }
    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        parts.withLock { $0 += 1 }
        let first = onFirstPart.withLock { body in
            defer { body = nil }
            return body
        }
        try await first?()
        return try await inner.putPart(digest, offset: offset, bytes: bytes, size: size)
    }
}
