// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Letters
import Procedure
import Sealing

extension ProcedureCommand {
    struct Documents: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Compare the files beside a profile with the digests that it names, or write these anew.",
            discussion: "Exits with 2 where a file is not the one that the profile names, and --write is not given.",
            example: "kheya procedure documents Protocols/Profiles/in-bd-repatriation/profile.json")
        @OptionGroup var output: OutputOptions
        @Argument(help: "The profile, as people edit it.") var profile: String
        @ArgumentParser.Flag(help: "Write the digests into the profile; nothing else in it changes.") var write = false

        struct Report: Encodable {
            struct Document: Encodable {
                let name: String
                let digest: String
                let named: Bool
            }
            let documents: [Document]
        }

        func execute(_ console: Console) async throws {
            let source = try Files.read(profile)
            let folder = URL(fileURLWithPath: profile).deletingLastPathComponent()
            let named = try ProfileDocument.definition(source).documents
            var text = String(decoding: source, as: UTF8.self)
            var report: [Report.Document] = []
            for (name, old) in named.sorted(by: { $0.key < $1.key }) {
                let file = try Files.read(folder.appendingPathComponent(name + ".json").path)
                let digest = Digest.sha256(try ProfileDocument.canonicalBytes(ofSource: file, document: name))
                text = text.replacing(old.hex, with: digest.hex)
                report.append(Report.Document(name: name, digest: digest.hex, named: digest == old))
            }
            let strange = report.filter { !$0.named }.map(\.name)
            if write, !strange.isEmpty { try Files.create(profile, bytes: Array(text.utf8), replace: true) }
            try console.result("procedure.documents", Report(documents: report)) {
                Table.lines(
                    report.map { [$0.name, $0.digest, $0.named ? "" : write ? "written" : "another is named"] }
                )
                .joined(separator: "\n")
            }
            guard write || strange.isEmpty else {
                throw CommandFailure(
                    .checkFailed, code: "procedure.documents", "the profile names other files than lie beside it",
                    cure: "Restore them, or add --write.", details: strange)
            }
        }
    }
}
