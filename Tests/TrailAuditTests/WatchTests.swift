// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// One audit after another: each reads what is new and goes on from what the one before has verified. Protocols/Trail.md §9.
@Suite struct WatchTests {
    /// The same world, looked at again and again: after each letter of two cases that one after the other are told.
    static let moments: [PracticeBundle] = {
        do {
            var trail = try PracticeTrail()
            var bundles: [PracticeBundle] = []
            try trail.tell("withdrawn-accepted", as: "withdrawn") { bundles.append(try PracticeBundle($0)) }
            try trail.tell("main-path-adult", as: "main", first: 18) { bundles.append(try PracticeBundle($0)) }
            return bundles
        } catch { fatalError("\(error)") }
    }()

    private static func watch(
        _ bundle: PracticeBundle, since: TrailState?, asOf: Instant? = nil
    ) throws -> (report: TrailReport, state: TrailState?) {
        let disk = try bundle.write()
        return TrailVerifier(trust: try TrailTrust(folder: disk.trust), asOf: asOf ?? bundle.asOf).watch(
            path: disk.bundle, since: since)
    }

    private static func sizes(_ bundle: PracticeBundle) -> [String: Int64] { bundle.manifest.logs.mapValues(\.to) }

    /// The bundle as an increment after another.
    private static func increment(_ bundle: PracticeBundle, after earlier: PracticeBundle) -> PracticeBundle {
        var bundle = bundle
        bundle.since = sizes(earlier)
        return bundle
    }

    /// A state as the next audit reads it.
    private static func kept(_ state: TrailState?) throws -> TrailState {
        let state = try #require(state)
        let read = try TrailState(state.bytes)
        #expect(read == state)
        return read
    }

    @Test(arguments: [1, 3, 7]) func `audits one after another know in the end what one of everything knows`(
        _ stride: Int
    ) throws {
        let bundles = Self.moments
        var before = bundles[0]
        var state = try Self.kept(try Self.watch(before, since: nil).state)
        var letters = 0
        for place in Swift.stride(from: stride, to: bundles.count - 1, by: stride) + [bundles.count - 1] {
            let next = Self.increment(bundles[place], after: before)
            let (report, held) = try Self.watch(next, since: state)
            #expect(report.verdict == .pass, "\(place): \(report.text)")
            state = try Self.kept(held)
            letters = max(letters, report.letters)
            before = bundles[place]
        }
        let whole = try Self.watch(before, since: nil)
        #expect(state == whole.state)
        #expect(letters < whole.report.letters)
    }

    @Test func `an increment holds the cases of which something is new, and no other`() throws {
        let bundles = Self.moments
        let last = bundles[bundles.count - 1]
        let increment = Self.increment(last, after: bundles[bundles.count - 2])
        let cases = Set(increment.files.keys.filter { $0.hasPrefix("slips/") }.map { $0.split(separator: "/")[1] })
        #expect(cases.count == 1 && last.slips.count == 2)
    }

    @Test func `history that was rewritten below an audit is found by the next`() throws {
        let bundles = Self.moments
        let state = try Self.kept(try Self.watch(bundles[2], since: nil).state)
        // The same brokers, another story: what they log from the beginning differs.
        var trail = try PracticeTrail()
        try trail.tell("main-path-adult", as: "other", first: 6)
        var other = try PracticeBundle(trail)
        (other.policies, other.authorities) = (bundles[2].policies, bundles[2].authorities)
        other.documents = bundles[2].documents
        let whole = try Self.watch(other, since: state)
        #expect(whole.report.counts[.fork] == 2 && whole.state == nil, "\(whole.report.text)")
        other.since = Self.sizes(bundles[2])
        let next = try Self.watch(other, since: state)
        #expect(next.report.counts[.fork] == 2 && next.state == nil, "\(next.report.text)")
    }

    @Test func `an earlier event that is held back is missed`() throws {
        let bundles = Self.moments
        let state = try Self.kept(try Self.watch(bundles[1], since: nil).state)
        let next = Self.increment(bundles[2], after: bundles[1])
        #expect(try Self.watch(next, since: state).report.verdict == .pass)
        var held = next
        let proofs = next.files.keys.filter { $0.contains("/proofs/") }.sorted()
        let hidden = try #require(
            proofs.last { name in
                next.files[name].flatMap { try? LogReceipt($0) }.flatMap { try? LogEvent($0.event) }?.place != nil
            })
        held.left = [hidden]
        let report = try Self.watch(held, since: state).report
        #expect(report.verdict == .fail && report.counts[.chain] == 1, "\(report.text)")
    }

    @Test func `an increment that does not begin where the audit ended is not checked`() throws {
        let bundles = Self.moments
        let state = try Self.kept(try Self.watch(bundles[0], since: nil).state)
        let late = Self.increment(bundles[3], after: bundles[1])
        #expect(try Self.watch(late, since: state).report.verdict == .unchecked)
        #expect(try Self.watch(late, since: nil).report.verdict == .unchecked)
        #expect(try Self.watch(late, since: nil).state == nil)
        #expect(try late.verifyInPython().status == 65)
    }

    @Test func `a letter that nobody ended is reported when it is overdue, though nothing new is logged of it`() throws
    {
        var trail = try PracticeTrail(lies: .init(unreceipted: ["open.accept"]))
        try trail.tell("withdrawn-accepted", as: "open", first: 2)
        let first = try PracticeBundle(trail)
        let state = try Self.kept(try Self.watch(first, since: nil).state)
        try trail.tell("main-path-adult", as: "main", first: 1)
        let next = Self.increment(try PracticeBundle(trail), after: first)
        let soon = try Self.watch(next, since: state)
        #expect(soon.report.verdict == .pass && soon.report.counts[.pending] == 1, "\(soon.report.text)")
        let late = try Self.watch(next, since: state, asOf: next.asOf + 91 * 86_400)
        #expect(late.report.counts[.unended] == 1, "\(late.report.text)")
    }

    @Test(arguments: [
        "", "kheya-audit-state/v1 1", "kheya-audit-state/v2 1\n", "kheya-audit-state/v1 1\nlog a 1\n",
        "kheya-audit-state/v1 1\npair in:a bd:b 1 4 3-2\n", "kheya-audit-state/v1 1\nelse\n",
    ]) func `a state of another form is refused`(_ text: String) {
        #expect(throws: TrailState.Unreadable.self) { try TrailState(Array(text.utf8)) }
    }
}
