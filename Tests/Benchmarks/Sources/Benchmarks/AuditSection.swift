// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Foundation
import Glibc
import Procedure

/// What verifying a trail bundle costs: the real program over bundles of honest cases, one with ten times the letters of the other.
struct AuditSection {
    let bench: Workbench
    let rounds: Int
    let letters: Int
    /// Letters of the model case before its receipts: with them some 180.
    private static let told = 37

    /// What one run of `kheya audit verify` took.
    private struct Run {
        var seconds: Double
        var cpuSeconds: Double
        var peakMebibytes: Double
    }

    private struct Bundle {
        let letters: Int
        let arguments: [String]
        let mebibytes: Double
    }

    func run(_ report: inout Report) throws {
        report.begin("audit", "verified by `kheya audit verify`; the floor is ECDSA P-256 and SHA-256 of each letter")
        let factory = try TrailFactory(telling: "main-path-adult", first: Self.told)
        let floors = try bench.keys.floors()
        let slip = CryptographySection.content(2_048)
        var peaks: [Double] = []
        for count in [letters / 10, letters] {
            let began = floors_now()
            let bundle = try make(factory, count)
            let made = floors_now() - began
            _ = try verify(bundle)
            var runs: [Run] = []
            var floor: [Double] = []
            for _ in 0..<rounds {
                floor.append(
                    try Rounds.onAllCores(bench.cores, seconds: 1) { try floors.ecdsaVerify(slip, $0) })
                runs.append(try verify(bundle))
            }
            let rates = runs.map { Double(bundle.letters) / $0.seconds }
            report.compare(
                "verify \(bundle.letters) letters, \(Int(bundle.mebibytes)) MiB", Spread(rates), "/s",
                floor: Spread(floor).median, ratio: Spread(zip(rates, floor).map { $0 / $1 }), target: .atLeast(0.7),
                cpu: Spread(runs.map { $0.cpuSeconds / Double(bundle.letters) * 1e6 }).median,
                note: "on \(bench.cores) cores; made in \(Int(made)) s")
            peaks.append(Spread(runs.map(\.peakMebibytes)).median)
        }
        report.compare(
            "  memory at its peak", Spread([peaks[1]]), "MiB", floor: peaks[0], ratio: Spread([peaks[1] / peaks[0]]),
            target: .atMost(1.5), note: "the floor is that of a tenth of the letters")
    }

    private func make(_ factory: TrailFactory, _ count: Int) throws -> Bundle {
        let place = bench.directory.appending(path: "audit-\(count)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let file = place.appending(path: "bundle.trail")
        let trust = place.appending(path: "trust")
        let made = try factory.write(letters: count, to: file, trust: trust)
        let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
        return Bundle(
            letters: made.letters,
            arguments: [
                "audit", "verify", file.path, "--trust", trust.path, "--as-of", String(made.asOf.seconds), "--json",
            ], mebibytes: Double(size) / 1_048_576)
    }

    /// - Throws: ``BenchmarkError`` where the bundle does not hold.
    private func verify(_ bundle: Bundle) throws -> Run {
        let cpu = Self.childrenSeconds()
        let start = floors_now()
        let child = try Child(
            name: "audit", program: bench.program, arguments: bundle.arguments, environment: [:],
            directory: bench.directory, syncCounter: nil)
        var peak = 0.0
        while child.isRunning {
            if let memory = try? child.memory() { peak = max(peak, memory.peak) }
            usleep(5_000)
        }
        let seconds = floors_now() - start
        guard child.status == 0 else { throw BenchmarkError("an honest bundle does not hold: see \(child.log.path)") }
        return Run(seconds: seconds, cpuSeconds: Self.childrenSeconds() - cpu, peakMebibytes: peak)
    }

    /// CPU of all children that have ended.
    private static func childrenSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
