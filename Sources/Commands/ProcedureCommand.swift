// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Letters
import Membership
import Procedure
import Sealing

/// `kheya procedure`: the rules, as data.
struct ProcedureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "procedure",
        abstract: "Show, draw and check a procedure, and judge a history from a file.",
        discussion: """
            Example:
              kheya procedure show HOME_REVIEW_SUITABLE --profile Protocols/Profiles/in-bd-repatriation/profile.json
              kheya procedure replay Protocols/Vectors/procedure/main-path-adult.json \
            --profile Protocols/Profiles/in-bd-repatriation/profile.json
            """,
        subcommands: [Show.self, Graph.self, Check.self, Replay.self, Documents.self])

    /// Which profile: a file, or the one that a home's directories put in force.
    struct ProfileOptions: ParsableArguments {
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("A profile file (JSON). Default: the one in force in the home.", valueName: "file"))
        var profile: String?

        func read() throws -> Profile {
            if let profile {
                let bytes = try ProfileDocument.canonicalBytes(ofSource: try Files.read(profile))
                return try ProfileDocument.read(bytes, digest: .sha256(bytes))
            }
            let opened = try OpenedHome(home)
            guard let reference = opened.directories.profilesInForce.max(by: { $0.version < $1.version }),
                let file = opened.directories.profileFile(reference.digest)
            else {
                throw CommandFailure(
                    .configuration, "no profile is in force in this home",
                    cure: "`kheya member import FILE`, or --profile FILE.")
            }
            return try ProfileDocument.read(file, digest: reference.digest)
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the profile: its states and events, or one event with its guards, facts and form.",
            example: "kheya procedure show DOSSIER --profile Protocols/Profiles/in-bd-repatriation/profile.json")
        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ProfileOptions
        @Argument(help: "An event, as the profile names it; without one, the whole list.") var event: String?

        struct EventReport: Encodable {
            let event: String
            let kind: String
            let home: String?
            let by: [String]
            let lanes: [String]
            let shownAs: String?
            let guards: [String]
            let facts: [String]
            let form: String?
            let consents: [String]
            let tier: String

            init(_ name: String, _ rule: ProfileDefinition.EventRule, profile: Profile) {
                event = name
                kind = rule.kind.rawValue
                home = rule.home
                by = rule.by
                lanes = rule.lanes.map(\.rawValue).sorted()
                shownAs = rule.shownAs
                guards = rule.guards
                facts = profile.compulsoryFacts(of: name)
                form = rule.form
                consents = rule.consents
                tier = rule.tier.rawValue
            }

            func text(_ profile: Profile) -> String {
                var lines = ["\(event)  (\(kind), by \(by.joined(separator: " or ")), \(lanes.joined(separator: "/")))"]
                lines.append(shownAs.map { "  brokers see it as \($0)" } ?? "  sealed: brokers do not see it")
                for name in guards { lines.append("  guard \(name): \(profile.definition.guards[name] ?? "")") }
                if !facts.isEmpty { lines.append("  facts: " + facts.joined(separator: ", ")) }
                if let form {
                    lines.append(
                        "  form: \(form), up to \(tier)\(consents.isEmpty ? "" : ", needs " + consents.joined(separator: ", "))"
                    )
                }
                return lines.joined(separator: "\n")
            }
        }

        struct Report: Encodable {
            let id: String
            let profileVersion: String
            let status: String
            let digest: String
            let states: [String]
            let tracks: [String]
            let events: [EventReport]
        }

        func execute(_ console: Console) async throws {
            let profile = try options.read()
            if let event {
                guard let rule = profile.event(event) else {
                    throw CommandFailure(
                        .noInput, code: "unknown-code", "the profile has no event of that name",
                        cure: "`kheya procedure show` lists them.")
                }
                let report = EventReport(event, rule, profile: profile)
                return try console.result("procedure.event", report) { report.text(profile) }
            }
            let events = profile.eventNames.compactMap { name in
                profile.event(name).map { EventReport(name, $0, profile: profile) }
            }
            let report = Report(
                id: profile.id, profileVersion: profile.version, status: profile.status, digest: profile.digest.hex,
                states: profile.definition.lifecycle.care.keys.sorted(),
                tracks: profile.definition.tracks.keys.sorted(), events: events)
            try console.result("procedure.show", report) {
                (["\(profile.id) \(profile.version) (\(profile.status)), \(profile.digest.hex)"]
                    + Table.lines(
                        events.map {
                            [
                                $0.event, $0.kind, $0.by.joined(separator: ","), $0.shownAs == nil ? "sealed" : "shown",
                                $0.form ?? "–",
                            ]
                        }))
                    .joined(separator: "\n")
            }
        }
    }

    struct Replay: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Judge a history told in a file, letter by letter: the verdicts, and where the case then stands.",
            discussion: "Exits with 2 where the file says what should come out, and something else does.",
            example: """
                kheya procedure replay Protocols/Vectors/procedure/main-path-adult.json --profile \
                Protocols/Profiles/in-bd-repatriation/profile.json
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ProfileOptions
        @Argument(help: "The history: Protocols/Procedure.md, \"Replay files\".") var file: String
        @Option(help: ArgumentHelp("Whose eyes judge: full, broker, or a member's id.", valueName: "sight")) var sight =
            "full"

        struct Report: Encodable {
            struct Line: Encodable {
                let letter: String
                let events: [String]
                let verdict: String
                let detail: String?
                let redGuards: [Red]
            }
            struct Red: Encodable {
                let event: String
                let name: String
                let text: String
                let terms: [String]
            }
            let about: String
            let verdicts: [Line]
            let lifecycle: [String]
            let tracks: [String: [String]]
            let care: String?
            let exact: Bool
            let differences: [String]
        }

        func execute(_ console: Console) async throws {
            let profile = try options.read()
            let script = try ReplayDocument.read(try Files.read(file), profile: profile)
            let eyes: ReplayScript.Sight
            switch sight {
            case "full": eyes = .full
            case "broker": eyes = .broker
            default:
                guard let member = MemberID(sight) else {
                    throw CommandFailure(.usage, "--sight is full, broker or a member's id")
                }
                eyes = .member(member)
            }
            let result = script.run(profile: profile, sight: eyes)
            let letters = Dictionary(script.letters.map { ($0.name, $0.step) }) { first, _ in first }
            let state = result.history.state
            let report = Report(
                about: script.about,
                verdicts: result.lines.map { line in
                    Report.Line(
                        letter: line.name, events: letters[line.name].map(Self.events) ?? [],
                        verdict: ReplayScript.describe(line.verdict),
                        detail: Self.detail(line.verdict),
                        redGuards: line.redGuards.map {
                            Report.Red(event: $0.event, name: $0.guardName, text: $0.text, terms: $0.terms)
                        })
                },
                lifecycle: state.lifecycle, tracks: state.tracks, care: state.care, exact: state.isExact,
                differences: result.differences)
            try console.result("procedure.replay", report) {
                var lines = Table.lines(
                    report.verdicts.map {
                        [
                            $0.letter, $0.events.joined(separator: ","),
                            $0.verdict + ($0.detail.map { " (\($0))" } ?? ""),
                        ]
                    })
                for verdict in report.verdicts {
                    for red in verdict.redGuards {
                        lines.append("\(verdict.letter): \(red.event) asks \(red.name): \(red.text)")
                        lines += red.terms.map { "  wanted: \($0)" }
                    }
                }
                lines.append(
                    "lifecycle: " + report.lifecycle.joined(separator: " or ")
                        + (report.care.map { ", care with \($0)" } ?? ""))
                lines += report.tracks.sorted { $0.key < $1.key }.map {
                    "  \($0.key): " + $0.value.joined(separator: " or ")
                }
                return lines.joined(separator: "\n")
            }
            guard result.differences.isEmpty else {
                throw CommandFailure(
                    .checkFailed, code: "replay.differs", "the history does not come out as the file says",
                    details: result.differences)
            }
        }

        private static func events(_ step: Step) -> [String] {
            if case .opened(let events) = step.sealed { events.map(\.code) } else { step.shown.map(\.code) }
        }

        private static func detail(_ verdict: Verdict) -> String? {
            guard case .refused(let refusal) = verdict else { return nil }
            return [refusal.event, refusal.detail].compactMap { $0 }.joined(separator: ": ")
        }
    }
}
