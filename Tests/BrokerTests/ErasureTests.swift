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
        mutating func orderContent(answers: Bool = true) async throws -> PracticeLetter {
            var events: [Event] = []
            for place in [0, 1] { events.append(order(try await core(place).erasure(.content, of: [one.caseID]))) }
            let letter = try one.step(
                from: PracticeBrokers.nodal, to: [PracticeBrokers.shelter, PracticeBrokers.ngo].sorted(), events,
                parents: [letters[letters.count - 1].id])
            try await deliver(letter, in: \.one, answers: answers)
            return letter
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
