// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Cryptography
import Exchange
import Foundation
import Letters
import Logging
import Membership
import Node
import Procedure
import ServiceLifecycle
import WebInterface

/// `kheya node`: one organisation's keys, cases and letters, and the process that carries them.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Make and run an organisation's node.",
        discussion: """
            A node needs no public address: it calls its broker. While it is off nothing is lost. Steps are made with `kheya case` \
            at any time, also while the node runs, also without a line; the running node carries them.

            Example:
              kheya node create in:shelter-07 --home node --key-file node.key --name "Shelter 07" --role IN_SHELTER \
            --root in-root.crt --root bd-root.crt --account worker-1 --request shelter.request
              kheya node run --home node --key-file node.key
            """,
        subcommands: [Create.self, Run.self, Once.self, Status.self, Secret.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a node's home: three keys, settings, accounts, and the request for its authority.",
            example: """
                kheya node create in:shelter-07 --home node --name "Shelter 07" --role IN_SHELTER \
                --account worker-1 --language hi --root in-root.crt --root bd-root.crt --request \
                shelter.request
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var enrolment: EnrolmentOptions
        @Argument(help: "Its id: country and name, for example in:shelter-07.") var id: MemberID
        @Option(help: ArgumentHelp("A role it asks for, as the profile names it; may be repeated.", valueName: "role"))
        var role: [String]
        @Option(
            help: ArgumentHelp("An account that may act here, by a local name; may be repeated.", valueName: "account"))
        var account: [String] = []
        @Option(
            help: ArgumentHelp(
                "Who signs in at the page first, as supervisor: her slip is printed too.", valueName: "account"))
        var supervisor: String?
        @ArgumentParser.Flag(
            help:
                "Keep sealed files after they were opened, so that `letter export` gives whole letters to check with openssl."
        )
        var keepSealed = false
        @OptionGroup var reader: LanguageOptions

        func execute(_ console: Console) async throws {
            // Everything that may be wrong with people, before there is a home.
            let people = account + [supervisor].compactMap { $0 }
            if let wrong = people.first(where: { !CaseFile.Account.isName($0) }) {
                throw CommandFailure(.usage, "\(wrong) cannot be an account", cure: "1 to 64 of a-z 0-9 - .")
            }
            guard Set(people).count == people.count else {
                throw CommandFailure(
                    .usage, "two accounts of one name", cure: "Each of --account and --supervisor once.")
            }
            var settings = HomeSettings(kind: .member, id: id, name: enrolment.name)
            if let language = reader.language { settings.options["language"] = .string(language) }
            if keepSealed { settings.options["keep_sealed"] = .bool(true) }
            let now = Moment.now()
            let report = try enrolment.create(settings, kind: .member(roles: Set(role)), in: home, now: now)
            try NodeAssembly.store(of: home).write { transaction in
                for name in account {
                    try transaction.put(CaseFile.Account(actsByCommand: name, role: .caseworker, at: now))
                }
            }
            try console.result("node.create", report) { report.text }
            guard let supervisor else { return }
            let (signIn, origin, language) = try UserCommand.page(home)
            let slip = UserCommand.Slip(
                try signIn.invite(supervisor, role: .supervisor, language: language, at: now), of: supervisor,
                role: .supervisor, in: language, at: origin, now: now)
            try console.result("user.slip", slip) { "\n" + slip.text }
        }
    }

    struct Secret: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print the password of this home's key files, for stock openssl.",
            discussion: """
                With it `openssl pkey -in keys/seal.pem -passin file:SECRET` opens a key without kheya. Whoever has it and the \
                home can read every letter: redirect it to a file of mode 0600 and remove that soon.
                """,
            example: "kheya node secret --home node > secret")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home)
            struct Report: Encodable { let password: String }
            let password = String(decoding: opened.home.vault.keyPassword, as: UTF8.self)
            try console.result("node.secret", Report(password: password)) { password }
        }
    }
}
