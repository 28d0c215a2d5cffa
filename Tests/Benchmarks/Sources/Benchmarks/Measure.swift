// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Measures Kheya against the floors of the machine it runs on, in one run. Protocols/Performance.md says how and why.
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "All sections, or some.",
        discussion: """
            Exits with 0 also where a figure is below its target: the figures are the result. Exits with 1 when something
            could not be measured.
            """)

    enum Section: String, CaseIterable, ExpressibleByArgument {
        case crypto, procedure, audit, log, acceptance, depth, cases, cycle, attachment, pages
    }

    @Option(
        help:
            "Sections, separated by commas: crypto, procedure, audit, log, acceptance, depth, cases, cycle, attachment, pages. Default: all."
    )
    var only = ""
    @Option(help: "Rounds that count; at least 5 for figures that are told to others.") var rounds = 5
    @Option(help: "Letters in the deep mailbox.") var deep = 100_000
    @Option(help: "Open cases of the broker that has many.") var cases = 200_000
    @Option(help: "Size of the large attachment in MiB.") var megabytes = 256
    @Option(help: "Letters in the large trail bundle.") var letters = 100_000
    @Option(help: ArgumentHelp("Writes the findings as JSON.", valueName: "file")) var json: String?
    @Option(help: ArgumentHelp("Where stores are made: a folder on a real disk. Removed at the end.", valueName: "dir"))
    var directory = ".build/bench"
    @Flag(help: "Leaves stores and logs where they are.") var keep = false

    func validate() throws {
        guard rounds >= 1, deep >= 1_000, cases >= 2_000, letters >= 10_000, (1...1_024).contains(megabytes)
        else {
            throw ValidationError("a number out of its range")
        }
        for name in only.split(separator: ",") where Section(rawValue: String(name)) == nil {
            throw ValidationError("there is no section \(name)")
        }
    }

    func run() async throws {
        let chosen =
            only.isEmpty
            ? Set(Section.allCases) : Set(only.split(separator: ",").compactMap { Section(rawValue: String($0)) })
        let place = URL(fileURLWithPath: directory).appending(path: "run-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { if !keep { try? FileManager.default.removeItem(at: place) } }
        let signals = Child.endWithUs(removing: keep ? nil : place)
        defer { for source in signals { source.cancel() } }
        var report = Report()
        do {
            try await measure(chosen, place, &report)
        } catch {
            print("\nNot measured to the end: \(error)")
            try write(report)
            throw ExitCode.failure
        }
        print("\n\(report.summary())")
        try write(report)
    }

    private func measure(_ chosen: Set<Section>, _ place: URL, _ report: inout Report) async throws {
        report.describe(
            "machine", Machine.processor + ", \(ProcessInfo.processInfo.activeProcessorCount) cores, \(Machine.system)")
        report.describe("libcrypto", Machine.libcrypto)
        report.describe("disk", "\(try Floors.requireDisk(place)) at \(place.path)")
        report.describe("load before", Machine.load)
        report.describe("rounds", "\(rounds), interleaved; medians, and the lowest and highest beside them")
        let keys = try PracticeKeys()
        // The floors are measured in every run, whatever was chosen.
        _ = try CryptographySection(keys: keys, rounds: rounds).run(
            &report, directory: place, floorsOnly: !chosen.contains(.crypto))
        if chosen.isSubset(of: [.crypto]) { return }
        let bench = try Workbench(directory: place, keys: keys)
        if chosen.contains(.procedure) {
            try ProcedureSection(bench: bench, rounds: rounds).run(&report)
        }
        if chosen.contains(.audit) { try AuditSection(bench: bench, rounds: rounds, letters: letters).run(&report) }
        if chosen.contains(.log) { try await LogSection(bench: bench, rounds: rounds).run(&report) }
        if chosen.contains(.acceptance) { try await AcceptanceSection(bench: bench, rounds: rounds).run(&report) }
        if chosen.contains(.cycle) { try await CycleSection(bench: bench, rounds: rounds).run(&report) }
        if chosen.contains(.depth) { try await DepthSection(bench: bench, rounds: rounds, deep: deep).run(&report) }
        if chosen.contains(.cases) { try await CasesSection(bench: bench, rounds: rounds, many: cases).run(&report) }
        if chosen.contains(.attachment) {
            try await AttachmentSection(bench: bench, megabytes: megabytes).run(&report)
        }
        if chosen.contains(.pages) { try await PagesSection(bench: bench, rounds: rounds).run(&report) }
        report.describe("load after", Machine.load)
    }

    private func write(_ report: Report) throws {
        if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
    }
}
