// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One line of the result.
struct Finding: Sendable, Encodable {
    enum Verdict: String, Sendable, Encodable {
        case met = "PASS"
        case below = "below target"
        /// A floor, or a figure without a target.
        case none = ""
    }

    var section: String
    var name: String
    var value: Spread
    var unit: String
    /// The floor measured in the same run, in the same unit.
    var floor: Double?
    var ratio: Spread?
    var target: String?
    var verdict: Verdict
    /// CPU microseconds for one operation, of everything that took part.
    var cpuMicroseconds: Double?
    var note: String?
}

/// The findings of one run: printed as they come, and written as JSON at the end.
struct Report {
    private(set) var findings: [Finding] = []
    private(set) var machine: [String: String] = [:]
    private var section = ""

    mutating func describe(_ name: String, _ value: String) {
        machine[name] = value
        print("\(name): \(value)")
    }

    mutating func begin(_ section: String, _ sentence: String) {
        self.section = section
        print("\n\(section): \(sentence)")
        print(
            Self.line("", "measured", "spread", "floor", "ratio", "spread", "target", ""))
    }

    /// A figure without a target.
    mutating func figure(_ name: String, _ value: Spread, _ unit: String, cpu: Double? = nil, note: String? = nil) {
        add(
            Finding(
                section: section, name: name, value: value, unit: unit, verdict: .none, cpuMicroseconds: cpu, note: note
            ))
    }

    /// A figure with a ratio that shall be at least, or at most, `target`.
    mutating func compare(
        _ name: String, _ value: Spread, _ unit: String, floor: Double? = nil, ratio: Spread, target: Target,
        cpu: Double? = nil,
        note: String? = nil
    ) {
        add(
            Finding(
                section: section, name: name, value: value, unit: unit, floor: floor, ratio: ratio, target: target.text,
                verdict: target.holds(ratio.median) ? .met : .below, cpuMicroseconds: cpu, note: note))
    }

    /// A figure with a ratio and no target.
    mutating func relate(
        _ name: String, _ value: Spread, _ unit: String, floor: Double, ratio: Spread, cpu: Double? = nil,
        note: String? = nil
    ) {
        add(
            Finding(
                section: section, name: name, value: value, unit: unit, floor: floor, ratio: ratio, verdict: .none,
                cpuMicroseconds: cpu, note: note))
    }

    private mutating func add(_ finding: Finding) {
        findings.append(finding)
        var line = Self.line(
            finding.name, Self.number(finding.value.median) + " " + finding.unit,
            finding.value.low == finding.value.high
                ? "" : "\(Self.number(finding.value.low))–\(Self.number(finding.value.high))",
            finding.floor.map(Self.number) ?? "", finding.ratio.map { Self.ratio($0.median) } ?? "",
            finding.ratio.map { $0.low == $0.high ? "" : "\(Self.ratio($0.low))–\(Self.ratio($0.high))" } ?? "",
            finding.target ?? "", finding.verdict.rawValue)
        if let cpu = finding.cpuMicroseconds { line += "  CPU \(Self.number(cpu)) µs each" }
        while line.last == " " { line.removeLast() }
        print(line)
        defer { fflush(nil) }  // a line is there when it is measured, also in a pipe
        if let note = finding.note { print("      \(note)") }
    }

    /// Everything, sorted keys, one object.
    func json() throws -> Data {
        struct Document: Encodable {
            let machine: [String: String]
            let findings: [Finding]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(Document(machine: machine, findings: findings))
    }

    func summary() -> String {
        let judged = findings.filter { $0.verdict != .none }
        let met = judged.count { $0.verdict == .met }
        return "\(met) of \(judged.count) targets met" + (met == judged.count ? "." : "; the others are marked.")
    }

    private static let widths = [46, 20, 19, 10, 7, 13, 8, 12]

    private static func line(_ cells: String...) -> String {
        zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined()
    }

    static func number(_ value: Double) -> String {
        switch abs(value) {
        case 1_000...: String(format: "%.0f", value)
        case 100...: String(format: "%.1f", value)
        case 1...: String(format: "%.2f", value)
        default: String(format: "%.3f", value)
        }
    }

    static func ratio(_ value: Double) -> String { String(format: "%.2f", value) }
}

/// What a ratio is held against.
enum Target: Sendable {
    case atLeast(Double), atMost(Double), below(Double), above(Double)

    func holds(_ value: Double) -> Bool {
        switch self {
        case .atLeast(let bound): value >= bound
        case .atMost(let bound): value <= bound
        case .below(let bound): value < bound
        case .above(let bound): value > bound
        }
    }

    var text: String {
        switch self {
        case .atLeast(let bound): "≥ \(bound)"
        case .atMost(let bound): "≤ \(bound)"
        case .below(let bound): "< \(bound)"
        case .above(let bound): "> \(bound)"
        }
    }
}
