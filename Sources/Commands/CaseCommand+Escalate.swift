// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Letters
import Node
import Procedure

extension CaseCommand {
    struct Escalate: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Tell whoever oversees that a step is overdue.",
            discussion: """
                It goes in a case of its own and says which step is owed, by which role and organisation, since when and until when it \
                was due: no name, no text, and nothing that leads to the case. `kheya case show CASE --json` names the deadlines.
                """,
            example: "kheya case escalate CASE D08a --to in:oversight --as worker-1 --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String
        @Argument(help: "The deadline that has passed.") var deadline: String
        @Option(help: ArgumentHelp("Who oversees.", valueName: "member")) var to: MemberID
        @Option(
            name: .customLong("as"),
            help: ArgumentHelp("Who acts: an account of this node (`kheya user list`).", valueName: "account"))
        var account: String

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            let words = try reader.words(node, for: id)
            let (deadline, to, account) = (deadline, to, account)
            let result = try await CaseCommand.act(words) {
                try node.desk.escalate(deadline, in: id, to: to, account: account, at: opened.now)
            }
            let events = try node.desk.history(of: result.caseID).flatMap(\.events).map(\.code)
            let report = try ActReport(result, events: events, desk: node.desk, words)
            try console.result("case.escalate", report) { report.text }
        }
    }
}
