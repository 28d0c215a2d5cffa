// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Foundation

/// One way of doing a piece of work, on one thread.
struct Contender {
    let name: String
    /// Does the work so many times.
    let work: (Int) throws -> Void

    init(_ name: String, _ work: @escaping (Int) throws -> Void) {
        self.name = name
        self.work = work
    }
}

/// What a contender did, round by round.
struct Measurement: Sendable {
    struct Round: Sendable {
        var operations: Double
        var wallSeconds: Double
        var cpuSeconds: Double
    }

    var rounds: [Round] = []

    var perSecond: Spread { Spread(rounds.map { $0.operations / $0.wallSeconds }) }
    var cpuMicroseconds: Spread { Spread(rounds.map { $0.cpuSeconds / $0.operations * 1e6 }) }
    /// On a thread that has a core for itself the two are one; on a busy machine only this one still says what the
    /// code costs.
    var perCPUSecond: Spread { Spread(rounds.map { $0.operations / $0.cpuSeconds }) }

    /// How many times faster than `floor`, by CPU time, compared within each round.
    func ratio(to floor: Measurement) -> Spread {
        Spread(zip(rounds, floor.rounds).map { ($0.operations / $0.cpuSeconds) / ($1.operations / $1.cpuSeconds) })
    }
}

/// Contenders measured side by side: each in every round, so that a machine that slows down slows them all.
enum Rounds {
    /// - Parameters:
    ///   - seconds: what one contender gets in one round. The number of operations is found in a first round that does
    ///     not count.
    /// - Throws: what the work throws.
    static func interleave(_ contenders: [Contender], count: Int, seconds: Double) throws -> [Measurement] {
        let operations = try contenders.map { try calibrate($0, seconds: seconds) }
        var result = [Measurement](repeating: Measurement(), count: contenders.count)
        for round in 0..<count {
            // Each second round backwards: whoever comes first finds a cooler processor.
            let order = round.isMultiple(of: 2) ? Array(contenders.indices) : contenders.indices.reversed()
            for index in order {
                var measured = try time { try contenders[index].work(operations[index]) }
                measured.operations = Double(operations[index])
                result[index].rounds.append(measured)
            }
        }
        return result
    }

    /// One contender alone, for about `seconds`.
    static func measure(_ contender: Contender, seconds: Double) throws -> Measurement.Round {
        let operations = try calibrate(contender, seconds: seconds)
        var round = try time { try contender.work(operations) }
        round.operations = Double(operations)
        return round
    }

    /// How many operations take about `seconds`; warms what there is to warm.
    private static func calibrate(_ contender: Contender, seconds: Double) throws -> Int {
        var trial = 1
        while true {
            let wall = try time { try contender.work(trial) }.wallSeconds
            if wall >= seconds / 8 || trial >= 1 << 24 { return max(1, Int(Double(trial) * seconds / wall)) }
            trial = max(trial * 2, min(trial * 64, Int(Double(trial) * seconds / 4 / wall)))
        }
    }

    private static func time(_ body: () throws -> Void) rethrows -> Measurement.Round {
        let wall = floors_now()
        let cpu = floors_thread_seconds()
        try body()
        return Measurement.Round(
            operations: 1, wallSeconds: max(floors_now() - wall, 1e-9),
            cpuSeconds: max(floors_thread_seconds() - cpu, 1e-9))
    }

    /// Operations a second when every core does `work` at once for about `seconds`.
    static func onAllCores(_ cores: Int, seconds: Double, work: @escaping @Sendable (Int) throws -> Void) throws
        -> Double
    {
        let total = Tally()
        let start = floors_now()
        let threads = DispatchGroup()
        for _ in 0..<cores {
            threads.enter()
            Thread.detachNewThread {
                defer { threads.leave() }
                do {
                    while floors_now() - start < seconds {
                        try work(100)
                        total.add(100)
                    }
                } catch {
                    total.fail()
                }
            }
        }
        threads.wait()
        guard let operations = total.value else { throw BenchmarkError("a floor failed on one of the cores") }
        return Double(operations) / (floors_now() - start)
    }
}

/// A sum that several threads add to.
final class Tally: @unchecked Sendable {
    // @unchecked: the lock guards both fields.
    private let lock = NSLock()
    private var sum = 0
    private var failed = false

    func add(_ count: Int) { lock.withLock { sum += count } }
    func fail() { lock.withLock { failed = true } }
    var value: Int? { lock.withLock { failed ? nil : sum } }
}

/// Why something could not be measured. A figure below its target is not an error.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
