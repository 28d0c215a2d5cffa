// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Letters
import Procedure

extension ProcedureCommand {
    struct Check: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Prove or refute everything that a profile promises, before anybody signs it.",
            discussion: """
                Explores the profile exhaustively, with facts left open and two ends that write to each other late, and prints for \
                each property that fails the shortest story that breaks it. What is proved, and of which model: Protocols/Procedure.md, \
                "What the check proves". Exits with 2 where something is refuted.

                Example:
                  kheya procedure check Protocols/Profiles/in-bd-repatriation/profile.json
                """)
        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile, as people edit it or as it is signed.") var profile: String
        @Option(
            help: ArgumentHelp(
                "What to prove besides what holds of any profile. Default: properties.json beside the profile, where there is one.",
                valueName: "file"))
        var properties: String?
        @Option(help: ArgumentHelp("Only properties whose id begins so.", valueName: "id")) var only: String?
        @Option(
            help: ArgumentHelp(
                "Letters that both ends write before either hears: 1 to \(ProcedureCheck.lateMaximum). With 3, name one property: it takes minutes.",
                valueName: "letters"))
        var late = 2
        @Option(
            help: ArgumentHelp(
                "Language of the stories: labels-<language>.json beside the profile.", valueName: "language"))
        var language = "en"

        struct Report: Encodable {
            struct Property: Encodable {
                let id: String
                let says: String
                let proved: Bool
                let explored: Int
                let tracks: [String]
                let story: [String]
            }
            let profile: String
            let profileVersion: String
            let late: Int
            let properties: [Property]
        }

        func validate() throws {
            guard (1...ProcedureCheck.lateMaximum).contains(late) else {
                throw ValidationError("--late is 1 to \(ProcedureCheck.lateMaximum)")
            }
        }

        private func beside(_ name: String) -> String {
            URL(fileURLWithPath: profile).deletingLastPathComponent().appendingPathComponent(name).path
        }

        /// `labels-*.json` beside the profile, by their names without the ending.
        private func labelFiles() throws -> [String: [UInt8]] {
            try FileManager.default.contentsOfDirectory(atPath: beside(""))
                .filter { $0.hasPrefix("labels-") && $0.hasSuffix(".json") }
                .reduce(into: [:]) { $0[String($1.dropLast(5))] = try Files.read(beside($1)) }
        }

        func execute(_ console: Console) async throws {
            let definition = try ProfileDocument.definition(try Files.read(profile))
            let file = properties ?? beside("properties.json")
            let hasProperties = properties != nil || FileManager.default.fileExists(atPath: file)
            let all = hasProperties ? try PropertiesDocument.read(try Files.read(file), profile: definition.id) : []
            let forms = try FormsDocument.read(try Files.read(beside("forms.json")))
            let labels = try ProfileLanguages(labelFiles(), of: definition, forms: forms).labels(in: language)
            func isWanted(_ id: String) -> Bool { only.map { id.hasPrefix($0) } ?? true }
            let check = try ProcedureCheck(definition, properties: all.filter { isWanted($0.id) }, late: late)
            let results =
                check.always(ProcedureCheck.alwaysChecked.filter(isWanted)) + check.properties.map(check.check)
            guard !results.isEmpty else {
                throw CommandFailure(.noInput, code: "unknown-code", "no property has an id that begins so")
            }
            let report = Report(
                profile: definition.id, profileVersion: definition.version, late: late,
                properties: results.map { result in
                    Report.Property(
                        id: result.id, says: result.says, proved: result.outcome == .proved, explored: result.explored,
                        tracks: result.tracks,
                        story: result.outcome == .proved ? [] : result.text(label: labels.label))
                })
            try console.result("procedure.check", report) {
                var lines: [String] = []
                for property in report.properties {
                    lines.append(
                        "\(property.proved ? "proved " : "REFUTED") \(property.id): \(property.says) (\(property.explored) explored)"
                    )
                    lines += property.story.map { "          " + $0 }
                }
                let refuted = report.properties.filter { !$0.proved }.count
                lines.append("\(report.properties.count - refuted) proved, \(refuted) refuted")
                return lines.joined(separator: "\n")
            }
            let refuted = report.properties.filter { !$0.proved }.map(\.id)
            guard refuted.isEmpty else {
                throw CommandFailure(
                    .checkFailed, code: "procedure.refuted", "the profile allows what it must not", details: refuted)
            }
        }
    }

    struct Graph: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Draw the lifecycle or a track of the profile, as SVG or for Graphviz.",
            discussion: """
                Example:
                  kheya procedure graph home --profile Protocols/Profiles/in-bd-repatriation/profile.json > home.svg
                """)
        enum Format: String, ExpressibleByArgument, CaseIterable { case svg, dot }

        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ProfileOptions
        @Argument(help: "lifecycle, or a track.") var machine = "lifecycle"
        @Option(help: "svg or dot.") var format = Format.svg

        struct Report: Encodable {
            let machine: String
            let format: String
            let text: String
        }

        func execute(_ console: Console) async throws {
            let profile = try options.read()
            guard let graph = ProcedureGraph(profile, machine: machine) else {
                throw CommandFailure(
                    .noInput, code: "unknown-code", "the profile has no track of that name",
                    details: ProcedureGraph.names(of: profile))
            }
            let text = format == .svg ? graph.svg() : graph.dot
            try console.result("procedure.graph", Report(machine: machine, format: format.rawValue, text: text)) {
                text
            }
        }
    }
}
