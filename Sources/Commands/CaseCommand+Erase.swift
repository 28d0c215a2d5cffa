// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Procedure
import WebInterface

extension CaseCommand {
    struct Erase: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Destroy the content of a case, by an order that was found valid here.",
            discussion: """
                Two persons say it, one after the other, each with the password and the authenticator of their account; with the second the case's key and everything under it is destroyed, and who \
                ordered it is told, signed. Nothing brings it back. Slips, times and states stay. The node must not run.
                """,
            example: "kheya case erase LETTER --home node --as worker-1")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(name: .customLong("as"), help: "Who says so.") var account: String
        @Option(
            help: ArgumentHelp(
                "File with the account's password and, in a second line, its code. Default: the terminal asks.",
                valueName: "file"))
        var proofFile: String?
        @Argument(help: "The id of the letter that orders it.") var order: Digest

        private func proof() throws -> (password: String, code: String) {
            guard let proofFile else {
                return (
                    String(decoding: try HomeOptions.ask("Password of \(account): "), as: UTF8.self),
                    String(decoding: try HomeOptions.ask("Code: "), as: UTF8.self)
                )
            }
            let lines = String(decoding: try Files.readSecret(proofFile), as: UTF8.self).split(
                omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            guard lines.count >= 2 else { throw CommandFailure(.dataError, "not a password and a code") }
            return (String(lines[0]), String(lines[1]))
        }

        struct Report: Encodable {
            let order: String
            let erased: Bool
            let receipt: String?
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let lock = try NodeLock(home: opened.url)
            let (password, code) = try proof()
            try SignIn(store: node.store).prove(account, password: password, code: code, at: opened.now)
            let answer = try await NodeAssembly.blocking {
                try node.desk.erase(by: order, account: account, at: opened.now)
            }
            withExtendedLifetime(lock) {}
            switch answer {
            case .awaitsSecond:
                try console.result("case.erase", Report(order: order.hex, erased: false, receipt: nil)) {
                    "noted; a second person has to say the same"
                }
            case .erased(let receipt):
                try console.result("case.erase", Report(order: order.hex, erased: true, receipt: receipt.hex)) {
                    "erased; receipt \(receipt.hex)"
                }
            }
        }
    }
}
