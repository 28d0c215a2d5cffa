// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Cryptography
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// What real brokers logged, exported and verified. Protocols/Trail.md.
@Suite struct TrailTests {
    static let pair = [PracticeBrokers.inBroker, PracticeBrokers.bdBroker]

    /// Each broker cosigns the other's newest checkpoint, logs it, and the other keeps it.
    static func cosign(_ brokers: PracticeBrokers) async throws {
        for (own, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let note = try #require(brokers.queue(other).checkpoint)
            let checkpoint = try Checkpoint(text: note.text)
            let keys = try #require(try brokers.world.party(own).logKeys)
            let now = brokers.clock.now
            let cosigned = try note.adding(try keys.witness.cosign(checkpoint, at: now))
            _ = try await brokers.queue(own).write {
                try $0.log(.cosigned(checkpoint.seen, time: now, way: .line), in: nil, at: now)
            }
            try await brokers.queue(other).write {
                try $0.keep(StoredCheckpoint(size: checkpoint.head.size, at: now, note: cosigned.bytes))
            }
        }
    }

    static func export(
        _ brokers: PracticeBrokers, during span: Range<Instant>? = nil, since: [String: Int64]? = nil
    ) throws -> [UInt8] {
        let now = brokers.clock.now
        let policies = try trust(brokers).policies
        return try SQLiteLetterQueue.inspect(path: brokers.path(pair[0])) { inStore in
            try SQLiteLetterQueue.inspect(path: brokers.path(pair[1])) { bdStore in
                var archive: [UInt8] = []
                try TrailExport([inStore, bdStore], policies: policies, during: span, since: since).write(
                    made: now, recipient: "in:practice-auditor", destroy: now + 31_536_000
                ) { archive += $0 }
                return archive
            }
        }
    }

    static func trust(_ brokers: PracticeBrokers) throws -> TrailTrust {
        let directories = try brokers.world.directories(now: brokers.clock.now)
        return TrailTrust(anchors: directories.anchors, policies: directories.logs.mapValues(\.policy))
    }

    static func writeTrust(_ brokers: PracticeBrokers, to trust: URL) throws {
        try FileManager.default.createDirectory(at: trust, withIntermediateDirectories: true)
        try Data(brokers.world.roots.flatMap(\.pem)).write(to: trust.appendingPathComponent("authorities.pem"))
        for (origin, log) in try brokers.world.directories(now: brokers.clock.now).logs {
            try Data(log.policyFile).write(
                to: trust.appendingPathComponent("policy-\(origin.replacing("/", with: "_")).txt"))
        }
    }

    static func verify(
        _ archive: [UInt8], _ brokers: PracticeBrokers, scope: TrailScope = .all
    ) throws -> TrailReport {
        let path = brokers.folder.appendingPathComponent("bundle.trail").path
        try Data(archive).write(to: URL(fileURLWithPath: path))
        return TrailVerifier(trust: try trust(brokers), asOf: brokers.clock.now + 60, scope: scope).verify(
            path: path)
    }

    @Test func `a case with a withdrawal, a refusal and a withheld letter is exported, and passes`() async throws {
        let brokers = try PracticeBrokers()
        var (one, offer, consent) = try await StopTests.consented(brokers)
        let receipt = try one.receipt(from: PracticeCase.ngo, about: offer)
        _ = try await brokers.connection(PracticeCase.ngo).push(receipt)
        // The dossier waits in the mailbox when she says no: it is withheld. Another, which had not seen her no, is stale.
        let dossier = try one.dossier(after: [consent])
        _ = try await brokers.connection(PracticeCase.shelter).push(dossier)
        try await brokers.exchange()
        brokers.clock.advance(30)
        let stop = try one.withdrawal(after: [offer])
        _ = try await brokers.connection(PracticeCase.ngo).push(stop)
        try await brokers.exchange()
        let again = try one.dossier(after: [consent])
        _ = try await brokers.connection(PracticeCase.shelter).push(again)
        for member in [PracticeCase.shelter, PracticeCase.ngo] { try await brokers.fetch(member) }
        try await brokers.exchange()
        brokers.clock.advance(60)
        try await Self.cosign(brokers)
        try await Self.cosign(brokers)
        let report = try Self.verify(try Self.export(brokers), brokers)
        #expect(report.verdict == .pass, "\(report.text)")
        #expect(report.letters >= 6 && report.newest.count == 2)
        let text = String(decoding: try Self.export(brokers), as: UTF8.self)
        #expect(text.contains(#""kind":"withheld""#), "no letter was withheld")
        #expect(text.contains(#""code":"stale""#), "no letter was stale")
        // The second verifier, which shares no code with this one.
        let trust = brokers.folder.appendingPathComponent("trust")
        try Self.writeTrust(brokers, to: trust)
        let small = try SmallVerifier.trail(
            brokers.folder.appendingPathComponent("bundle.trail").path, trust: trust.path,
            asOf: brokers.clock.now.seconds + 60)
        #expect(small.status == 0 && small.places.isEmpty, "\(small.output)")
    }

