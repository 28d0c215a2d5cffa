// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Procedure
import TrailAudit

/// `kheya audit`: checks a trail without believing any broker, node or this program.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check a trail of letters offline, without reading anybody's data.",
        discussion: """
            A trail bundle holds what two brokers logged: no personal data. Whom to believe you bring along, in a folder: the \
            authorities' certificates and a policy for each log. Protocols/Trail.md says what is checked. verify_trail.py and \
            verify_letter.sh beside it check the same without this program.

            Example:
              kheya audit export --home broker --for in:oversight --destroy 2027-12-31 --to in-2026.trail
              kheya audit trust in.directory bd.directory --root in-root.crt --root bd-root.crt --to trust
              kheya audit verify in-2026.trail --trust trust --report in-2026.html
            """,
        subcommands: [Export.self, Trust.self, Verify.self, Watch.self])

    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Verify a bundle: every leaf, signature, step and receipt.",
            discussion: """
                Prints one line with the verdict, then a line for each finding. Exits with 0 if all holds, 2 if anything is false, 3 if \
                nothing is false but something is missing, 65 if nothing could be checked.
                """,
            example: "kheya audit verify trail.bundle --trust trust --report story.html")
        @OptionGroup var output: OutputOptions
        @Argument(help: "A bundle, a directory into which one was unpacked, or - for standard input.") var bundle:
            String
        @Option(help: ArgumentHelp("The folder with whom to believe.", valueName: "folder")) var trust: String
        @Option(help: ArgumentHelp("The audit's date; without it: now.", valueName: "time")) var asOf: String?
        @Option(
            help: ArgumentHelp(
                "What you asked for: all, period=FROM..TO or case=ID. A bundle that promises less is incomplete.",
                valueName: "what")) var expect: String = "all"
        @Option(help: ArgumentHelp("Write each case's story as a page to print.", valueName: "file")) var report:
            String?

        func execute(_ console: Console) async throws {
            let now = Moment.now()
            guard let scope = TrailScope(expect, time: { Moment.read($0, now: now) }) else {
                throw CommandFailure(.usage, "--expect is not all, period=FROM..TO or case=ID")
            }
            let result = try verify(AuditCommand.date(asOf), scope, console)
            try console.result("audit.verify", AuditReport(result)) { result.text }
            try AuditCommand.end(result.verdict)
        }

        private func verify(_ date: Instant, _ scope: TrailScope, _ console: Console) throws -> TrailReport {
            let believed: TrailTrust
            do {
                believed = try TrailTrust(folder: trust)
            } catch {
                return .unchecked(error, asOf: date)
            }
            try AuditCommand.require(bundle)
            let size = (try? FileManager.default.attributesOfItem(atPath: bundle)[.size] as? Int) ?? 0
            var shown = Progress("verified MiB", total: max(1, size >> 20), quiet: console.json || size == 0)
            let verifier = TrailVerifier(trust: believed, asOf: date, scope: scope)
            guard let report else {
                let result = verifier.verify(path: bundle, progress: { shown.update($0 >> 20) })
                shown.finish()
                return result
            }
            let page = try TrailPageFile(path: report)
            let result = verifier.verify(
                path: bundle, progress: { shown.update($0 >> 20) }, story: { page.add(TrailPage.story($0)) })
            shown.finish()
            try page.finish(TrailPage.head(result), TrailPage.foot)
            return result
        }
    }
}

/// `--json` of `kheya audit verify`: the fields of the text.
struct AuditReport: Encodable {
    struct Newest: Encodable {
        let origin: String
        let size: Int64
        let time: Int64
    }
    struct Finding: Encodable {
        let weight: String
        let code: String
        let origin: String?
        let leaf: Int64?
        let letter: String?
        let detail: String
    }
    let verdict: String
    let asOf: Int64
    let bundle: String
    let newest: [Newest]
    let leaves: Int64
    let letters: Int
    let erased: Int
    let codes: [String: Int]
    let findings: [Finding]

    init(_ report: TrailReport) {
        verdict = report.verdict.rawValue
        asOf = report.asOf.seconds
        bundle = report.manifest?.promise ?? "-"
        newest = report.newest.map { Newest(origin: $0.origin, size: $0.size, time: $0.time.seconds) }
        leaves = report.leaves
        letters = report.letters
        erased = report.erased
        codes = Dictionary(uniqueKeysWithValues: report.counts.map { ($0.key.rawValue, $0.value) })
        findings = report.findings.map {
            Finding(
                weight: $0.weight.rawValue, code: $0.code.rawValue, origin: $0.origin, leaf: $0.leaf,
                letter: $0.letter?.hex, detail: $0.detail)
        }
    }
}

/// A page whose middle comes before its beginning is known: the stories wait in a file beside it.
final class TrailPageFile {
    private let path: String
    private let part: FileHandle

    /// - Throws: ``CommandFailure`` `.cannotCreate`: nothing is overwritten.
    init(path: String) throws {
        self.path = path
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(
                .cannotCreate, "\(path) exists already", cure: "Name another file; nothing is overwritten.")
        }
        try Files.create(path + ".part", bytes: [], replace: true)
        guard let handle = FileHandle(forUpdatingAtPath: path + ".part") else {
            throw CommandFailure(.cannotCreate, "\(path).part cannot be written")
        }
        part = handle
    }

    deinit { try? FileManager.default.removeItem(atPath: path + ".part") }

    func add(_ text: String) { part.write(Data(text.utf8)) }

    func finish(_ head: String, _ foot: String) throws {
        try Files.create(path, bytes: Array(head.utf8))
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw CommandFailure(.inputOutput, "\(path) cannot be written")
        }
        try file.seekToEnd()
        try part.seek(toOffset: 0)
        while let piece = try part.read(upToCount: 1 << 20), !piece.isEmpty { try file.write(contentsOf: piece) }
        try file.write(contentsOf: Data(foot.utf8))
        try file.close()
    }
}
