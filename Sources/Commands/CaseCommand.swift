// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Foundation
import Letters
import Node
import Procedure

/// `kheya case`: what a caseworker does and sees.
struct CaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case",
        abstract: "Open a case, do its next step, see where it stands.",
        discussion: """
            Every step is judged before it is sealed: a refusal names the guard and nothing is sent. Facts, stops and withdrawals go \
            at once; their forms follow in a letter of their own.

            Example:
              kheya case open ADULT_ESTABLISHED SHARE_CONSENT_PREVIEW REFERRAL_OFFER --home node --as worker-1 --to bd:ngo-03 \
            --facts offer-facts.json --form consent.json --form preview.json
              kheya case list --home node
              kheya case do CASE DOSSIER --home node --as worker-1 --form dossier.json --attach photo=photo.jpg
              kheya case do CASE SHARE_CONSENT_WITHDRAWN --home node --as worker-1
            """,
        subcommands: [
            Open.self, Do.self, Approve.self, List.self, Show.self, Possible.self, History.self, Form.self, Import.self,
            Escalate.self, OrderErasure.self, Erase.self,
        ])

    /// A case by its pseudonym, or by so much of its beginning as is unique here.
    static func find(_ text: String, in desk: CaseDesk) throws -> CaseID {
        if let id = CaseID(text) { return id }
        let found = try desk.cases().map(\.caseID).filter { $0.text.hasPrefix(text) }
        guard let id = found.first, found.count == 1, text.utf8.count >= 4 else {
            throw CommandFailure(
                .noInput, code: "unknown-case",
                found.isEmpty ? "this node has no case \(text)" : "\(text) is the beginning of several cases",
                cure: "`kheya case list` shows the cases of this node.")
        }
        return id
    }

    struct ActReport: Encodable {
        let `case`: String
        let letters: [String]
        let events: [String]
        let to: [String]
        let flags: [String]
        /// The outcome of each event, in the reader's language.
        let words: [String]

        init(_ result: ActResult, events: [String], desk: CaseDesk, _ words: DeskWords) throws {
            `case` = result.caseID.text
            letters = result.letters.map(\.hex)
            self.events = events
            to = Set(try result.letters.flatMap { try desk.letter($0).entry.to }).map(\.text).sorted()
            flags = result.flags.map(\.rawValue).sorted()
            let verdict: Verdict = result.flags.isEmpty ? .admitted : .flagged(result.flags)
            self.words =
                events.map { words.labels.sentence(for: verdict, of: $0) } + [words.labels.sentence(.queued)]
        }

        var text: String {
            (words + ["case \(`case`) → \(to.joined(separator: ", "))"] + letters.map { "letter \($0)" })
                .joined(separator: "\n")
        }
    }

    /// Does what was asked; why it was not done is told in the reader's language.
    static func act(_ words: DeskWords, _ body: @escaping @Sendable () throws -> ActResult) async throws -> ActResult {
        do { return try await NodeAssembly.blocking(body) } catch let error as DeskError {
            throw CommandFailure(desk: error, words)
        }
    }

    struct Open: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Open a case: its first letter, with the event that opens it.",
            discussion: "The case gets a random pseudonym, which is all that brokers ever see of it.",
            example: """
                kheya case open ADULT_ESTABLISHED SHARE_CONSENT_PREVIEW REFERRAL_OFFER --home node --as \
                worker-1 --to bd:ngo-03 --facts offer-facts.json --form consent.json --form preview.json
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var act: ActOptions
        @Argument(help: "The events of the letter, in order; one of them opens a case.") var events: [String]

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            guard !act.to.isEmpty else {
                throw CommandFailure(.usage, "who shall receive the case?", cure: "Add --to MEMBER.")
            }
            let prepared = try act.act(events, now: opened.now)
            let words = try reader.words(node)
            let result = try await CaseCommand.act(words) { try node.desk.openCase(prepared, at: opened.now) }
            let report = try ActReport(result, events: events, desk: node.desk, words)
            try console.result("case.open", report) { report.text }
        }
    }

    struct Do: Verb {
        static let configuration = CommandConfiguration(
            commandName: "do",
            abstract: "Do something in a case: one letter with one or several events, and their forms.",
            discussion: """
                Several events share a letter when they are named together. Without an event, a form follows a fact that was told \
                before. `kheya case possible CASE` lists what can be done now, and what stands against the rest.
                """,
            example: """
                kheya case do CASE DOSSIER --home node --as worker-1 --form dossier.json --attach \
                photo=photo.jpg
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var act: ActOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String
        @Argument(help: "The events, in order.") var events: [String] = []

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            guard !events.isEmpty || !act.form.isEmpty else {
                throw CommandFailure(.usage, "neither an event nor a form")
            }
            let prepared = try act.act(events, now: opened.now)
            let words = try reader.words(node, for: id)
            let result = try await CaseCommand.act(words) { try node.desk.perform(prepared, in: id, at: opened.now) }
            let report = try ActReport(result, events: events, desk: node.desk, words)
            try console.result("case.do", report) { report.text }
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List the cases of this node.",
            example: "kheya case list --home node --language bn")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions

        struct Report: Encodable {
            struct Entry: Encodable {
                let `case`: String
                let lifecycle: String
                let words: String
                let ended: Bool
                let openedHere: Bool
                let created: String
                let newest: String
                let unread: Int
                let waiting: Int
            }
            let cases: [Entry]
        }

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let cases = try node.desk.cases()
            let own = try reader.words(node)
            // Cases may stand under several versions of the procedure.
            let words = try Dictionary(
                Set(cases.map(\.profile)).map { ($0, try reader.words(node, of: $0)) }
            ) { first, _ in first }
            let report = Report(
                cases: cases.map {
                    Report.Entry(
                        case: $0.caseID.text, lifecycle: $0.lifecycle.joined(separator: "|"),
                        words: (words[$0.profile] ?? own).states($0.lifecycle),
                        ended: $0.hasEnded ?? false,
                        openedHere: $0.openedHere, created: Moment.text($0.created), newest: Moment.text($0.newest),
                        unread: $0.unread,
                        waiting: $0.waiting)
                })
            try console.result("case.list", report) {
                func letters(_ count: Int, _ sentence: Sentence) -> String {
                    guard count > 0 else { return "" }
                    return own.labels.sentence(sentence, ["letters": own.labels.count(Int64(count), .letter)])
                }
                guard !cases.isEmpty else { return own.labels.sentence(.noCases) }
                return Table.lines(
                    zip(cases, report.cases).map { overview, entry in
                        [
                            entry.case, entry.words, own.moment(overview.newest), letters(entry.unread, .unread),
                            letters(entry.waiting, .waitingHere),
                        ]
                    }
                ).joined(separator: "\n")
            }
        }
    }
}
