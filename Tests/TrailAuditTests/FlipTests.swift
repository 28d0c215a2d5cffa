// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// A bit is flipped somewhere in an honest bundle, and its sums are made right again, as whoever flips it does. `make flips` does more of
/// it: in every leaf, and in `FLIPS` places of the files.
@Suite struct FlipTests {
    private static let asked = ProcessInfo.processInfo.environment["KHEYA_FLIPS"].flatMap(Int.init)
    private static let seed =
        ProcessInfo.processInfo.environment["KHEYA_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)

    /// Numbers that a seed gives again.
    private struct Dice {
        var state: UInt64
        mutating func roll(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
    }

    /// What nobody signs and no check rests on: when and for whom a bundle was made, and, in a bundle of everything, how far its logs go.
    private static func isWithoutMeaning(_ path: String, _ bytes: [UInt8]) -> Bool {
        guard path == TrailName.bundle.path, var flipped = try? TrailManifest(bytes) else { return false }
        let honest = AttackTests.honest.manifest
        (flipped.made, flipped.recipient, flipped.destroy) = (honest.made, honest.recipient, honest.destroy)
        flipped.logs = honest.logs
        return flipped == honest
    }

    @Test func `a flipped bit in any file is found by every verifier, but for what nobody signs in bundle.json`() throws
    {
        let honest = AttackTests.honest.files
        // Each kind of file as often as any other: there are many slips, and one manifest.
        let kinds = Dictionary(grouping: honest.keys.sorted()) { path in
            path.split(separator: "/").first.map { $0 == "logs" ? String(path.split(separator: "/")[2]) : String($0) }
                ?? ""
        }.sorted { $0.key < $1.key }
        #expect(kinds.map(\.key) == ["bundle.json", "checkpoints", "directories", "leaves", "profiles", "slips"])
        var dice = Dice(state: Self.seed)
        let count = Self.asked ?? 12
        for number in 0..<count {
            let paths = kinds[number % kinds.count].value
            let path = paths[dice.roll(paths.count)]
            var file = try #require(honest[path])
            let (place, bit) = (dice.roll(file.count), dice.roll(8))
            file[place] ^= 1 << UInt8(bit)
            var bundle = AttackTests.honest
            bundle.extra[path] = file
            let report = try bundle.verify()
            let isFound = report.verdict != .pass
            #expect(
                isFound != Self.isWithoutMeaning(path, file), "seed \(Self.seed): \(path) byte \(place) bit \(bit)")
            // One process for each slip makes the other verifier slow.
            guard number % 4 == 0 || Self.asked != nil else { continue }
            let python = try bundle.verifyInPython()
            #expect(
                (python.status != 0) == isFound,
                "seed \(Self.seed): \(path) byte \(place) bit \(bit)\n\(python.output)\n\(report.text)")
        }
    }

    @Test func `a flipped bit in any leaf or opening of a log of a thousand leaves is found at that leaf`() throws {
        var trail = try PracticeTrail()
        var told = 0
        while trail.logs.values.contains(where: { $0.events.count < 1_000 }) {
            told += 1
            try trail.tell("withdrawn-assessing", as: "case \(told)")
        }
        var bundle = try PracticeBundle(trail)
        // Slips are not what is looked at; without them the bundle is read in a moment.
        bundle.slips = [:]
        for (origin, log) in bundle.logs {
            let sizes = log.notes.keys.compactMap(Int64.init).sorted()
            let kept = Set(
                stride(from: 0, to: sizes.count, by: 100).map { String(sizes[$0]) } + [String(sizes[sizes.count - 1])])
            bundle.logs[origin]?.notes = log.notes.filter { kept.contains($0.key) }
        }
        let origin = AttackTests.inLog
        let honest = try #require(bundle.logs[origin])
        #expect(honest.leaves.count >= 1_000)
        #expect(try bundle.verify().findings.allSatisfy { $0.code != .open && $0.code != .root })
        var dice = Dice(state: Self.seed)
        let all = Array(honest.leaves.indices)
        let chosen = Self.asked == nil ? (0..<12).map { _ in all[dice.roll(all.count)] } : all
        for index in chosen {
            var flipped = bundle
            var event = try #require(honest.events[index])
            let place = dice.roll(event.count)
            event[place] ^= 1 << UInt8(dice.roll(8))
            flipped.logs[origin]?.events[index] = event
            var report = try flipped.verify()
            let codes = Set(report.findings.filter { $0.origin == origin && $0.leaf == Int64(index) }.map(\.code))
            // A line that is cut in two, or lacks its end, is no opening at all.
            let isMalformed = report.counts[.malformed] != nil && codes.contains(.unopened)
            #expect(
                codes.isSuperset(of: [.open, .unopened]) || isMalformed,
                "seed \(Self.seed): event \(index) byte \(place)")
            flipped = bundle
            var bytes = honest.leaves[index].bytes
            bytes[dice.roll(32)] ^= 1 << UInt8(dice.roll(8))
            flipped.logs[origin]?.leaves[index] = try #require(Digest(bytes))
            report = try flipped.verify()
            let roots = report.findings.filter { $0.code == .root && $0.origin == origin }
            #expect(
                !roots.isEmpty && roots.allSatisfy { $0.leaf ?? 0 > Int64(index) }, "seed \(Self.seed): leaf \(index)")
        }
    }
}
