// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import Testing

/// Many ends and two brokers, late: whatever the network does, they come to agree. `make simulate SEEDS=100000 SEED=…` is the long run.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let first = environment["KHEYA_SEED"].flatMap { UInt64($0) } ?? 1
    private static let count = environment["KHEYA_SEEDS"].flatMap { UInt64($0) } ?? 24

    struct Outcome: Sendable {
        var seed: UInt64
        var faults: [String]
        var tally: Simulation.Tally
        var story: [String]
    }

    static func run(_ seed: UInt64, _ mistakes: Simulation.Mistakes = []) -> Outcome {
        let simulation = Simulation(seed: seed, mistakes: mistakes)
        simulation.run()
        let tally = simulation.verify()
        return Outcome(seed: seed, faults: simulation.faults, tally: tally, story: simulation.story)
    }

    @Test func `ends, brokers and a later auditor agree, no consent is passed over and nothing is lost`() async {
        let workers = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        let (first, count) = (Self.first, Self.count)
        let (tally, failed) = await withTaskGroup(of: (Simulation.Tally, [Outcome]).self) { group in
            for worker in 0..<min(workers, count) {
                group.addTask {
                    var tally = Simulation.Tally()
                    var failed: [Outcome] = []
                    for seed in stride(from: first + worker, to: first + count, by: Int(workers)) where failed.count < 5 {
                        let outcome = Self.run(seed)
                        tally.add(outcome.tally)
                        if !outcome.faults.isEmpty { failed.append(outcome) }
                    }
                    return (tally, failed)
                }
            }
            var (tally, failed) = (Simulation.Tally(), [Outcome]())
            for await (found, outcomes) in group {
                tally.add(found)
                failed += outcomes
            }
            return (tally, failed)
        }
        for outcome in failed.sorted(by: { $0.seed < $1.seed }) {
            Issue.record(
                """
                seed \(outcome.seed): make simulate SEEDS=1 SEED=\(outcome.seed)
                \(outcome.faults.joined(separator: "\n"))
                \(count == 1 ? outcome.story.joined(separator: "\n") : "")
                """)
        }
        if Self.environment["KHEYA_SEEDS"] != nil { print("\(count) seeds: \(tally)") }
    }
}
