// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// Carrying out an order of erasure at real brokers, and what their bundles show then. Protocols/Queue.md §13, Trail.md §7.
@Suite struct ErasureTests {
    static let pair = [PracticeBrokers.inBroker, PracticeBrokers.bdBroker]
    static let retention = PracticeBrokers.profile.value.retentionSeconds

    /// Two brokers, and the case that is to be erased.
    struct Scene {
        let brokers: PracticeBrokers
        var one: PracticeCase
        var letters: [PracticeLetter] = []

        init() throws {
            brokers = try PracticeBrokers()
            one = PracticeCase(brokers)
        }

        func core(_ place: Int) -> BrokerCore { brokers.core(pair[place]) }

        /// Delivers a letter everywhere; each addressee answers, unless told otherwise.
        mutating func deliver(
            _ letter: PracticeLetter, in its: WritableKeyPath<Scene, PracticeCase>, answers: Bool = true
        )
            async throws
        {
            let outcome = try await brokers.connection(letter.slip.from).push(letter)
            guard outcome.isStored else { throw TestError("\(outcome)") }
            letters.append(letter)
            try await settle()
            guard answers else { return }
            for member in letter.slip.to.map(\.member) {
                for state in [About.State.valid, .acted] {
                    try await answer(member, letter, state, in: its)
                }
            }
        }

        mutating func answer(
            _ member: MemberID, _ letter: PracticeLetter, _ state: About.State, code: String? = nil,
            in its: WritableKeyPath<Scene, PracticeCase>
        ) async throws {
            let receipt = try self[keyPath: its].receipt(from: member, about: letter, state, code: code)
            _ = try await brokers.connection(member).push(receipt)
            try await settle()
        }

        func settle() async throws {
            try await brokers.exchange()
            for member in [PracticeBrokers.shelter, PracticeBrokers.ngo, PracticeBrokers.nodal] {
                try await brokers.fetch(member)
            }
        }

        /// A dossier that she took back: the case is over.
        mutating func over() async throws {
            let offer = try one.offer()
            try await deliver(offer, in: \.one)
            let yes = try one.accept(after: offer)
            try await deliver(yes, in: \.one)
            let consent = try one.fullConsent(after: [yes])
            try await deliver(consent, in: \.one)
            let dossier = try one.dossier(after: [consent])
            try await deliver(dossier, in: \.one)
            brokers.clock.advance(600)
            try await deliver(try one.withdrawal(from: PracticeBrokers.shelter, after: [dossier]), in: \.one)
        }

        /// An order of oversight in the case itself, for both logs.
        ///
        /// - Parameter parent: what it follows; else the newest letter.
        mutating func orderContent(
            after parent: PracticeLetter? = nil,
            to members: [MemberID] = [PracticeBrokers.shelter, PracticeBrokers.ngo].sorted(), answers: Bool = true
        ) async throws -> PracticeLetter {
            var events: [Event] = []
            for place in [0, 1] { events.append(order(try await core(place).erasure(.content, of: [one.caseID]))) }
            let letter = try one.step(
                from: PracticeBrokers.nodal, to: members, events,
                parents: [(parent ?? letters[letters.count - 1]).id])
            try await deliver(letter, in: \.one, answers: answers)
            return letter
        }

        /// A court's word that nothing may go: sealed, so that no broker can read what it is.
        mutating func hold(after parents: [PracticeLetter]) async throws {
            let hold = try one.step(
                from: PracticeBrokers.shelter, to: [PracticeBrokers.ngo], [Event(code: "LEGAL_HOLD_SET")],
                lane: .urgent, parents: parents.map(\.id))
            try await deliver(hold, in: \.one)
        }

        /// What a broker does that asks nobody: the log says that it erased.
        func erase(
            _ erasure: Erasure, by order: PracticeLetter, closing profiles: [Digest] = [], at place: Int = 0
        ) async throws {
            let (now, slip) = (brokers.clock.now, Digest.sha256(order.bundle.slip))
            try await brokers.queue(pair[place]).write { store in
                for profile in profiles {
                    try store.log(.closed(profile: profile, verdict: .kept, steps: 1, weeks: 1), in: nil, at: now)
                }
                try store.log(
                    .erased(leaves: erasure.leaves, level: erasure.level, letter: order.id, slip: slip), in: nil,
                    at: now)
            }
        }

