// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure

/// What judging a letter costs beside verifying its signature: one that opens a case, and the next one of a long case.
struct ProcedureSection {
    let bench: Workbench
    let rounds: Int
    /// Letters of the long case before the measured ones, and how many of these.
    let length = 500
    let measured = 100

    func run(_ report: inout Report) throws {
        report.begin(
            "procedure", "judged and added as a broker does, and by one who reads all; one core, by CPU time")
        let floors = try bench.keys.floors()
        let slip = CryptographySection.content(1_024)
        let profile = try bench.profile()
        let told = try Data(contentsOf: bench.protocols.appending(path: "Vectors/procedure/main-path-adult.json"))
        let script = try ReplayDocument.read(Array(told), profile: profile)
        for (sight, isBroker) in [("broker", true), ("reads all", false)] {
            let steps = try long(script, profile).map { isBroker ? Self.seen($0) : $0 }
            var before = CaseHistory(profile: profile)
            for step in steps.dropLast(measured) { before.insert(step) }
            let (long, next) = (before, Array(steps.suffix(measured)))
            let opening = steps[0]
            let results = try Rounds.interleave(
                [
                    Contender("opening") { times in
                        for _ in 0..<times {
                            var history = CaseHistory(profile: profile)
                            try Self.take(opening, into: &history)
                        }
                    },
                    Contender("next") { times in
                        for _ in 0..<times {
                            var history = long
                            for step in next { try Self.take(step, into: &history) }
                        }
                    },
                    Contender("replay") { times in
                        for _ in 0..<times {
                            var history = CaseHistory(profile: profile)
                            for step in steps.reversed() { history.insert(step) }
                            _ = history.admit(next[0])
                        }
                    },
                    Contender("ECDSA P-256 verify") { try floors.ecdsaVerify(slip, $0) },
                ], count: rounds, seconds: 0.12)
            let (openings, nexts, replays, verify) = (results[0], results[1], results[2], results[3])
            func compare(_ name: String, _ ours: Measurement, letters: Int) {
                let each = ours.rounds.map { $0.cpuSeconds / $0.operations / Double(letters) }
                let floor = verify.rounds.map { $0.cpuSeconds / $0.operations }
                report.compare(
                    "\(name), \(sight)", Spread(each.map { $0 * 1e6 }), "µs",
                    floor: Spread(floor.map { $0 * 1e6 }).median, ratio: Spread(zip(each, floor).map { $0 / $1 }),
                    target: .atMost(1))
            }
            compare("a letter that opens a case", openings, letters: 1)
            compare("the next of a case of \(length) letters", nexts, letters: measured)
            report.figure(
                "  the same by replaying all of them", replays.cpuMicroseconds, "µs")
        }
    }

    private static func take(_ step: Step, into history: inout CaseHistory) throws {
        switch history.admit(step) {
        case .admitted, .flagged: break
        case .refused, .waiting: throw BenchmarkError("a letter of the long case is not admitted")
        }
        guard history.staleness(of: step) == nil else { throw BenchmarkError("a letter of the long case is stale") }
        history.insert(step)
    }

    /// A broker reads nothing that is sealed.
    private static func seen(_ step: Step) -> Step {
        guard case .opened = step.sealed else { return step }
        var step = step
        step.sealed = .unknown
        step.requires = []
        return step
    }

    /// A case of the vector's main path, told again and again where the procedure allows it, each letter with its receipt.
    private func long(_ script: ReplayScript, _ profile: Profile) throws -> [Step] {
        var history = CaseHistory(profile: profile)
        var steps: [Step] = []
        var last: [MemberID: Digest] = [:]
        func add(_ template: Step) -> Bool {
            var step = template
            guard let id = ReplayScript.id(of: "letter-\(steps.count)") else { return false }
            step.id = id
            step.at = Instant(seconds: (steps.last?.at ?? template.at).seconds + 3_600)
            step.parents = history.heads
            step.previous = last[step.from]
            step.root = steps.first?.id
            step.requires = []
            if step.opened != nil { step.opened = steps.last?.id }
            switch history.admit(step) {
            case .admitted, .flagged: break
            case .refused, .waiting: return false
            }
            history.insert(step)
            steps.append(step)
            last[step.from] = step.id
            return true
        }
        // Without the last one, which closes the case.
        let templates = script.letters.dropLast().map(\.step)
        while steps.count < length + measured {
            let before = steps.count
            for template in templates where add(template) {
                guard let reader = template.to.first, let own = templates.first(where: { $0.from == reader }) else {
                    continue
                }
                var receipt = own
                (receipt.to, receipt.shown, receipt.sealed, receipt.parts) = ([template.from], [], .none, [])
                receipt.lane = .normal
                receipt.opened = template.id
                _ = add(receipt)
            }
            guard steps.count > before else { throw BenchmarkError("the long case cannot go on") }
        }
        return Array(steps.prefix(length + measured))
    }
}
