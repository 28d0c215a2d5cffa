// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Procedure
import Sealing
import TestSupport
import Testing
import TrailAudit

/// Time stamps over checkpoints, by a practice authority that is the stock `openssl ts`, at the real time. Protocols/Trail.md §4.
@Suite struct TimeStampTests {
    static let origin = AttackTests.inLog
    static let now = Instant(seconds: Int64(Date().timeIntervalSince1970))

    /// The honest bundle with the given checkpoints of both logs stamped; as of today, so its cosignatures are stale.
    private func stamped(
        _ bundle: PracticeBundle, by authority: PracticeTimeAuthority,
        _ choose: ([Int64]) -> [Int64] = { [$0[$0.count - 1]] }
    ) throws -> PracticeBundle {
        var bundle = bundle
        bundle.timeAuthority = try authority.chain()
        bundle.asOf = max(bundle.asOf, Self.now + 60)
        for (origin, log) in bundle.logs {
            for size in choose(log.notes.keys.compactMap(Int64.init).sorted()) {
                let note = try #require(log.notes[String(size)])
                let query = try TimeStamp.Query(digest: SHA256.hash(note))
                bundle.extra["logs/\(TrailName.folder(origin))/checkpoints/\(size).tsr"] = try authority.answer(
                    query.bytes)
            }
        }
        return bundle
    }

    private func expect(_ codes: Set<String>, _ bundle: PracticeBundle) throws {
        let report = try bundle.verify()
        #expect(Set(report.findings.filter { $0.weight != .note }.map(\.code.rawValue)) == codes, "\(report.text)")
        let python = try bundle.verifyInPython()
        #expect(
            python.places
                == report.places.filter { place in
                    !PracticeBundle.onlyOurs.contains { place.hasPrefix("\($0.rawValue) ") }
                },
            "\(python.output)\n\(report.text)")
    }

    @Test func `stamped checkpoints bound every leaf; one that covers other bytes, or none, is named`() throws {
        let authority = try PracticeTimeAuthority()
        let good = try stamped(AttackTests.honest, by: authority)
        try expect(["STALE"], good)
        var other = good
        let size = try #require(other.logs[Self.origin]?.notes.keys.compactMap(Int64.init).max())
        let name = "logs/\(TrailName.folder(Self.origin))/checkpoints/\(size).tsr"
        other.extra[name] = try authority.answer(TimeStamp.Query(digest: SHA256.hash([1])).bytes)
        try expect(["STALE", "TOKEN", "UNSTAMPED"], other)
        // Without any authority in the trust folder nobody asks.
        other.timeAuthority = nil
        try expect(["STALE"], other)
        try expect(["STALE", "UNSTAMPED"], stamped(AttackTests.honest, by: authority) { [$0[0]] })
    }

    @Test func `a time stamp later than the audit, and times that fall as the log grows, are named`() throws {
        let authority = try PracticeTimeAuthority()
        var early = try stamped(AttackTests.honest, by: authority)
        early.asOf = AttackTests.honest.asOf
        try expect(["CLOCK"], early)
        var falling = try stamped(AttackTests.honest, by: authority)
        Thread.sleep(forTimeInterval: 1.1)
        let later = try stamped(AttackTests.honest, by: authority) { [$0[0]] }
        falling.extra.merge(later.extra) { mine, _ in mine }
        falling.asOf = falling.asOf + 60
        try expect(["STALE", "TIME-ORDER"], falling)
    }

    @Test func `letters and entries dated after their time stamp are named`() throws {
        var trail = try PracticeTrail(at: Self.now + 5 * 86_400)
        try trail.tell("withdrawn-accepted", as: "case", first: 1)
        let report = try stamped(PracticeBundle(trail), by: PracticeTimeAuthority()).verify()
        let codes = Set(report.findings.map(\.code))
        #expect(codes.isSuperset(of: [.clock, .time, .future]), "\(report.text)")
    }
}