        func order(_ erasure: Erasure) -> Event {
            Event(code: "ERASURE_ORDER", facts: erasure.facts.facts)
        }

        var two: PracticeCase {
            get { second ?? one.next() }
            set { second = newValue }
        }
        private var second: PracticeCase?

        /// An order in a case of its own, which a party asked for.
        mutating func orderRecord(at place: Int, of cases: Set<CaseID>? = nil) async throws -> PracticeLetter {
            two = (second ?? one).next()
            let member = place == 0 ? PracticeBrokers.shelter : PracticeBrokers.ngo
            let asked = try two.step(from: member, to: [PracticeBrokers.nodal], [Event(code: "ESCALATION")])
            try await deliver(asked, in: \.two)
            let erasure = try await core(place).erasure(.record, of: cases ?? [one.caseID])
            let letter = try two.step(
                from: PracticeBrokers.nodal, to: [member], [order(erasure)], parents: [asked.id])
            try await deliver(letter, in: \.two)
            return letter
        }

        /// What both logs show, to both verifiers.
        func audit() async throws -> TrailReport {
            brokers.clock.advance(60)
            for _ in 0..<2 { try await TrailTests.cosign(brokers) }
            let report = try TrailTests.verify(try TrailTests.export(brokers), brokers)
            let trust = brokers.folder.appendingPathComponent("trust")
            try TrailTests.writeTrust(brokers, to: trust)
            let python = try SmallVerifier.trail(
                brokers.folder.appendingPathComponent("bundle.trail").path, trust: trust.path,
                asOf: brokers.clock.now.seconds + 60)
            #expect(python.places == report.places, "\(python.output)\n\(report.text)")
            return report
        }

        /// All bytes of a broker's files.
        func files(of place: Int) throws -> Data {
            let name = URL(fileURLWithPath: brokers.path(pair[place])).lastPathComponent
            return try FileManager.default.contentsOfDirectory(atPath: brokers.folder.path)
                .filter { $0.hasPrefix(name) }
                .reduce(into: Data()) { $0 += try Data(contentsOf: brokers.folder.appendingPathComponent($1)) }
        }
    }

    @Test func `an order in a case that is not over is refused with the guard's name`() async throws {
        var scene = try Scene()
        let offer = try scene.one.offer()
        try await scene.deliver(offer, in: \.one)
        let erasure = try await scene.core(0).erasure(.content, of: [scene.one.caseID])
        let order = try scene.one.step(
            from: PracticeBrokers.nodal, to: [PracticeBrokers.shelter], [scene.order(erasure)], parents: [offer.id])
        guard case .refused(let code, _, _) = try await scene.brokers.connection(PracticeBrokers.nodal).push(order)
        else { throw TestError("not refused") }
        #expect(code == "G_CASE_OVER")
        await #expect(throws: ErasureError(.notAdmitted, "")) { try await scene.core(0).erase(by: order.id) }
    }

