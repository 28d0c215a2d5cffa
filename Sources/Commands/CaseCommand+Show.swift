// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Foundation
import Letters
import Node
import Procedure

extension CaseCommand {
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Where a case stands: its state, the board of checkpoints, who waits on whom and until when.",
            example: "kheya case show CASE --home node --language bn")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String

        struct Report: Encodable {
            struct WaitReport: Encodable {
                let kind: String
                let on: [String]
                let since: String
                let due: String?
                let overdue: Bool
                let deadline: String?
                let deadlineWords: String?
                let events: [String]
                let letter: String?
                let words: String
            }
            struct Awaited: Encodable { let event, form, letter, from, since, words: String }
            /// What keeps the case from being erased.
            struct Kept: Encodable {
                struct Hold: Encodable {
                    let track, state: String
                    let by, since: String?
                }
                let holds: [Hold]
                let trailUntil: String?
                let words: [String]
            }
            struct Checkpoint: Encodable {
                let track: String
                let states: [String]
                let standing: String
                let words: String
            }

            let `case`: String
            let root: String
            let lifecycle: String
            let care: String?
            let ended: Bool
            let exact: Bool
            let child: Bool
            let words: String
            /// What the procedure is: a reconstruction says so.
            let procedure: String?
            let parties: [String: [String]]
            let checkpoints: [Checkpoint]
            let tracks: [String: String]
            let waits: [WaitReport]
            let formsAwaited: [Awaited]
            let kept: Kept

            init(_ view: CaseView, _ words: DeskWords, now: Instant) {
                `case` = view.record.caseID.text
                root = view.record.root.hex
                lifecycle = view.state.lifecycle.joined(separator: "|")
                care = view.state.care
                ended = view.state.hasEnded ?? false
                exact = view.state.isExact
                child = view.countsAsChild
                self.words = words.states(view.state.lifecycle)
                procedure = words.labels.procedure
                checkpoints = view.checkpoints.map {
                    Checkpoint(
                        track: $0.track, states: $0.states, standing: $0.standing.rawValue, words: words.checkpoint($0))
                }
                parties = view.parties.mapValues { $0.map(\.text).sorted() }
                tracks = view.state.tracks.mapValues { $0.joined(separator: "|") }
                waits = view.waits.map { wait in
                    let isOverdue = wait.due.map { $0 < now } ?? false
                    return WaitReport(
                        kind: wait.kind.rawValue, on: wait.on.map(\.text), since: Moment.text(wait.since),
                        due: wait.due.map(Moment.text), overdue: isOverdue, deadline: wait.deadline,
                        deadlineWords: wait.deadline.map { words.deadline($0, isBroken: isOverdue) },
                        events: wait.events, letter: wait.letter?.hex, words: words.sentence(for: wait, at: now))
                }
                formsAwaited = view.formsAwaited.map {
                    Awaited(
                        event: $0.event, form: $0.form, letter: $0.letter.hex, from: $0.from.text,
                        since: Moment.text($0.since), words: words.sentence(for: $0))
                }
                kept = Kept(
                    holds: view.retention.holds.map {
                        Kept.Hold(track: $0.track, state: $0.state, by: $0.by?.text, since: $0.since.map(Moment.text))
                    }, trailUntil: view.retention.trailUntil.map(Moment.text),
                    words: words.sentences(for: view.retention))
            }
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            let view = try node.desk.view(of: id, at: opened.now)
            let words = try reader.words(node, for: id)
            try console.result("case.show", Report(view, words, now: opened.now)) {
                Board(view, words, now: opened.now).text
            }
        }
    }

    struct Possible: Verb {
        static let configuration = CommandConfiguration(
            abstract: "What this node could do next in a case, and what stands against the rest.",
            example: "kheya case possible CASE --all --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @ArgumentParser.Flag(help: "List what is refused, too.") var all = false
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String

        struct Report: Encodable {
            struct Entry: Encodable {
                let event: String
                let words: String
                let possible: Bool
                let code: String?
                let reason: String?
                let lanes: [String]
                let facts: [String]
                let form: String?
                let consents: [String]
                /// Why its form cannot be sealed now although the step is in order, and who can help.
                let unsealable: String?
            }
            let events: [Entry]
        }

        /// The code stands beside the label here, because it is what `case do` is told.
        private static func text(_ entry: Report.Entry, _ words: DeskWords) -> String {
            var lines = ["\(entry.words) [\(entry.event)]"]
            if let reason = entry.reason { lines.append("✗ " + reason) }
            if let unsealable = entry.unsealable { lines.append("✗ " + unsealable) }
            if let form = entry.form { lines.append(words.labels.sentence(.formNamed, ["form": words.form(form)])) }
            if !entry.facts.isEmpty { lines.append(entry.facts.map(words.fact).joined(separator: ", ")) }
            return lines.joined(separator: "\n    ")
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            let words = try reader.words(node, for: id)
            let report = Report(
                events: try node.desk.possible(in: id, at: opened.now).filter { all || $0.refusal == nil }.map {
                    Report.Entry(
                        event: $0.event, words: words.event($0.event), possible: $0.refusal == nil,
                        code: $0.refusal?.code, reason: $0.refusal.map(words.reason),
                        lanes: $0.lanes.map(\.rawValue).sorted(), facts: $0.facts, form: $0.form, consents: $0.consents,
                        unsealable: words.unsealable($0))
                })
            try console.result("case.possible", report) {
                report.events.map { Self.text($0, words) }.joined(separator: "\n")
            }
        }
    }

    struct History: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Every letter of a case, in the order in which this node came to know it.",
            example: "kheya case history CASE --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var reader: LanguageOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String

        struct Report: Encodable {
            let `case`: String
            /// Letters that no other names as coming before it: the parents of the next.
            let heads: [String]
            let letters: [LetterReport]
        }

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            let words = try reader.words(node, for: id)
            let letters = try node.desk.history(of: id).map { try LetterReport($0, words) }
            let named = Set(letters.flatMap { $0.parents + [$0.previous, $0.about?.letter].compactMap { $0 } })
            let report = Report(
                case: id.text, heads: letters.map(\.letter).filter { !named.contains($0) }.sorted(), letters: letters)
            try console.result("case.history", report) { Table.lines(letters.map(\.row)).joined(separator: "\n") }
        }
    }

    struct Form: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take a form, and its attachments, out of a case into files of mode 0600.",
            discussion:
                "`case history --json` names forms and attachments by their commitment. Personal data leaves to files only.",
            example: "kheya case form CASE COMMITMENT --out dossier.json --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The case, or the beginning of its pseudonym.") var `case`: String
        @Argument(help: "The form's or attachment's commitment.") var commitment: Digest
        @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var out: String

        func execute(_ console: Console) async throws {
            let (node, _) = try NodeAssembly.open(home)
            let id = try CaseCommand.find(`case`, in: node.desk)
            struct Report: Encodable {
                let commitment: String
                let file: String
                let bytes: Int64
            }
            var bytes: Int64
            do {
                let form = try node.desk.form(commitment, in: id)
                try Files.create(out, bytes: form)
                bytes = Int64(form.count)
            } catch let error as DeskError where error.code == .unknownLetter {
                try Files.create(out, bytes: [])
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: out))
                do {
                    bytes = try node.desk.attachment(commitment, in: id) { try handle.write(contentsOf: Data($0)) }
                    try handle.synchronize()
                    try handle.close()
                } catch {
                    try? FileManager.default.removeItem(atPath: out)
                    throw error
                }
            }
            try console.result("case.form", Report(commitment: commitment.hex, file: out, bytes: bytes)) {
                "\(bytes) bytes in \(out)"
            }
        }
    }
}

/// A case as a person reads it.
struct Board {
    private let view: CaseView
    private let words: DeskWords
    private let now: Instant

    init(_ view: CaseView, _ words: DeskWords, now: Instant) {
        self.view = view
        self.words = words
        self.now = now
    }

    var text: String {
        var lines = ["\(view.record.caseID.text.prefix(8))…  \(words.states(view.state.lifecycle))"]
        if let care = view.state.care { lines.append(words.care(care)) }
        lines += view.checkpoints.map { "\($0.standing == .green ? "●" : "○") \(words.checkpoint($0))" }
        lines += words.sentences(for: view.waits, at: now)
        lines += view.formsAwaited.map(words.sentence)
        lines += words.sentences(for: view.retention)
        if let procedure = words.labels.procedure { lines.append(procedure) }
        return lines.joined(separator: "\n")
    }
}
