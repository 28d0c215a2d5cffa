// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Letters
import Node
import Procedure

extension CaseCommand {
    struct Import: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Begin cases from a file of another system: drafts, and nothing that is sent.",
            discussion: """
                Each record of the file (JSON, or CSV with the fields' names in its first line) becomes drafts that a caseworker looks over at \
                the page, answer by answer, before anything can be sealed. Consent is never taken from a file. What has no \
                counterpart here is named and not taken; an unknown code, a wrong date, a field that stands there twice refuse the whole \
                file. A record that was taken before changes nothing.
                """,
            example: "kheya case import cases.csv --from htcds --home node --as worker-1")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(
            name: .customLong("as"),
            help: ArgumentHelp(
                "Who begins the drafts: an account of this node (`kheya user list`).", valueName: "account"))
        var account: String
        @Option(
            help: ArgumentHelp(
                "Whose field names the file uses: \(ImportMapping.all.map(\.name).joined(separator: ", ")).",
                valueName: "mapping"))
        var from: String
        @ArgumentParser.Flag(help: "Only say what would be done.") var dryRun = false
        @Argument(help: "The file; - is standard input.") var file: String

        func validate() throws {
            guard ImportMapping.named(from) == nil else { return }
            throw ValidationError("--from is one of \(ImportMapping.all.map(\.name).joined(separator: ", "))")
        }

        struct Report: Encodable {
            struct Record: Encodable {
                struct Draft: Encodable {
                    /// None of a rehearsal.
                    let draft: String?
                    let event: String
                }
                struct Taken: Encodable {
                    let field: String
                    let to: [String]
                }
                struct NotTaken: Encodable {
                    let field, reason: String
                    let code: String?
                }
                let record: Int
                let `case`: String
                let known: Bool
                let drafts: [Draft]
                let taken: [Taken]
                let notTaken: [NotTaken]
                let open: [String]
            }
            let from: String
            let dryRun: Bool
            let records: [Record]

            init(_ cases: [ImportedCase], from: String, dryRun: Bool) {
                self.from = from
                self.dryRun = dryRun
                records = cases.map { one in
                    Record(
                        record: one.record, case: one.caseID.text, known: one.isKnown,
                        drafts: one.drafts.map {
                            .init(
                                draft: dryRun && !one.isKnown ? nil : $0.id.hex,
                                event: $0.content.events.joined(separator: " "))
                        },
                        taken: one.taken.map { .init(field: $0.field, to: $0.to) },
                        notTaken: one.notTaken.map {
                            .init(field: $0.field, reason: $0.reason.rawValue, code: $0.code)
                        },
                        open: one.open)
                }
            }

            var text: String {
                (records.flatMap(Self.lines) + [
                    dryRun
                        ? "Nothing was written."
                        : "Nothing was sent. Every answer waits, at this node's page, for somebody to look at it."
                ]).joined(separator: "\n")
            }

            private static func lines(_ record: Record) -> [String] {
                let drafts = record.drafts.map { ["  draft", $0.event, $0.draft ?? ""] }
                guard !record.known else {
                    return ["record \(record.record)  case \(record.case): taken before, nothing changed"]
                        + Table.lines(drafts)
                }
                return ["record \(record.record)  case \(record.case)"]
                    + Table.lines(
                        drafts
                            + record.taken.map { ["  taken", $0.field, $0.to.joined(separator: ", ")] }
                            + record.notTaken.map { entry in
                                [
                                    "  not taken", entry.code.map { "\(entry.field): \($0)" } ?? entry.field,
                                    entry.reason,
                                ]
                            } + record.open.map { ["  to answer", $0, ""] })
            }
        }

        func execute(_ console: Console) async throws {
            let bytes = try Files.read(file, limit: ImportLimits.fileBytes)
            let (node, opened) = try NodeAssembly.open(home)
            guard let mapping = ImportMapping.named(from) else { throw CommandFailure(.usage, "no such mapping") }
            let cases = try node.desk.importCases(
                bytes, from: mapping, by: account, at: opened.now, isRehearsal: dryRun)
            let report = Report(cases, from: from, dryRun: dryRun)
            try console.result("case.import", report) { report.text }
        }
    }
}