    @Test func `what an order names is erased, first the content, then the record, and the bundles verify and say so`()
        async throws
    {
        var scene = try Scene()
        try await scene.over()
        let caseID = scene.one.caseID
        let content = try await scene.orderContent()
        for place in [0, 1] {
            let done = try await scene.core(place).erase(by: content.id)
            #expect(done.level == .content && done.leaves.count > 10)
            await #expect(throws: ErasureError(.done, "")) { try await scene.core(place).erase(by: content.id) }
        }
        var report = try await scene.audit()
        #expect(report.verdict == .pass && report.counts[.erased] == 2, "\(report.text)")

        let record = try await scene.orderRecord(at: 0)
        let other = try await scene.orderRecord(at: 1)
        let core = scene.core(0)
        await #expect(throws: ErasureError(.retention, "")) { try await core.erase(by: record.id, record: [caseID]) }
        scene.brokers.clock.advance(Self.retention)
        await #expect(throws: ErasureError(.otherLeaves, "")) {
            try await core.erase(by: record.id, record: [caseID, CaseID("00000000000000000000000000000001")!])
        }
        let markers: [(String, Data)] = [
            ("case", Data(caseID.text.utf8)), ("slip", Data(scene.letters[3].bundle.slip.dropFirst(200).prefix(64))),
            ("letter", Data(scene.letters[3].id.bytes)),
        ]
        for (name, marker) in markers { #expect(try scene.files(of: 0).range(of: marker) != nil, "no \(name) before") }
        let done = try await core.erase(by: record.id, record: [caseID])
        for (name, marker) in markers { #expect(try scene.files(of: 0).range(of: marker) == nil, "\(name) is left") }
        for (name, marker) in markers {
            #expect(try scene.files(of: 1).range(of: marker) != nil, "\(name) at the other")
        }

        // Half erased: the other log still tells the case.
        report = try await scene.audit()
        #expect(report.verdict == .pass, "\(report.text)")
        let said = try #require(report.findings.first { $0.code == .erased && $0.letter == record.id })
        #expect(said.detail == "record of \(done.leaves.count) leaves, ordered by in:nodal")

        _ = try await scene.core(1).erase(by: other.id, record: [caseID])
        for (name, marker) in markers { #expect(try scene.files(of: 1).range(of: marker) == nil, "\(name) is left") }
        report = try await scene.audit()
        #expect(report.verdict == .pass && report.counts[.erased] == 4, "\(report.text)")
        #expect(
            String(decoding: try TrailTests.export(scene.brokers), as: UTF8.self).range(of: caseID.text) == nil)

        // The broker begins again with what is left.
        try await scene.brokers.stop(Self.pair[0])
        try scene.brokers.start(Self.pair[0])
        #expect(scene.brokers.queue(Self.pair[0]).halt == nil)
        try await scene.brokers.queue(Self.pair[0]).verifyLog()
    }

    @Test(arguments: [true, false])
    func `a hold that an order does not follow stops it, whichever came first, and auditors find who went on`(
        _ isBefore: Bool
    ) async throws {
        var scene = try Scene()
        try await scene.over()
        let withdrawal = scene.letters[scene.letters.count - 1]
        if isBefore { try await scene.hold(after: [withdrawal]) }
        let ordered = try await scene.core(0).erasure(.content, of: [scene.one.caseID])
        let order = try await scene.orderContent(after: withdrawal)
        if !isBefore { try await scene.hold(after: [withdrawal]) }
        for place in [0, 1] {
            await #expect(throws: ErasureError(.objected, "")) { try await scene.core(place).erase(by: order.id) }
        }
        #expect(try await scene.audit().verdict == .pass)
        try await scene.erase(ordered, by: order)
        let report = try await scene.audit()
        let found = report.findings.filter { $0.weight != .note }
        #expect(found.map(\.code) == [.erasure] && found[0].letter == order.id, "\(report.text)")
    }

    @Test func `who has only heard of a pseudonym stops no erasure, and is no hold for auditors`() async throws {
        var scene = try Scene()
        try await scene.over()
        let order = try await scene.orderContent()
        var foreign = scene.one
        let stop = try foreign.step(
            from: PracticeBrokers.stranger, to: [PracticeBrokers.shelter], [Event(code: "LEGAL_HOLD_SET")],
            lane: .urgent, parents: [.sha256([9])])
        #expect(try await scene.brokers.connection(PracticeBrokers.stranger).push(stop).isStored)
        try await scene.settle()
        for place in [0, 1] { _ = try await scene.core(place).erase(by: order.id) }
        let report = try await scene.audit()
        #expect(report.counts[.erasure] == nil && report.counts[.erased] == 2, "\(report.text)")
    }

    @Test func `an order that follows the hold is its judges' to refuse`() async throws {
        var scene = try Scene()
        try await scene.over()
        try await scene.hold(after: [scene.letters[scene.letters.count - 1]])
        let order = try await scene.orderContent()
        for place in [0, 1] { _ = try await scene.core(place).erase(by: order.id) }
        #expect(try await scene.audit().verdict == .pass)
    }

    @Test func `who has left the network is neither asked nor waited for; who stays is`() async throws {
        var scene = try Scene()
        try await scene.over()
        let passing = try await scene.orderContent(to: [PracticeBrokers.shelter])
        let silent = try await scene.orderContent(answers: false)
        try await scene.answer(PracticeBrokers.shelter, silent, .valid, in: \.one)
        for (place, order) in [passing, silent].enumerated() {
            await #expect(throws: ErasureError(.unanswered, "")) { try await scene.core(place).erase(by: order.id) }
        }
        let draft = try await scene.core(0).erasureDraft(of: scene.one.caseID)
        #expect(draft.parties.contains(PracticeBrokers.ngo))
        scene.brokers.clock.advance(60)
        try scene.brokers.publish(PracticeWorld.bdAuthority) { authority, draft in
            try authority.remove(PracticeBrokers.ngo, from: &draft, at: scene.brokers.clock.now)
        }
        #expect(
            try await scene.core(0).erasureDraft(of: scene.one.caseID).parties
                == draft.parties.filter { $0 != PracticeBrokers.ngo })
        _ = try await scene.core(0).erase(by: passing.id)
        _ = try await scene.core(1).erase(by: silent.id)
        let report = try await scene.audit()
        #expect(report.counts[.erasure] == nil && report.counts[.erased] == 2, "\(report.text)")
        #expect(report.findings.contains { $0.detail.hasSuffix("1 parties had left, and were not asked") })
    }

