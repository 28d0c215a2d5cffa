// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Exchange
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore

/// What the next step of a case costs a broker that carries many open cases: two brokers, one with a hundred times the
/// cases. No case is in memory when its step comes.
struct CasesSection {
    let bench: Workbench
    let rounds: Int
    let many: Int
    let few = 2_000
    /// Steps in one round, each of another case.
    let steps = 256

    func run(_ report: inout Report) async throws {
        report.begin(
            "cases", "the next step of a case, pushed to a broker with \(many) open cases and to one with \(few)")
        guard (rounds + 1) * steps <= few else { throw BenchmarkError("more rounds than cases") }
        let network = try bench.network("cases")
        defer { network.stop() }
        let other = "in-broker-few"
        try FileManager.default.copyItem(atPath: network.path("in-broker"), toPath: network.path(other))
        let otherPort = try PracticeNetwork.freePort()
        try DepthSection.listen(at: network.path(other), port: otherPort, key: network.unlock())
        let began = floors_now()
        var sides = [
            Side(home: network.path("in-broker"), port: network.ports[.inBroker] ?? 0),
            Side(home: network.path(other), port: otherPort),
        ]
        let offers = try bench.factory(network)
        sides[0].open = try await fill(network.store(at: sides[0].home), offers, count: many)
        sides[1].open = try await fill(network.store(at: sides[1].home), offers, count: few)
        let prepared = floors_now() - began

        sides[0].child = try network.start(.inBroker)
        sides[1].child = try network.start(.inBroker, home: other)
        let acceptances = try bench.acceptances(network)
        for index in sides.indices {
            try await PracticeNetwork.awaitPort(sides[index].port)
            sides[index].client = try bench.client(of: .bdBroker, to: .inBroker, in: network, port: sides[index].port)
        }
        // What the steps come from is the other broker's log alone, without its process.
        let log = try network.store(at: network.path("bd-broker"))
        for round in 0...rounds {
            for index in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
                let cases = sides[index].open[round * steps..<(round + 1) * steps]
                let letters = try acceptances.answers(
                    to: cases.map(\.slip), cases.map(\.bundle.id), first: Int64(round * steps + 1))
                let sample = try await sides[index].push(try await DepthSection.logged(letters, in: log))
                if round > 0 { sides[index].samples.append(sample) }
            }
        }
        let (a, b) = (sides[0].samples, sides[1].samples)
        for (name, value) in [("broker's CPU for a step", \Sample.brokerSeconds), ("time for a step", \.seconds)] {
            let each = { (samples: [Sample]) in Spread(samples.map { $0[keyPath: value] / Double(steps) * 1e6 }) }
            report.compare(
                name, each(a), "µs", floor: each(b).median,
                ratio: Spread(zip(a, b).map { $0[keyPath: value] / $1[keyPath: value] }), target: .atMost(1.3),
                note: "the floor is the same with \(few) open cases; the stores were filled in \(Int(prepared)) s")
        }
        for side in sides { try await side.client?.shutdown() }
        try await log.close()
    }

    private struct Sample {
        let seconds, brokerSeconds: Double
    }

    private struct Side {
        let home: String
        let port: Int
        /// The cases whose next step is measured.
        var open: [SignedLetter] = []
        var child: Child?
        var client: BrokerClient?
        var samples: [Sample] = []

        init(home: String, port: Int) {
            self.home = home
            self.port = port
        }

        func push(_ letters: [LetterBundle]) async throws -> Sample {
            guard let child, let client else { throw BenchmarkError("a broker that was not started") }
            let cpu = try child.cpuSeconds()
            let start = floors_now()
            for first in stride(from: 0, to: letters.count, by: 16) {
                try AcceptanceSection.check(try await client.push(Array(letters[first..<first + 16]), context: []))
            }
            return Sample(seconds: floors_now() - start, brokerSeconds: try child.cpuSeconds() - cpu)
        }
    }

    /// Puts offers that were delivered into the store of a broker that is not running, each the first letter of a case.
    ///
    /// - Returns: some of them, from all over the store.
    private func fill(_ queue: SQLiteLetterQueue, _ factory: LetterFactory, count: Int) async throws -> [SignedLetter] {
        var some: [SignedLetter] = []
        let distance = count / ((rounds + 1) * steps)
        for start in stride(from: 0, to: count, by: 4_000) {
            let letters = try factory.bareOffers(min(4_000, count - start), first: Int64(start + 1))
            try await queue.write { transaction in
                for letter in letters {
                    let slip = letter.slip
                    try transaction.insert(
                        LetterRecord(
                            id: letter.bundle.id, status: .done, type: slip.type, lane: slip.lane, from: slip.from,
                            caseID: slip.caseID, roles: ["IN_SHELTER"], peer: slip.from, at: slip.at,
                            expires: slip.expires, received: slip.at),
                        slip: slip, file: letter.bundle.slip)
                }
            }
            for (place, letter) in letters.enumerated() where (start + place).isMultiple(of: distance) {
                some.append(letter)
            }
        }
        try await queue.close()
        return some.shuffled()
    }
}
