// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Letters
import Logging
import Membership
import Procedure
import TransparencyLog

extension LogCommand {
    /// What an erasure is, or would be.
    struct ErasureReport: Encodable {
        let origin: String
        let level: Int64
        let leaves: Int
        let facts: [String: String]

        init(_ erasure: Erasure) {
            origin = erasure.origin
            level = erasure.level.rawValue
            leaves = erasure.leaves.count
            facts = [
                "erasure": erasure.level.name, "leaves": erasure.facts.leaves.hex, "origin": erasure.facts.origin.hex,
            ]
        }
    }

    struct Plan: Verb {
        static let configuration = CommandConfiguration(
            commandName: "erasure",
            abstract: "Say what an order must say so that these cases are erased here.",
            discussion: "Who is entitled puts these facts into the order. The broker must not run.",
            example: "kheya log erasure --home in-broker --key-file broker.key --case CASE")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(name: .customLong("case"), help: "A case's pseudonym; may be repeated with --record.")
        var cases: [CaseID]
        @ArgumentParser.Flag(help: "The record, not the content alone.") var record = false
        @Option(
            help: ArgumentHelp(
                "Writes what `kheya case order-erasure` needs at the node of who orders it.", valueName: "file"))
        var draft: String?

        func validate() throws {
            guard !cases.isEmpty, record || cases.count == 1 else {
                throw ValidationError("Content is erased of one case; --record may name several.")
            }
            guard draft == nil || !record else {
                throw ValidationError("An order of a record stands in a case of its own: there is no draft of it.")
            }
        }

        func execute(_ console: Console) async throws {
            let broker = try BrokerAssembly(
                try OpenedHome(home, as: .broker), logger: .lines("erasure", level: .critical))
            let erasure = try await broker.process.core.erasure(record ? .record : .content, of: Set(cases))
            if let draft, let caseID = cases.first {
                try Files.create(draft, bytes: try await broker.process.core.erasureDraft(of: caseID).json)
            }
            let report = ErasureReport(erasure)
            try console.result("log.erasure", report) {
                report.facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "\n")
            }
        }
    }

    struct Erase: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Carry out an order of erasure.",
            discussion: """
                Nothing brings back what is erased. The order is a letter of an entitled member that this log has admitted and that \
                its addressees have found valid. The broker must not run.
                """,
            example: "kheya log erase LETTER --home in-broker --key-file broker.key")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: ArgumentHelp("The id of the letter that orders it.", valueName: "order"))
        var order: Digest
        @Option(help: ArgumentHelp("Erase the record of this case; may be repeated.", valueName: "case"))
        var record: [CaseID] = []

        func execute(_ console: Console) async throws {
            let broker = try BrokerAssembly(
                try OpenedHome(home, as: .broker), logger: .lines("erasure", level: .critical))
            let erasure = try await broker.process.core.erase(by: order, record: Set(record))
            try console.result("log.erase", ErasureReport(erasure)) {
                "\(erasure.level == .record ? "records" : "content") of \(erasure.leaves.count) leaves of \(erasure.origin) erased"
            }
        }
    }
}
