// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import CaseFile
import Foundation
import Procedure
import WebInterface

/// Tokens for the organisation's own software.
extension UserCommand {
    struct Token: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a token with which a program acts for an account, over the HTTP API of the node.",
            discussion:
                "The token is printed once; only its digest is kept. It may what the account may, and ends with it, at reset too.",
            example: "kheya user token asha-k --scope read --days 90 --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The account that the program acts for; it has to be active.") var account: String
        @Option(help: "read, or write: then it may start steps too.") var scope: APIToken.Scope
        @Option(help: "How many days it serves, 1 to 366.") var days = 90

        func validate() throws {
            guard SignIn.tokenDays.contains(days) else { throw ValidationError("--days is from 1 to 366") }
        }

        func execute(_ console: Console) async throws {
            struct Report: Encodable { let token, id, account, scope, validUntil: String }
            let (secret, token) = try UserCommand.signIn(home).issueToken(
                for: account, scope: scope, days: days, at: Moment.now())
            let report = Report(
                token: secret, id: token.id, account: token.account, scope: token.scope.rawValue,
                validUntil: Moment.text(token.until))
            try console.result("user.token", report) {
                """
                Token    \(report.token)
                Known as \(report.id), \(report.scope), for \(report.account)
                Until    \(report.validUntil)

                Give it to the program as a file that nobody else can read. It is not shown again.
                """
            }
        }
    }

    struct Tokens: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens of programs.",
            example: "kheya user tokens --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            struct Report: Encodable {
                struct Entry: Encodable {
                    let id, account, scope, created, validUntil: String
                    let used: String?
                }
                let tokens: [Entry]
            }
            let report = Report(
                tokens: try UserCommand.signIn(home).tokens().map {
                    Report.Entry(
                        id: $0.id, account: $0.account, scope: $0.scope.rawValue, created: Moment.text($0.created),
                        validUntil: Moment.text($0.until), used: $0.used.map(Moment.text))
                })
            try console.result("user.tokens", report) {
                report.tokens.isEmpty
                    ? "No token yet."
                    : Table.lines(
                        report.tokens.map { [$0.id, $0.account, $0.scope, $0.validUntil, $0.used ?? "never used"] }
                    )
                    .joined(separator: "\n")
            }
        }
    }

    struct Revoke: Verb {
        static let configuration = CommandConfiguration(
            abstract: "End a token at once.",
            example: "kheya user revoke 0a4f5c1d --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The token, as `kheya user tokens` calls it.") var token: String

        func execute(_ console: Console) async throws {
            struct Report: Encodable { let token: String }
            try UserCommand.signIn(home).revokeToken(token)
            try console.result("user.revoke", Report(token: token)) { "\(token) is revoked" }
        }
    }
}

extension APIToken.Scope: ExpressibleByArgument {}
