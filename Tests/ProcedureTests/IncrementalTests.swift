// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// What is carried on from letter to letter equals what replaying everything gives, and costs less.
@Suite struct IncrementalTests {
    /// Everything at once, the last letter first: nothing can be carried on.
    private static func replayed(_ steps: [Step]) -> CaseHistory {
        var history = CaseHistory(profile: .repatriation)
        for step in steps.reversed() { history.insert(step) }
        return history
    }

    @Test(arguments: [nil, "in:practice-shelter"] as [String?], [11, 12] as [UInt64])
    func `a case of hundreds of letters carried on equals the same case replayed`(reader: String?, seed: UInt64) {
        let letters = RandomCase(seed: seed, length: 240).letters
        #expect(letters.count > 200)
        let steps = letters.map { RandomCase.seen($0, by: reader.flatMap { MemberID($0) }) }
        var history = CaseHistory(profile: .repatriation)
        for (place, step) in steps.enumerated() {
            if place % 40 == 39 {
                let replayed = Self.replayed(Array(steps[..<place]))
                #expect(history.admit(step) == replayed.admit(step), "\(place)")
                #expect(history.state == replayed.state, "\(place)")
                #expect(history.heads == replayed.heads)
            }
            history.insert(step)
        }
    }

    /// The next letter descends from all others, as nearly every letter of a real case does.
    @Test(arguments: [nil, "in:practice-shelter"] as [String?])
    func `admitting the next letter of a long case costs a small part of replaying it`(reader: String?) throws {
        var steps = RandomCase(seed: 3, length: 480).letters.map {
            RandomCase.seen($0, by: reader.flatMap { MemberID($0) })
        }
        var history = CaseHistory(profile: .repatriation)
        for step in steps { history.insert(step) }
        var next = try #require(steps.last { !$0.isVoid && $0.sealed != .none })
        for number in 0..<8 {
            next.id = .named("next-\(number)")
            (next.parents, next.previous) = (history.heads, steps.last { $0.from == next.from }?.id)
            if number < 7 {
                history.insert(next)
                steps.append(next)
            }
        }
        let clock = ContinuousClock()
        let replay = clock.measure { _ = Self.replayed(steps).admit(next) }
        let carried = (0..<5).map { _ in clock.measure { _ = history.admit(next) } }.min() ?? replay
        print("\(steps.count) letters, \(reader ?? "broker"): admitting the next \(carried), with replay \(replay)")
        #expect(carried * 5 < replay)
    }
}