    @Test func `what was logged since an audit is exported, and the next audit goes on from the one before`()
        async throws
    {
        let brokers = try PracticeBrokers()
        func watch(_ archive: [UInt8], since: TrailState?) throws -> (report: TrailReport, state: TrailState?) {
            let path = brokers.folder.appendingPathComponent("bundle.trail").path
            try Data(archive).write(to: URL(fileURLWithPath: path))
            return TrailVerifier(trust: try Self.trust(brokers), asOf: brokers.clock.now + 60).watch(
                path: path, since: since)
        }
        var (first, offer, consent) = try await StopTests.consented(brokers)
        _ = try await StopTests.accepted(brokers)
        try await Self.cosign(brokers)
        let whole = try Self.export(brokers)
        let held = try watch(whole, since: nil)
        // Both practice cases number their letters from 1.
        #expect(Set(held.report.findings.filter { $0.weight != .note }.map(\.code)) == [.gap], "\(held.report.text)")
        let state = try #require(held.state)
        let sizes = Dictionary(uniqueKeysWithValues: held.report.newest.map { ($0.origin, $0.size) })
        #expect(state.newest == sizes.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value)" }.joined(separator: ","))
        // Only one of the two cases goes on.
        brokers.clock.advance(600)
        let receipt = try first.receipt(from: PracticeCase.ngo, about: offer)
        _ = try await brokers.connection(PracticeCase.ngo).push(receipt)
        _ = try await brokers.connection(PracticeCase.shelter).push(try first.dossier(after: [consent]))
        try await brokers.exchange()
        brokers.clock.advance(60)
        try await Self.cosign(brokers)
        let increment = try Self.export(brokers, since: sizes)
        let next = try watch(increment, since: state)
        #expect(next.report.verdict == .pass && next.report.letters < 6, "\(next.report.text)")
        #expect(try next.state == watch(Self.export(brokers), since: nil).state)
        // Nothing new is nothing new.
        let sizesNow = Dictionary(uniqueKeysWithValues: next.report.newest.map { ($0.origin, $0.size) })
        let again = try watch(Self.export(brokers, since: sizesNow), since: next.state)
        #expect(again.report.verdict == .pass && again.report.letters == 0, "\(again.report.text)")
        #expect(again.state == next.state)
    }

    /// What an audit of one new case costs after an audit of so many old ones, and what one of everything would.
    private static func costs(after old: Int) async throws -> (
        letters: Int, bytes: Int, wholeLetters: Int, wholeBytes: Int
    ) {
        let brokers = try PracticeBrokers()
        func watch(_ archive: [UInt8], since: TrailState?) throws -> (
            report: TrailReport, state: TrailState?, bytes: Int
        ) {
            let path = brokers.folder.appendingPathComponent("bundle.trail").path
            try Data(archive).write(to: URL(fileURLWithPath: path))
            var bytes = 0
            let (report, state) = TrailVerifier(trust: try trust(brokers), asOf: brokers.clock.now + 60).watch(
                path: path, since: since, progress: { bytes = $0 })
            return (report, state, bytes)
        }
        for _ in 0..<old { _ = try await StopTests.accepted(brokers) }
        try await cosign(brokers)
        let before = try watch(try export(brokers), since: nil)
        let sizes = Dictionary(uniqueKeysWithValues: before.report.newest.map { ($0.origin, $0.size) })
        brokers.clock.advance(600)
        _ = try await StopTests.accepted(brokers)
        brokers.clock.advance(60)
        try await cosign(brokers)
        let state = try #require(before.state)
        let next = try watch(try export(brokers, since: sizes), since: state)
        #expect(next.state != nil, "\(next.report.text)")
        let whole = try watch(try export(brokers), since: nil)
        return (next.report.letters, next.bytes, whole.report.letters, whole.bytes)
    }

