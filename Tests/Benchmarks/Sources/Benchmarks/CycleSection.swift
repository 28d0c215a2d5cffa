// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import CaseFile
import Foundation
import Letters
import Node
import Procedure

/// The whole way of a letter and back: a caseworker's form at the shelter, two brokers, the NGO's node, and its receipt
/// at the shelter.
struct CycleSection {
    let bench: Workbench
    let rounds: Int
    /// Letters that are sent one at a time.
    let lone = 60
    /// Letters of one burst.
    let burst = 120

    func run(_ report: inout Report) async throws {
        report.begin(
            "cycle",
            "from the form to the receipt that it was opened: two nodes, two brokers; this process is the caseworker"
        )
        let network = try bench.network("cycle")
        defer { network.stop() }
        let children = try [PracticeNetwork.Party.inBroker, .bdBroker, .shelter, .ngo].map { try network.start($0) }
        try await network.awaitPort(.inBroker)
        try await network.awaitPort(.bdBroker)
        let desk = try bench.desk(of: .shelter, in: network)
        let act = try offer()

        // Warms connections and files; proves that letters flow at all.
        _ = try await Self.send(1, act, desk, seconds: 30)
        var latencies: [Double] = []
        var latencyRatios: [Double] = []
        var rates: [Double] = []
        var cpu: [[Double]] = []
        var syncs: [Double] = []
        for _ in 0..<rounds {
            let sync = try bench.syncsPerSecond(seconds: 0.3)
            var round: [Double] = []
            for _ in 0..<max(1, lone / rounds) { round.append(try await Self.send(1, act, desk, seconds: 30)) }
            latencies += round
            latencyRatios.append(Spread(round).median / (Double(Self.syncsInARow) / sync))

            let before = try children.map { try $0.cpuSeconds() } + [floors_process_seconds()]
            let syncsBefore = try children.map { try $0.syncs() }
            let seconds = try await Self.send(burst, act, desk, seconds: 90)
            rates.append(Double(burst) / seconds)
            let after = try children.map { try $0.cpuSeconds() } + [floors_process_seconds()]
            cpu.append(zip(after, before).map { ($0 - $1) / Double(burst) * 1e6 })
            syncs.append(
                Double(zip(try children.map { try $0.syncs() }, syncsBefore).reduce(0) { $0 + $1.0 - $1.1 })
                    / Double(burst))
        }
        report.figure(
            "a letter and its receipt, bursts of \(burst)", Spread(rates), "/s",
            cpu: Spread(cpu.map { $0.reduce(0, +) }).median)
        for (index, name) in ["broker in", "broker bd", "node of the shelter", "node of the NGO", "caseworker"]
            .enumerated()
        {
            report.figure("  CPU a letter, \(name)", Spread(cpu.map { $0[index] }), "µs")
        }
        report.figure("  syncs a letter and its receipt, all processes", Spread(syncs), "")
        report.figure(
            "one letter alone, to its receipt, median", Spread([Spread(latencies).median * 1e3]), "ms",
            note: "p99 \(Report.number(Spread.percentile(0.99, of: latencies) * 1e3)) ms, slowest "
                + "\(Report.number((latencies.max() ?? 0) * 1e3)) ms, of \(latencies.count)")
        report.figure(
            "  in units of \(Self.syncsInARow) syncs in a row", Spread(latencyRatios), "",
            note:
                "outbox, broker, broker, inbox and receipt, broker, broker, outbox: one must follow the other"
        )
        for (child, party) in zip(children, ["broker in", "broker bd", "node of the shelter", "node of the NGO"]) {
            report.figure("  memory at its peak, \(party)", Spread([try child.memory().peak]), "MiB")
        }
    }

    static let syncsInARow = 7

    func offer() throws -> Act {
        Act(
            events: try bench.example.events(
                "01-offer.json", ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"]),
            forms: [
                FormDraft(document: try bench.example.form("01-preview-consent.json")),
                FormDraft(document: try bench.example.form("01-preview.json")),
            ],
            to: [try bench.id(.ngo)], account: "caseworker")
    }

    /// Opens `count` cases one after the other and waits until the NGO has opened the letters of all.
    ///
    /// - Returns: seconds from the first form to the last receipt.
    private static func send(_ count: Int, _ act: Act, _ desk: CaseDesk, seconds: Double) async throws -> Double {
        let start = floors_now()
        var waiting: [LetterID] = []
        for _ in 0..<count {
            waiting += try desk.openCase(act, at: Instant(seconds: Int64(Date().timeIntervalSince1970))).letters
        }
        try await desk.awaitReceipts(waiting, seconds: seconds)
        return floors_now() - start
    }
}

extension CaseDesk {
    /// Waits until the receipts of all these letters lie here.
    ///
    /// - Throws: ``BenchmarkError`` when one does not come, or says that the letter was not opened or not admitted.
    func awaitReceipts(_ letters: [LetterID], seconds: Double) async throws {
        let deadline = floors_now() + seconds
        var waiting = letters[...]
        while let next = waiting.first {
            if let receipt = try store.read({ try $0.receipts(for: next) }).first {
                guard receipt.state != .invalid else {
                    throw BenchmarkError("a letter was not admitted: \(receipt.code ?? "")")
                }
                waiting.removeFirst()
            } else {
                guard floors_now() < deadline else {
                    throw BenchmarkError(
                        "\(waiting.count) of \(letters.count) receipts did not come in \(Int(seconds)) s")
                }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }
}
