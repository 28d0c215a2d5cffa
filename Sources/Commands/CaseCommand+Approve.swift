// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Letters
import Node
import Procedure

extension CaseCommand {
    struct Approve: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Approve, as the second person, exactly what somebody else will then do.",
            discussion: """
                Some steps need two persons: a retraction, a disclosure in an emergency. One approves with the same events, files, \
                receivers and --at that the other then gives to `kheya case do`; whatever differs was not approved. The node writes \
                the signature; it serves once. The page shows a draft to be approved in the same way.
                """,
            example: """
                kheya case approve CASE RETRACTION --home node --as reviewer-1 --facts retraction.json --form correction.json
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var act: ActOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String
        @Argument(help: "The events, in order.") var events: [String] = []

        struct Report: Encodable {
            let `case`: String
            /// Of what was approved.
            let approval: String
            let account: String
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            let prepared = try act.act(events, now: opened.now)
            let words = try reader.words(node, for: id)
            do {
                let digest = try await NodeAssembly.blocking { try node.desk.approve(prepared, in: id, at: opened.now) }
                let report = Report(case: id.text, approval: digest.hex, account: prepared.account)
                try console.result("case.approve", report) {
                    words.labels.sentence(.approved, ["names": prepared.account]) + "\n\(digest.hex)"
                }
            } catch let error as DeskError { throw CommandFailure(desk: error, words) }
        }
    }
}