    /// Profiles of the order and of the two cases whose record it takes: true for the one that keeps longer.
    @Test(arguments: [[true, false, false], [false, true, false], [false, false, true]])
    func `the longest retention of the order's profile and of all named cases' counts, for broker and auditors`(
        _ isLonger: [Bool]
    ) async throws {
        var scene = try Scene()
        let longer = try PracticeSuccessor(of: PracticeBrokers.profile.file, keepingDays: 4_000)
        try scene.brokers.putInForce(longer)
        func version(_ place: Int) -> PracticeSuccessor? { isLonger[place] ? longer : nil }
        var cases: [CaseID] = []
        for place in [1, 2] {
            if place > 1 { scene.one = scene.one.next() }
            scene.one.version = version(place)
            try await scene.over()
            cases.append(scene.one.caseID)
            // So that auditors know after what the leaves that follow were logged.
            try await TrailTests.cosign(scene.brokers)
            let content = try await scene.orderContent()
            _ = try await scene.core(0).erase(by: content.id)
        }
        scene.one.version = version(0)
        let record = try await scene.orderRecord(at: 0, of: Set(cases))
        let erasure = try await scene.core(0).erasure(.record, of: Set(cases))
        scene.brokers.clock.advance(Self.retention + 86_400)
        await #expect(throws: ErasureError(.retention, "")) {
            try await scene.core(0).erase(by: record.id, record: Set(cases))
        }
        let profiles = [1, 2].map { version($0)?.profile.digest ?? PracticeBrokers.profile.value.digest }
        try await scene.erase(erasure, by: record, closing: profiles)
        let early = try await scene.audit()
        #expect(early.findings.contains { $0.code == .erasure && $0.letter == record.id }, "\(early.text)")
    }

    @Test func `an order waits for those who can read more, and one objection stops it`() async throws {
        var scene = try Scene()
        try await scene.over()
        let order = try await scene.orderContent(answers: false)
        await #expect(throws: ErasureError(.unanswered, "")) { try await scene.core(0).erase(by: order.id) }
        try await scene.answer(PracticeBrokers.shelter, order, .valid, in: \.one)
        try await scene.answer(PracticeBrokers.ngo, order, .invalid, code: "G_NO_LEGAL_HOLD", in: \.one)
        for place in [0, 1] {
            await #expect(throws: ErasureError(.objected, "")) { try await scene.core(place).erase(by: order.id) }
        }
    }

    @Test func `no record is erased before an order in the case itself, nor after something urgent came`() async throws
    {
        var scene = try Scene()
        try await scene.over()
        let first = try await scene.orderRecord(at: 0)
        scene.brokers.clock.advance(Self.retention)
        await #expect(throws: ErasureError(.contentFirst, "")) {
            try await scene.core(0).erase(by: first.id, record: [scene.one.caseID])
        }
        await #expect(throws: ErasureError(.noOrder, "")) {
            try await scene.core(0).erase(by: scene.letters[0].id, record: [scene.one.caseID])
        }
        await #expect(throws: ErasureError(.noOrder, "")) {
            try await scene.core(0).erase(by: first.id, record: [scene.two.caseID])
        }
    }

    @Test func `what nobody ordered and is not there is found by both verifiers`() async throws {
        var scene = try Scene()
        try await scene.over()
        let core = scene.core(0)
        let all = try await core.erasure(.record, of: [scene.one.caseID])
        let caseID = scene.one.caseID
        _ = try await scene.brokers.queue(Self.pair[0]).write { try $0.erase(caseID, all.leaves, of: all.origin) }
        let report = try await scene.audit()
        #expect(report.verdict == .fail && report.counts[.unopened] == all.leaves.count, "\(report.text)")
    }
}
