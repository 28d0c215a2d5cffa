// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Exchange
import Foundation
import Letters
import MessageStore

/// Durable acceptance: letters pushed over mutual TLS into a broker of its own process, each answered after its commit.
struct AcceptanceSection {
    let bench: Workbench
    let rounds: Int
    /// Letters of one round and way of pushing.
    let letters = 1_500
    let loneLetters = 40
    let inFlight = 64

    func run(_ report: inout Report) async throws {
        report.begin(
            "acceptance",
            "letters into a broker over TLS 1.3, \(inFlight) in flight, SQLite on disk; the sender on the same cores"
        )
        let network = try bench.network("acceptance")
        defer { network.stop() }
        let broker = try network.start(.inBroker)
        try await network.awaitPort(.inBroker)
        let clients = try (0..<4).map { _ in try bench.client(of: .shelter, to: .inBroker, in: network) }
        let factory = try bench.factory(network)
        let slip = try factory.offers(1, first: 1)[0].bundle.slip
        let own = try bench.floors(for: network, .shelter)

        let perRound = 2 * letters + loneLetters
        let all = try factory.offers(perRound * (rounds + 1), first: 2).map(\.bundle)

        var singles = Mode("one letter a push, \(inFlight) pushes at once")
        var batches = Mode("16 letters a push, \(inFlight / 16) pushes at once")
        var lone: [Double] = []
        var loneRatios: [Double] = []
        for round in 0...rounds {
            var next = round * perRound
            func take(_ count: Int) -> ArraySlice<LetterBundle> {
                defer { next += count }
                return all[next..<next + count]
            }
            let verify = try Rounds.onAllCores(bench.cores, seconds: 0.3) { try own.verify(slip, $0) }
            let one = try Rounds.measure(Contender("CMS_verify") { try own.verify(slip, $0) }, seconds: 0.1)
            let (oneVerify, verifyCPU) = (one.wallSeconds / one.operations, one.cpuSeconds / one.operations)
            let syncs = try bench.syncsPerSecond(seconds: 0.4)
            let single = try await measure(Array(take(letters)), batch: 1, clients, broker)
            let batch = try await measure(Array(take(letters)), batch: 16, clients, broker)
            var latencies: [Double] = []
            for letter in take(loneLetters) {
                let start = floors_now()
                try Self.check(try await clients[0].push([letter], context: []))
                latencies.append(floors_now() - start)
            }
            guard round > 0 else { continue }  // the first one warms caches, connections and the file
            singles.add(single, verify: verify, oneVerify: oneVerify, verifyCPU: verifyCPU, syncs: syncs)
            batches.add(batch, verify: verify, oneVerify: oneVerify, verifyCPU: verifyCPU, syncs: syncs)
            let median = Spread(latencies).median
            lone.append(median)
            loneRatios.append(median / (1 / syncs + oneVerify))
        }
        for mode in [singles, batches] {
            report.compare(
                mode.name, Spread(mode.rates), "/s", floor: Spread(mode.floors).median, ratio: Spread(mode.ratios),
                target: .atLeast(0.5),
                cpu: Spread(mode.brokerMicroseconds).median,
                note: "broker alone \(Report.number(Spread(mode.brokerMicroseconds).median)) µs CPU a letter, sender "
                    + "\(Report.number(Spread(mode.senderMicroseconds).median)) µs; floor: CMS_verify on all cores, or syncs × letters a commit"
            )
            report.figure(
                "  ratio to CMS_verify in a plain loop, on one core", Spread(mode.plainRatios), "")
            report.compare(
                "  syncs a letter", Spread(mode.syncsALetter), "", ratio: Spread(mode.syncsALetter),
                target: .atMost(0.1))
            report.figure(
                "  a CMS_verify's share of the broker's CPU", Spread(mode.verifyShare), "",
                note:
                    "by CPU time: what the ratio would be with the sender elsewhere and no wait for the disk"
            )
        }
        report.compare(
            "a lone letter, answered after", Spread(lone.map { $0 * 1e3 }), "ms", ratio: Spread(loneRatios),
            target: .atMost(3),
            note: "ratio to one fdatasync and one CMS_verify")
        let memory = try broker.memory()
        report.figure("broker's memory, peak", Spread([memory.peak]), "MiB")
        for client in clients { try await client.shutdown() }
    }

    private func measure(
        _ letters: [LetterBundle], batch: Int, _ clients: [BrokerClient], _ broker: Child
    ) async throws -> Sample {
        let cursor = Cursor(count: letters.count, step: batch)
        let syncs = try broker.syncs()
        let cpu = try broker.cpuSeconds()
        let own = floors_process_seconds()
        let start = floors_now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<inFlight / batch {
                let client = clients[task % clients.count]
                group.addTask {
                    while let range = cursor.next() {
                        try Self.check(try await client.push(Array(letters[range]), context: []))
                    }
                }
            }
            try await group.waitForAll()
        }
        return Sample(
            letters: Double(letters.count), seconds: floors_now() - start, brokerSeconds: try broker.cpuSeconds() - cpu,
            senderSeconds: floors_process_seconds() - own, syncs: Double(try broker.syncs() - syncs))
    }

    static func check(_ outcomes: [PushOutcome]) throws {
        for outcome in outcomes {
            guard case .stored = outcome else { throw BenchmarkError("the broker did not store a letter: \(outcome)") }
        }
    }

    struct Sample {
        let letters, seconds, brokerSeconds, senderSeconds, syncs: Double
    }

    /// One way of pushing, over all rounds.
    private struct Mode {
        let name: String
        var rates: [Double] = [], floors: [Double] = [], ratios: [Double] = [], brokerMicroseconds: [Double] = []
        var senderMicroseconds: [Double] = [], syncsALetter: [Double] = [], verifyShare: [Double] = []
        var plainRatios: [Double] = []

        init(_ name: String) { self.name = name }

        mutating func add(_ sample: Sample, verify: Double, oneVerify: Double, verifyCPU: Double, syncs: Double) {
            let rate = sample.letters / sample.seconds
            let floor = min(verify, syncs * sample.letters / max(sample.syncs, 1))
            rates.append(rate)
            floors.append(floor)
            ratios.append(rate / floor)
            plainRatios.append(rate * oneVerify)
            brokerMicroseconds.append(sample.brokerSeconds / sample.letters * 1e6)
            senderMicroseconds.append(sample.senderSeconds / sample.letters * 1e6)
            syncsALetter.append(sample.syncs / sample.letters)
            verifyShare.append(verifyCPU / (sample.brokerSeconds / sample.letters))
        }
    }
}

/// Hands out ranges of a list to several tasks.
final class Cursor: @unchecked Sendable {
    // @unchecked: the lock guards `position`.
    private let lock = NSLock()
    private var position = 0
    private let count: Int
    private let step: Int

    init(count: Int, step: Int) {
        self.count = count
        self.step = step
    }

    func next() -> Range<Int>? {
        lock.withLock {
            guard position < count else { return nil }
            defer { position += step }
            return position..<min(count, position + step)
        }
    }
}
