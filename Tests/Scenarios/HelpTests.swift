// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Commands
import Foundation
import Testing

/// Help that is wrong is worse than none: every example is parsed as it stands.
@Suite struct HelpTests {
    /// Every command with its names, `case do`, and its help.
    private static func all(_ command: any ParsableCommand.Type, _ names: [String]) -> [(name: String, help: String)] {
        let configuration = command.configuration
        let own = (names.joined(separator: " "), configuration.discussion)
        return [own]
            + configuration.subcommands.flatMap { inner in
                all(inner, names + [inner.configuration.commandName ?? "\(inner)".lowercased()])
            }
    }

    private static let commands = all(KheyaCommand.self, ["kheya"])

    /// The commands of a help text, one a line; what follows after three blanks is said to people.
    private static func examples(in help: String) -> [String] {
        help.split(separator: "\n").map(String.init).filter { $0.hasPrefix("  kheya ") }
            .map { line in
                let rest = line.dropFirst(2)
                return String(rest.range(of: "   ").map { rest[..<$0.lowerBound] } ?? rest)
            }
    }

    /// As a shell would cut it; what is redirected is the shell's.
    private static func arguments(_ line: String) -> [String] {
        var words: [String] = [""]
        var isQuoted = false
        for character in line.prefix(while: { $0 != ">" }) {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        let own = [
            "CASE": String(repeating: "0a", count: 16), "LETTER": String(repeating: "0a", count: 32),
            "COMMITMENT": String(repeating: "0a", count: 32), "NUMBER": "00000 00000 00000 00000 00000 00000",
        ]
        return words.filter { !$0.isEmpty }.map { own[$0] ?? $0 }
    }

    @Test func `the help of every command ends in an example`() {
        #expect(Self.commands.count > 45)
        for (name, help) in Self.commands {
            #expect(!Self.examples(in: help).isEmpty, "\(name)")
        }
    }

    @Test func `every example of the help can be typed as it stands`() throws {
        for (name, help) in Self.commands {
            for example in Self.examples(in: help) {
                let arguments = Array(Self.arguments(example).dropFirst())
                #expect(throws: Never.self, "\(name): \(example)") { try KheyaCommand.parseAsRoot(arguments) }
            }
        }
        // The control: what is no command does not pass.
        #expect(throws: (any Error).self) { try KheyaCommand.parseAsRoot(["case", "do", "--home", "node"]) }
    }
}
