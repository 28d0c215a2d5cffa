// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import Testing

/// Many ends and two brokers, late: whatever the network does, they come to agree. `make simulate SEEDS=100000 SEED=…` is the long run.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let first = environment["KHEYA_SEED"].flatMap { UInt64($0) } ?? 1
    private static let count = environment["KHEYA_SEEDS"].flatMap { UInt64($0) } ?? 32

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

    /// All seeds of this run, on as many threads as there are cores.
    private static let all: Task<(tally: Simulation.Tally, failed: [Outcome]), Never> = Task {
        let workers = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        return await withTaskGroup(of: (Simulation.Tally, [Outcome]).self) { group in
            for worker in 0..<min(workers, count) {
                group.addTask {
                    var tally = Simulation.Tally()
                    var failed: [Outcome] = []
                    for seed in stride(from: first + worker, to: first + count, by: Int(workers)) where failed.count < 5
                    {
                        let outcome = run(seed)
                        tally.add(outcome.tally)
                        if !outcome.faults.isEmpty { failed.append(outcome) }
                        // A run that was stopped goes on from the least of these, one a worker.
                        if isLong, seed % 1_000 < workers { print("at seed \(seed)") }
                    }
                    return (tally, failed)
                }
            }
            var (tally, failed) = (Simulation.Tally(), [Outcome]())
            for await (found, outcomes) in group {
                tally.add(found)
                failed += outcomes
            }
            return (tally, failed.sorted { $0.seed < $1.seed })
        }
    }

    @Test func `ends, brokers and a later auditor agree, no consent is passed over and nothing is lost`() async {
        let (tally, failed) = await Self.all.value
        for outcome in failed {
            Issue.record(
                """
                seed \(outcome.seed): make simulate SEEDS=1 SEED=\(outcome.seed)
                \(outcome.faults.joined(separator: "\n"))
                \(Self.count == 1 ? outcome.story.joined(separator: "\n") : "")
                """)
        }
        if Self.isLong { print("\(Self.count) seeds: \(tally)") }
    }

    @Test func `a seed replays exactly`() {
        let (one, other) = (Self.run(7), Self.run(7))
        #expect(one.story == other.story && one.faults == other.faults && one.story.count > 50)
        #expect(Self.run(8).story != one.story)
    }

    /// Without this the properties could hold because nothing ever happened.
    @Test(.enabled(if: count >= 32))
    func `the simulated cases come far, run beside each other, and hold stops, hostile letters and papers`() async {
        let tally = await Self.all.value.tally
        #expect(tally.states.count > 5, "\(tally.states.sorted())")
        #expect(tally.letters > 1_000 && tally.concurrent > 50 && tally.judged > 500)
        #expect(tally.cleared > 0 && tally.withdrawals > 0 && tally.hostile > 0)
        #expect(tally.refused > 0 && tally.withheld + tally.stale > 0 && tally.expired > 0)
    }

    @Test(arguments: isLong ? frequent + rare : frequent)
    func `a seeded bug is found`(mistake: Simulation.Mistakes, name: String) {
        let found = (1...(Self.isLong ? 250 : 80) as ClosedRange<UInt64>).first {
            !Self.run($0, mistake).faults.isEmpty
        }
        #expect(found != nil, "nobody noticed that somebody \(name)")
    }

    private static let isLong = environment["KHEYA_SEEDS"] != nil

    /// Each shows within eighty seeds, most within a few.
    private static let frequent: [(Simulation.Mistakes, String)] = [
        (.factsWithheld, "withholds facts"), (.letterForgotten, "forgets a letter"),
        (.arrivalOrder, "replays in the order of arrival"), (.unreadIsMissing, "takes the unread for missing"),
        (.allAdmitted, "admits everything"),
        (.refusalUnsaid, "refuses and says nothing"), (.ownJudgeIgnored, "seals what its own judge refuses"),
        (.waitingDropped, "drops what waits"), (.contextLeftOut, "hands letters on without those before them"),
    ]

    /// These need more: the long run looks for them.
    private static let rare: [(Simulation.Mistakes, String)] = [
        (.staleTaken, "does not ask what is stale"), (.staleHandedOut, "asks only when a stop comes"),
        (.noticeWins, "goes by a notice although the letter was opened"),
    ]
}
