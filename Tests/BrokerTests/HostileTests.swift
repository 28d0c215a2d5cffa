// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import Synchronization
import TestSupport
import Testing

/// What somebody who wishes a case ill, or wants the disk, tries. Protocols/Queue.md, "Acceptance", "Stops", "Limits".
@Suite struct HostileTests {
    @Test func `letters that are refused to a stranger put off no party's stop`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, _) = try await StopTests.consented(brokers)
        var foreign = one
        let stranger = brokers.connection(PracticeBrokers.stranger)
        var codes: Set<String> = []
        for _ in 0...BrokerLimits.strangersLettersInACase {
            let cover = try foreign.step(
                from: PracticeBrokers.stranger, to: [PracticeCase.ngo], [Event(code: "COVER")], parents: [offer.id])
            codes.insert(try await stranger.push(cover).code ?? "stored")
        }
        let stop = try one.withdrawal(after: [offer])
        let outcome = try await brokers.connection(PracticeCase.ngo).push(stop)
        #expect(outcome.isStored, "\(outcome)")
        #expect(codes == ["no-party", "case.full"])
    }

    @Test func `a letter that is put off because the case is full does not count as known`() async throws {
        var settings = BrokerSettings()
        settings.lettersInACase = 70
        let brokers = try PracticeBrokers(settings: settings)
        var (one, offer, _) = try await StopTests.consented(brokers)
        let ngo = brokers.connection(PracticeCase.ngo)
        var last: PracticeLetter?
        for _ in 0..<80 {
            let cover = try one.step(
                from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")], parents: [offer.id])
            let outcome = try await ngo.push(cover)
            if case .later = outcome { last = cover; break }
        }
        let phantom = try #require(last)
        #expect(try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(phantom.id) } == nil)
        let stop = try one.withdrawal(after: [offer, phantom])
        _ = try await ngo.push(stop)
        #expect(
            try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.missingAncestors(of: stop.id) } == [
                phantom.id
            ])
    }

    @Test func `a slip shown as context is judged, whatever paper lies beside it`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        #expect(try await brokers.connection(PracticeCase.shelter).push(dossier).isStored)
        try await brokers.exchange()
        var foreign = one
        let stop = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent, parents: [offer.id])
        let paper = try foreign.receipt(from: PracticeBrokers.stranger, about: stop, to: PracticeCase.shelter)
        let stranger = brokers.connection(PracticeBrokers.stranger)
        _ = try await stranger.push(
            [], context: [ContextLetter(id: stop.id, slip: stop.bundle.slip, void: paper.bundle.slip)])
        let record = try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(stop.id) }
        #expect(record?.status == .refused, "kept without judgement")
        #expect(try await stranger.slips([consent.id, offer.id]).isEmpty, "and it opens the slips of the case (M4)")
        #expect(try await brokers.fetch(PracticeCase.ngo).map(\.letter.id) == [dossier.id])
    }

    @Test func `the parts of an urgent letter count in the quota of bytes`() async throws {
        var settings = BrokerSettings()
        settings.bytesOfAMember = 1_500_000
        let brokers = try PracticeBrokers(settings: settings)
        let (one, offer, _) = try await StopTests.consented(brokers)
        var foreign = one
        let big = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.ngo], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent,
            parents: [offer.id, .sha256([1])],
            parts: [
                PracticePart(
                    content: Array(repeating: 1, count: 6_000_000), tier: .t1, basis: .custody, to: PracticeCase.ngo,
                    isAttachment: true)
            ])
        let stranger = brokers.connection(PracticeBrokers.stranger)
        let first = try await stranger.push([big.bare], context: [])
        var taken = 0
        for (digest, file) in big.parts.sorted(by: { $0.value.count < $1.value.count }) {
            do {
                _ = try await stranger.putPart(digest, offset: 0, bytes: file, size: file.count)
                taken += file.count
            } catch let error as ExchangeError where error.code == .busy {}
        }
        #expect(taken <= 1_500_000, "\(taken) \(first)")
    }

    @Test(arguments: [Lane.urgent, .normal]) func `the parts of an urgent letter leave the reserve to stops`(lane: Lane)
        async throws
    {
        let brokers = try PracticeBrokers(store: SQLiteSettings(maximumBytes: 12_000_000))
        var (one, offer, _) = try await StopTests.consented(brokers)
        let ngo = brokers.connection(PracticeCase.ngo)
        let hold = Event(
            code: "HOLD_BD",
            facts: [
                "hold_reason": .text("safety"), "review_by": .text("2027-02-01"), "order_seen": .text("not_applicable"),
            ])
        let big = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], lane == .normal ? [Event(code: "COVER")] : [hold],
            lane: lane, parents: [offer.id],
            parts: [
                PracticePart(
                    content: Array(repeating: 1, count: 15_000_000), tier: .t1, basis: .consent,
                    to: PracticeCase.shelter, isAttachment: true)
            ])
        let first = try await ngo.push([big.bare], context: [])
        var words: Set<String> = ["\(first)".prefix(60).description]
        func put(_ digest: Digest, _ file: [UInt8], _ offset: Int, _ count: Int) async -> Bool {
            do {
                _ = try await ngo.putPart(
                    digest, offset: offset, bytes: Array(file[offset..<offset + count]), size: file.count);
                return true
            } catch {
                words.insert("\(error)")
                return false
            }
        }
        for (digest, file) in big.parts.sorted(by: { $0.value.count < $1.value.count }) {
            if await put(digest, file, 0, file.count) {
                if file.count > 500_000 { try await Task.sleep(for: .milliseconds(1_050)) }
                continue
            }
            guard file.count > 500_000 else { continue }
            var offset = 0, sent = 0
            for size in [65_536, 8_192, 512] {
                while offset + size < file.count, await put(digest, file, offset, size) {
                    offset += size
                    sent += size
                    if sent > 200_000 { sent = 0; try await Task.sleep(for: .milliseconds(1_050)) }
                }
            }
        }
        let stop = try one.withdrawal(after: [offer])
        let outcome = try await ngo.push(stop)
        #expect(outcome.isStored, "\(lane): \(outcome) \(words)")
    }

    @Test func `unfinished uploads count in the quota`() async throws {
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
                    content: (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 / 999_983) }, tier: .t1,
                    basis: .consent, to: PracticeCase.ngo, isAttachment: true)
            ])
        _ = try await shelter.push([big.bare], context: [])
        var held = 0
        for (digest, file) in big.parts.sorted(by: { $0.value.count < $1.value.count }) {
            if file.count < 500_000 {
                _ = try? await shelter.putPart(digest, offset: 0, bytes: file, size: file.count); continue
            }
            if case .partial(let count)? = try? await shelter.putPart(
                digest, offset: 0, bytes: Array(file.dropLast()), size: file.count)
            {
                held += count
            }
        }
        #expect(held <= 1_500_000, "\(held) bytes of unfinished uploads")
    }

    @Test func `what was under way to the other broker when a stop came may have been seen`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        let dossier = try one.dossier(after: [consent])
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        let shelter = brokers.connection(PracticeCase.shelter)
        #expect(try await shelter.push(dossier).isStored)
        let line = SlowLine(inner: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        line.after.withLock {
            $0 = {
                // the other broker has it, and its reader too, before the answer comes back
                let read = try await brokers.fetch(PracticeCase.ngo).map(\.letter.id)
                #expect(read == [dossier.id])
                #expect(try await shelter.push(stop).isStored)
            }
        }
        _ = try await brokers.core(PracticeBrokers.inBroker).forward(to: PracticeBrokers.bdBroker, over: line)
        let papers = try await brokers.fetch(PracticeCase.shelter).compactMap { try brokers.slip($0).about }.filter {
            $0.letter == dossier.id
        }
        #expect(papers.map(\.code) == ["seen-possibly"], "\(papers)")
        let record = try await brokers.queue(PracticeBrokers.inBroker).read { try $0.letter(dossier.id) }
        #expect(record?.voidedBy == nil)
    }

    @Test func `a letter whose consent ended by expiry is withheld when she withdraws`() async throws {
        let brokers = try PracticeBrokers()
        let shelter = brokers.connection(PracticeCase.shelter)
        var (one, offer, yes) = try await StopTests.accepted(brokers)
        let made = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo],
            [
                Event(
                    code: "SHARE_CONSENT_FULL",
                    facts: [
                        "consent_ref": .text("00112233445566778899aabbccddeeff"),
                        "recipient": .text(PracticeCase.ngo.text), "valid_until": .text("2027-05-01"),
                        "given_by": .text("self"), "assent": .text("not_applicable"),
                    ])
            ],
            parents: [yes.id], expires: 3_600)
        let consent = made
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        #expect(try await shelter.push(consent).isStored)
        #expect(try await shelter.push(answer).isStored)
        try await brokers.exchange()  // both lie in the NGO's mailbox; its node is off
        brokers.clock.advance(7_200)  // the consent's letter expires, the answer does not
        try await brokers.core(PracticeBrokers.bdBroker).sweep()
        let state = try await brokers.queue(PracticeBrokers.bdBroker).read {
            [try $0.letter(consent.id)?.status, try $0.letter(answer.id)?.status]
        }
        #expect(state == [.expired, .queued])
        let stop = try one.withdrawal(from: PracticeCase.shelter, after: [offer])
        #expect(try await shelter.push(stop).isStored)
        try await brokers.exchange()
        let got = try await brokers.fetch(PracticeCase.ngo).map(\.letter.id)
        #expect(got.contains(stop.id))
        #expect(!got.contains(answer.id), "left after the withdrawal")
    }

    @Test func `the letter that opens a case says its profile though another letter came first`() async throws {
        let brokers = try PracticeBrokers()
        let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Protocols/Profiles/in-bd-repatriation/profile.json")
        let text = try String(contentsOf: path, encoding: .utf8)
        let current = PracticeBrokers.profile.value.version
        let file = try ProfileDocument.canonicalBytes(
            ofSource: Array(text.replacingOccurrences(of: "\"\(current)\"", with: "\"9.9.9\"").utf8))
        let other = try ProfileDocument.read(file, digest: .sha256(file))
        #expect(other.digest != PracticeBrokers.profile.value.digest)
        for id in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] {
            brokers.core(id).use(brokers.core(id).directories, profiles: [other])
        }
        var one = PracticeCase(brokers)
        let template = try one.offer()
        var slip = template.slip
        slip.profile = ProfileReference(id: other.id, version: other.version, digest: other.digest)
        var two = PracticeCase(brokers)
        slip.caseID = two.caseID
        let offer = try two.sign(slip, template.parts)
        // a stop under the old profile is at the NGO's broker first
        let stop = try two.withdrawal(after: [offer])
        #expect(try await brokers.connection(PracticeCase.ngo).push(stop).isStored)
        #expect(try await brokers.connection(PracticeCase.shelter).push(offer).isStored)
        try await brokers.exchange()
        let status = try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(offer.id) }
        #expect(status?.status != .refused, "\(String(describing: status?.code))")
    }

    @Test func `what is leased fits into one answer`() async throws {
        let brokers = try PracticeBrokers()
        let shelter = brokers.connection(PracticeCase.shelter)
        for _ in 0..<90 {
            var one = PracticeCase(brokers)
            #expect(try await shelter.push(try one.offer(preview: Array(repeating: 3, count: 50_000))).isStored)
        }
        try await brokers.exchange()
        let got = try await brokers.connection(PracticeCase.ngo).pull(limit: 256, waitSeconds: 0)
        // As the server's BundleArchive.add(_:room:) does it.
        func cost(_ n: Int) -> Int { 512 + (n + 511) / 512 * 512 }
        var size = 1_024, handed = 0
        for d in got {
            let reserve = cost((d.remaining.count + d.letter.parts.count) * 65)
            guard size + cost(d.letter.slip.count) + reserve <= 4_194_304 else { break }
            size += cost(d.letter.slip.count)
            var left = d.remaining.count
            for p in d.letter.parts.sorted(by: { $0.key < $1.key }) {
                if size + cost(p.value.count) <= 4_194_304 - reserve { size += cost(p.value.count) } else { left += 1 }
            }
            if left > 0 { size += cost(left * 65) }
            handed += 1
        }
        #expect(handed == got.count, "leased \(got.count), handed out \(handed)")
    }

    @Test func `who was given a letter with a gap is told when it is refused`() async throws {
        let brokers = try PracticeBrokers()
        let (one, offer, _) = try await StopTests.consented(brokers)
        var foreign = one
        let cover = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "COVER")], lane: .urgent,
            parents: [offer.id])
        let stop = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeCase.shelter], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent,
            parents: [offer.id, cover.id])
        let stranger = brokers.connection(PracticeBrokers.stranger)
        #expect(try await stranger.push(stop).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter.id) == [stop.id])
        _ = try await stranger.push(cover)
        try await brokers.exchange()
        let told = try await brokers.fetch(PracticeCase.shelter).compactMap { try brokers.slip($0).about }
        #expect(told.contains { $0.letter == stop.id }, "\(told)")
    }

    @Test func `slips that a party shows as context put off no stop of another`() async throws {
        var settings = BrokerSettings()
        settings.lettersInACase = 66
        let brokers = try PracticeBrokers(settings: settings)
        var (one, offer, _) = try await StopTests.consented(brokers)
        let ngo = brokers.connection(PracticeCase.ngo)
        var shown: [ContextLetter] = []
        for _ in 0..<70 {
            let cover = try one.step(
                from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")], parents: [offer.id])
            shown.append(ContextLetter(id: cover.id, slip: cover.bundle.slip))
        }
        _ = try await ngo.push([], context: shown)
        let stop = try one.withdrawal(after: [offer])
        let outcome = try await ngo.push(stop)
        #expect(outcome.isStored, "\(outcome)")
    }

    @Test func `a fact that came before the withdrawal on which it rests is not named as the stop`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        let stop = try one.withdrawal(after: [offer])
        let fact = try one.step(
            from: PracticeCase.ngo, to: [PracticeCase.shelter], [Event(code: "COVER")], lane: .urgent,
            parents: [offer.id, stop.id])
        let ngo = brokers.connection(PracticeCase.ngo)
        #expect(try await ngo.push(fact).isStored)
        #expect(try await ngo.push(stop).isStored)
        let answer = try one.step(
            from: PracticeCase.shelter, to: [PracticeCase.ngo], [Event(code: "ANSWER")], parents: [consent.id],
            parts: [PracticePart(content: Array("answer".utf8), tier: .t2, basis: .consent, to: PracticeCase.ngo)])
        #expect(try await brokers.connection(PracticeCase.shelter).push(answer).isStored)
        _ = try await brokers.core(PracticeBrokers.inBroker).forward(
            to: PracticeBrokers.bdBroker,
            over: brokers.line(from: PracticeBrokers.inBroker, to: PracticeBrokers.bdBroker))
        let got = try await brokers.fetch(PracticeCase.ngo)
        #expect(!got.contains { $0.letter.id == answer.id })
        let record = try await brokers.queue(PracticeBrokers.bdBroker).read { try $0.letter(answer.id) }
        #expect(
            record?.stop == stop.id,
            "named \(record?.stop == fact.id ? "the fact" : "\(String(describing: record?.stop))")")
    }
}

private final class SlowLine: LineAround {
    let inner: any BrokerConnection
    let after = Mutex<(@Sendable () async throws -> Void)?>(nil)
    init(inner: any BrokerConnection) { self.inner = inner }
    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        let outcomes = try await inner.push(letters, context: context)
        let body = after.withLock { b in
            defer { b = nil }; return b
        }
        try await body?()
        return outcomes
    }
}
