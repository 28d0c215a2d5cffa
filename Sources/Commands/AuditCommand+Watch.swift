// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Procedure
import TrailAudit

extension AuditCommand {
    struct Watch: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Verify what was logged since the last audit.",
            discussion: """
                The first time it takes a bundle of everything and makes the state; then what `kheya audit export --since` wrote. It reads \
                new leaves and the cases that have one, and nothing else. The state is yours: give it to nobody, and keep a copy. Nothing \
                is remembered of a bundle in which anything is false. Exits as `kheya audit verify`.
                """,
            example: "kheya audit watch march.trail --trust trust --state in-bd.state")
        @OptionGroup var output: OutputOptions
        @Argument(help: "Bundles, the oldest first.") var bundles: [String]
        @Option(help: ArgumentHelp("The folder with whom to believe.", valueName: "folder")) var trust: String
        @Option(help: ArgumentHelp("What is remembered from audit to audit; made the first time.", valueName: "file"))
        var state: String
        @Option(help: ArgumentHelp("The audit's date; without it: now.", valueName: "time")) var asOf: String?

        struct Report: Encodable {
            let audits: [AuditReport]
            /// For the next `kheya audit export --since`; absent before the first bundle that holds.
            let since: String?
        }

        func execute(_ console: Console) async throws {
            let date = try AuditCommand.date(asOf)
            let known = FileManager.default.fileExists(atPath: state)
            var held = known ? try TrailState(reading: try Files.read(state), path: state) : nil
            var reports: [TrailReport] = []
            for bundle in bundles {
                let report = try watch(bundle, date, &held)
                reports.append(report)
                if report.verdict == .fail || report.verdict == .unchecked { break }
            }
            let result = Report(audits: reports.map(AuditReport.init), since: held?.newest)
            try console.result("audit.watch", result) {
                reports.map(\.text).joined() + (result.since.map { "next: kheya audit export --since \($0)" } ?? "")
            }
            if let last = reports.last { try AuditCommand.end(last.verdict) }
        }

        private func watch(_ bundle: String, _ date: Instant, _ held: inout TrailState?) throws -> TrailReport {
            let believed: TrailTrust
            do { believed = try TrailTrust(folder: trust) } catch { return .unchecked(error, asOf: date) }
            try AuditCommand.require(bundle)
            let (report, next) = TrailVerifier(trust: believed, asOf: date).watch(path: bundle, since: held)
            if let next {
                try Files.create(state, bytes: next.bytes, replace: true)
                held = next
            }
            return report
        }
    }

    static func date(_ text: String?) throws -> Instant {
        let now = Moment.now()
        guard let date = text.map({ Moment.read($0, now: now) }) ?? now else {
            throw CommandFailure(.usage, "--as-of is no time")
        }
        return date
    }

    static func require(_ bundle: String) throws {
        guard bundle == "-" || FileManager.default.fileExists(atPath: bundle) else {
            throw CommandFailure(.noInput, "\(bundle) is not there")
        }
    }

    /// The exit status that a verdict has.
    static func end(_ verdict: TrailReport.Verdict) throws {
        switch verdict {
        case .pass: return
        case .fail: throw ExitCode(ExitStatus.checkFailed.rawValue)
        case .incomplete: throw ExitCode(ExitStatus.incomplete.rawValue)
        case .unchecked: throw ExitCode(ExitStatus.dataError.rawValue)
        }
    }
}

extension TrailState {
    fileprivate init(reading bytes: [UInt8], path: String) throws {
        do { try self.init(bytes) } catch {
            throw CommandFailure(.dataError, "\(path), line \(error.line): not the state of an audit")
        }
    }
}