    @Test func `what an audit reads and judges after another is what is new, however much is old`() async throws {
        let (few, many) = (try await Self.costs(after: 2), try await Self.costs(after: 20))
        #expect(few.letters == many.letters && few.letters > 0)
        #expect(many.wholeLetters - few.wholeLetters == 18 * few.letters)
        // The leaves of the tile in which the audit before ended, and longer proofs.
        let more = many.bytes - few.bytes
        #expect(more < 2 * 8_704 && more * 10 < many.wholeBytes - few.wholeBytes, "\(few) \(many)")
    }

    @Test func `once a day the log says where each case stands, and a row that is not so is found`() async throws {
        let brokers = try PracticeBrokers()
        let core = brokers.core(PracticeBrokers.inBroker)
        #expect(try await !core.logHeadsIfDue())
        _ = try await StopTests.accepted(brokers)
        #expect(try await !core.logHeadsIfDue())
        brokers.clock.advance(86_400)
        #expect(try await core.logHeadsIfDue())
        #expect(try await !core.logHeadsIfDue())
        brokers.clock.advance(86_400)
        // Nothing happened to any case since.
        #expect(try await !core.logHeadsIfDue())
        try await Self.cosign(brokers)
        let honest = try Self.verify(try Self.export(brokers), brokers)
        #expect(honest.verdict == .pass, "\(honest.text)")
        #expect(String(decoding: try Self.export(brokers), as: UTF8.self).contains(#""kind":"heads""#))
        let now = brokers.clock.now
        _ = try await brokers.queue(PracticeBrokers.inBroker).write {
            try $0.log(.heads(root: MerkleHash.empty, count: 1), in: nil, at: now)
        }
        try await Self.cosign(brokers)
        let lying = try Self.verify(try Self.export(brokers), brokers)
        #expect(Set(lying.findings.filter { $0.weight != .note }.map(\.code)) == [.heads], "\(lying.text)")
    }

    @Test func `a checkpoint that contradicts what its log had signed goes into the bundle as evidence`() async throws {
        let brokers = try PracticeBrokers()
        _ = try await StopTests.accepted(brokers)
        try await Self.cosign(brokers)
        #expect(try Self.verify(try Self.export(brokers), brokers).verdict == .pass)
        let keys = try #require(try brokers.world.party(PracticeBrokers.bdBroker).logKeys)
        let origin = keys.log.key.name
        let head = TreeHead(size: 2, root: MerkleHash.leaf([1]))
        let forked = try keys.log.sign(TransparencyLog.Checkpoint(origin: origin, head: head))
        let now = brokers.clock.now
        _ = try await brokers.queue(PracticeBrokers.inBroker).write {
            try $0.log(conflict: TransparencyLog.Checkpoint(text: forked.text).seen, note: forked.bytes, at: now)
        }
        try await Self.cosign(brokers)
        let report = try Self.verify(try Self.export(brokers), brokers)
        let fork = try #require(report.findings.first { $0.code == .fork })
        #expect(fork.origin == origin && fork.leaf == 2 && report.counts[.fork] == 1, "\(report.text)")
    }

    @Test func `a period opens its cases and leaves the rest closed, and passes`() async throws {
        let brokers = try PracticeBrokers()
        _ = try await StopTests.accepted(brokers)
        try await Self.cosign(brokers)
        brokers.clock.advance(86_400)
        let from = brokers.clock.now
        _ = try await StopTests.accepted(brokers)
        brokers.clock.advance(60)
        try await Self.cosign(brokers)
        try await Self.cosign(brokers)
        let period = from..<(from + 3_600)
        let bundle = try Self.export(brokers, during: period)
        let report = try Self.verify(bundle, brokers, scope: .period(period))
        #expect(report.verdict == .pass, "\(report.text)")
        #expect(report.counts[.outside] ?? 0 > 0)
        #expect(try Self.verify(bundle, brokers).verdict == .incomplete, "it is not everything")
        let day = (from + -86_400)..<(from + 3_600)
        #expect(try Self.verify(bundle, brokers, scope: .period(day)).verdict == .fail, "it begins too late")
    }

    @Test func `a log that nobody has cosigned is not exported`() async throws {
        let brokers = try PracticeBrokers()
        _ = try await StopTests.accepted(brokers)
        #expect(throws: StoreError(.unreadable, "")) { try Self.export(brokers) }
    }
}
