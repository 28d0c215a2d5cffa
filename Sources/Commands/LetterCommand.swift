// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Exchange
import Foundation
import Letters
import MessageStore
import Node
import Procedure

/// `kheya letter`: single letters and their way.
struct LetterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "letter",
        abstract: "Look at letters: what came, what is on its way, and each as plain files.",
        discussion: """
            Example:
              kheya letter inbox --home node
              kheya letter act LETTER --home node --as worker-1        a person has acted on it: its sender is told
              kheya letter export LETTER --home node --to inspect      then: openssl cms -verify -inform DER -in slip.p7s -CAfile …
            """,
        subcommands: [Inbox.self, Outbox.self, Show.self, Export.self, Acted.self])

    struct TransitReport: Encodable {
        struct Entry: Encodable {
            let letter: String
            let `case`: String
            let type: String
            let lane: String
            let from: String
            let to: [String]
            let at: String
            let state: String
            let done: Bool
            let events: [String]
            let words: String

            init<Item>(_ item: TransitItem<Item>, state: String, done: Bool, events: [String], words: String) {
                letter = item.letter.id.hex
                `case` = item.letter.caseID.text
                type = item.letter.type.rawValue
                lane = item.letter.lane.rawValue
                from = item.letter.sender.text
                to = item.to.map(\.text)
                at = Moment.text(item.letter.sent)
                (self.state, self.done, self.events, self.words) = (state, done, events, words)
            }
        }
        let letters: [Entry]

        func text(_ words: DeskWords) -> String {
            guard !letters.isEmpty else { return words.labels.sentence(.noLetters) }
            return Table.lines(
                letters.map { [$0.at, String($0.letter.prefix(12)), $0.from, words.events($0.events), $0.words] }
            ).joined(separator: "\n")
        }
    }

    struct Inbox: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Letters that came, newest last.",
            example: "kheya letter inbox --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @ArgumentParser.Flag(help: "Receipts, refusals and notices, too.") var all = false

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let words = try reader.words(node)
            let report = TransitReport(
                letters: try node.desk.inbox().filter { all || $0.letter.type == .step }.map { item in
                    TransitReport.Entry(
                        item, state: item.entry.state.rawValue, done: item.entry.state == .judged,
                        events: try LetterCommand.events(item.letter, item.shown, node),
                        words: words.sentence(for: item))
                })
            try console.result("letter.inbox", report) { report.text(words) }
        }
    }

    struct Outbox: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Letters that were made here, and how far each has come.",
            discussion:
                "`done` in JSON: the broker has stored, refused or given it up; nothing is to be sent any more.",
            example: "kheya letter outbox --all --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @ArgumentParser.Flag(help: "Receipts, too.") var all = false

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let words = try reader.words(node)
            let items = try node.desk.outbox().filter { all || $0.letter.type == .step || $0.entry.state == .waiting }
            let report = TransitReport(
                letters: try items.map { item in
                    TransitReport.Entry(
                        item, state: item.entry.state.rawValue, done: item.entry.state != .waiting,
                        events: try LetterCommand.events(item.letter, item.shown, node),
                        words: words.sentence(for: item))
                })
            try console.result("letter.outbox", report) { report.text(words) }
        }
    }

    /// What the letter holds by this node's own sight; else what brokers see.
    private static func events(_ letter: CaseFile.LetterRecord, _ shown: [String], _ node: LocalNode) throws -> [String]
    {
        guard letter.type == .step else { return shown }
        let events = try node.desk.letter(letter.id).entry.events.map(\.code)
        return events.isEmpty ? shown : events
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "One letter: its way, its receipts, what makes it void.",
            example: "kheya letter show LETTER --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The letter's id.") var letter: Digest

        struct Report: Encodable {
            let letter: LetterReport
            let words: String
            let slip: SlipReport
        }

        struct SlipReport: Encodable {
            struct Part: Encodable {
                let digest, commitment, tier, to, basis: String
                let size: Int64
                let pieces: Int64?
            }
            let at: String
            let expires: String?
            let profile: String?
            let parts: [Part]
        }

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let view = try node.desk.letter(letter)
            let words = try reader.words(node, for: view.entry.letter.caseID)
            let slip = view.slip
            let report = Report(
                letter: try LetterReport(view.entry, words), words: words.sentence(for: view),
                slip: SlipReport(
                    at: Moment.text(slip.at), expires: slip.expires.map(Moment.text),
                    profile: slip.profile.map { "\($0.id) \($0.version)" },
                    parts: slip.parts.map {
                        SlipReport.Part(
                            digest: $0.digest.hex, commitment: $0.commitment.hex, tier: $0.tier.rawValue,
                            to: $0.recipient.text,
                            basis: $0.basis.rawValue, size: $0.size, pieces: $0.pieces)
                    }))
            try console.result("letter.show", report) {
                let letter = report.letter
                var lines = [
                    "letter \(letter.letter)", "case \(letter.case), \(letter.lane), sent \(letter.at)",
                    "\(letter.from) → \(letter.to.joined(separator: ", "))",
                ]
                lines.append(letter.words.isEmpty ? letter.type : letter.words)
                lines.append(report.words)
                lines += view.entry.receipts.map {
                    "\($0.sender): \(words.receipt($0.state, $0.code)), \(words.moment($0.at))"
                }
                if let reason = letter.reason { lines.append(reason) }
                if letter.void { lines.append(letter.mark) }
                lines += report.slip.parts.map {
                    "part \($0.digest.prefix(12))… \($0.tier) for \($0.to) on \($0.basis), \($0.size) bytes"
                        + ($0.pieces.map { ", \($0) pieces" } ?? "")
                }
                return lines.joined(separator: "\n")
            }
        }
    }

    struct Export: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write a letter as plain files, for openssl and sha256sum: DIR/<letter id>/slip.p7s and parts/.",
            discussion: """
                For inspection on this machine only: a slip tells who writes to whom. To carry letters use `kheya courier export`. \
                Sealed files are written as far as this node still has them: they go once a letter was opened, unless the node was made \
                with --keep-sealed.
                """,
            example: "kheya letter export LETTER --to inspect --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The letter's id.") var letter: Digest
        @Option(help: ArgumentHelp("The directory; it is made where it is not there.", valueName: "dir")) var to: String

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let (slip, parts) = try node.desk.bundle(letter)
            var bundle = LetterBundle(id: letter, slip: slip)
            for digest in parts { bundle.parts[digest] = try node.store.read { try $0.part(digest) } }
            try FileManager.default.createDirectory(
                atPath: to, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try LetterDirectory.write(bundle, to: to)
            struct Report: Encodable {
                let letter: String
                let directory: String
                let parts: Int
            }
            let report = Report(letter: letter.hex, directory: "\(to)/\(letter.hex)", parts: parts.count)
            try console.result("letter.export", report) {
                "\(report.directory): the slip and \(report.parts) sealed files"
            }
        }
    }

    struct Acted: Verb {
        static let configuration = CommandConfiguration(
            commandName: "act", abstract: "Say that a person here has acted on a letter; its sender gets the receipt.",
            example: "kheya letter act LETTER --home node --as worker-1")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The letter's id.") var letter: Digest
        @Option(name: .customLong("as"), help: "Who: an account of this node.") var account: String

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let receipt = try await NodeAssembly.blocking {
                try node.desk.markActedOn(letter, account: account, at: opened.now)
            }
            struct Report: Encodable {
                let letter: String
                let receipt: String
            }
            try console.result("letter.act", Report(letter: letter.hex, receipt: receipt.hex)) {
                "receipt \(receipt.hex)"
            }
        }
    }
}
