// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Letters
import Node
import Procedure

/// One verb. It does its work in ``execute(_:)`` and throws; what it throws becomes a message, a cure and an exit status here.
protocol Verb: AsyncParsableCommand {
    var output: OutputOptions { get }
    func execute(_ console: Console) async throws
}

extension Verb {
    mutating func run() async throws {
        let console = Console(json: output.json)
        do {
            try await execute(console)
        } catch let code as ExitCode {
            throw code
        } catch {
            let failure = CommandFailure(explaining: error)
            console.failed(failure)
            throw ExitCode(failure.status.rawValue)
        }
    }
}

extension CommandConfiguration {
    /// A verb. Its help ends in an example that can be typed so: CASE, LETTER, COMMITMENT and NUMBER stand for one's own.
    init(commandName: String? = nil, abstract: String, discussion: String = "", example: String) {
        self.init(
            commandName: commandName, abstract: abstract,
            discussion: (discussion.isEmpty ? "" : discussion + "\n\n") + "Example:\n  " + example)
    }
}

/// In which language a command tells what the procedure says.
struct LanguageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Language of what is told of cases: \(ProgramWords.languages.joined(separator: ", ")). Default: the home's.",
            valueName: "language"))
    var language: String?

    func validate() throws {
        guard let language, !ProgramWords.languages.contains(language) else { return }
        throw ValidationError("--language is one of \(ProgramWords.languages.joined(separator: ", "))")
    }

    /// The words for cases of a profile.
    func words(_ node: LocalNode, of profile: Digest) throws -> DeskWords {
        try node.network.words(of: profile, for: node.desk.identity.member, in: language ?? node.settings.language)
    }

    /// The words for a case; without one for anything else of this node.
    func words(_ node: LocalNode, for caseID: CaseID? = nil) throws -> DeskWords {
        try node.desk.words(for: caseID, in: language ?? node.settings.language)
    }
}

/// What every command takes.
struct OutputOptions: ParsableArguments {
    @ArgumentParser.Flag(help: "Print one JSON object with stable keys instead of text.")
    var json = false
}
