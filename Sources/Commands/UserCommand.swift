// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import CaseFile
import Foundation
import Letters
import Membership
import Node
import Procedure
import WebInterface

/// `kheya user`: who signs in at the page of a node.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract:
            "The people who act at this node, by command or at its page: invite, add, suspend, let in again; give programs tokens.",
        discussion: """
            An invitation is a slip of twenty digits, printed here once. It is handed over on paper, serves once and ends after three \
            days; at http://127.0.0.1:8420/welcome it becomes a password, an authenticator and recovery codes.

            Example:
              kheya user invite asha-k --role caseworker --home node --key-file node.key
              kheya user list --home node --key-file node.key
            """,
        subcommands: [
            Invite.self, Add.self, List.self, Suspend.self, Reset.self, Token.self, Tokens.self, Revoke.self,
        ])

    /// The slip, for paper.
    struct Slip: Encodable {
        let account: String
        let role: String?
        let slip: String
        let validUntil: String
        /// Of the first page that its reader sees.
        let language: String
        /// Where its code leads; absent where the page has no name that a telephone could ask for.
        let address: String?

        init(
            _ slip: String, of account: String, role: Account.Role? = nil, in language: String, at origin: String?,
            now: Instant
        ) {
            address = origin.map { SignIn.address(ofSlipIn: language, at: $0) }
            self.account = account
            self.role = role?.rawValue
            self.language = language
            self.slip = slip
            validUntil = Moment.text(now + SignIn.slipSeconds)
        }

        var text: String {
            """
            \(address.flatMap { QRCode($0) }.map { $0.terminalText + "\n\n" } ?? "")\
            Account   \(account)
            Language  \(language)
            Slip      \(slip)
            Until     \(validUntil)

            Open \(address ?? "the page of this node, choose \"I have a slip\""), and type the digits. They serve once and are not shown again.
            """
        }
    }

    static func signIn(_ home: HomeOptions) throws -> SignIn { try page(home).signIn }

    /// Who signs in, where the page is asked for from another machine, and what people here read where nobody says otherwise.
    static func page(_ options: HomeOptions) throws -> (signIn: SignIn, origin: String?, language: String) {
        let home = try OpenedHome(options, as: .member).home
        return (
            SignIn(store: try LocalNode.store(of: home)), try WebSettings.read(home.settings)?.publicOrigin,
            try NodeSettings(home.settings).language
        )
    }

    struct Invite: Verb {
        static let configuration = CommandConfiguration(
            abstract:
                "Make an account and print its slip: digits, and a code to scan where the page has a name (`web_host`).",
            example: "kheya user invite asha-k --role caseworker --language bn --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "A local name that never leaves the node: a-z, 0-9, - and full stop.") var account: String
        @Option(help: "caseworker, supervisor, administrator, auditor or read-only.") var role: Account.Role
        @OptionGroup var reader: LanguageOptions

        func execute(_ console: Console) async throws {
            let now = Moment.now()
            let (signIn, origin, usual) = try UserCommand.page(home)
            let language = reader.language ?? usual
            let slip = Slip(
                try signIn.invite(account, role: role, language: language, at: now), of: account, role: role,
                in: language, at: origin, now: now)
            try console.result("user.slip", slip) { slip.text }
        }
    }

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make an account that acts by command (`--as`) and signs in nowhere.",
            discussion: "`kheya user reset` gives it a slip for the page.",
            example: "kheya user add worker-1 --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "A local name that never leaves the node: a-z, 0-9, - and full stop.") var account: String
        @Option(help: "caseworker, supervisor, administrator, auditor or read-only.") var role: Account.Role =
            .caseworker

        func execute(_ console: Console) async throws {
            struct Report: Encodable { let account, role: String }
            try UserCommand.signIn(home).add(account, role: role, at: Moment.now())
            try console.result("user.add", Report(account: account, role: role.rawValue)) {
                "\(account) acts by command"
            }
        }
    }

    struct Reset: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take away password, authenticator and sessions of an account, and print a new slip.",
            example: "kheya user reset asha-k --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The account.") var account: String

        func execute(_ console: Console) async throws {
            let now = Moment.now()
            let (signIn, origin, usual) = try UserCommand.page(home)
            let language = try signIn.accounts().first { $0.name == account }?.language ?? usual
            let slip = Slip(
                try signIn.reset(account, at: now), of: account, in: language, at: origin, now: now)
            try console.result("user.slip", slip) { slip.text }
        }
    }

    struct Suspend: Verb {
        static let configuration = CommandConfiguration(
            abstract: "End an account's sessions at once; nobody signs in with it until it is reset.",
            example: "kheya user suspend asha-k --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The account.") var account: String

        func execute(_ console: Console) async throws {
            struct Report: Encodable { let account: String }
            try UserCommand.signIn(home).suspend(account, at: Moment.now())
            try console.result("user.suspend", Report(account: account)) { "\(account) is suspended" }
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts.",
            example: "kheya user list --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            struct Report: Encodable {
                struct Entry: Encodable {
                    let account, role, state, language: String
                    /// Whether it can sign in at the page.
                    let page: Bool
                    /// Of one that is suspended: when, and by whom at the page; absent: by command.
                    let suspended, suspendedBy: String?
                }
                let accounts: [Entry]
            }
            let report = Report(
                accounts: try UserCommand.signIn(home).accounts().map {
                    Report.Entry(
                        account: $0.name, role: $0.role.rawValue, state: $0.state.rawValue, language: $0.language,
                        page: $0.credentials != nil, suspended: $0.suspended.map { Moment.text($0.at) },
                        suspendedBy: $0.suspended?.by)
                })
            try console.result("user.list", report) {
                report.accounts.isEmpty
                    ? "No account yet."
                    : Table.lines(
                        report.accounts.map {
                            [
                                $0.account, $0.role, $0.state, $0.language, $0.page ? "page and command" : "command",
                                $0.suspended ?? "", $0.suspendedBy ?? "",
                            ]
                        }
                    ).joined(separator: "\n")
            }
        }
    }
}

extension Account.Role: ExpressibleByArgument {}
