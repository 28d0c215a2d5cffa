// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Foundation

/// `kheya`: everything that the page of a node will do, from a terminal.
public struct KheyaCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "kheya",
        abstract: "Carries the cases of trafficking survivors between organisations on two sides of a border.",
        discussion: """
            A case travels as signed, sealed letters: a shelter offers it, an NGO accepts it, and every later step is allowed by \
            the procedure, covered by her consent, and proved by a receipt. An organisation runs a node, a country a broker; an \
            authority admits them.

            First steps:
              kheya authority create in:authority --home authority --key-file authority.key
              kheya node create in:shelter-07 --home node --name "Shelter 07" --role IN_SHELTER --account worker-1 \
            --root in-root.crt --root bd-root.crt --request shelter.request
              kheya authority admit shelter.request --home authority --broker in:broker --safety-number NUMBER
              kheya authority publish --home authority --out in.directory
              kheya member import in.directory --home node
              kheya node run --home node
              kheya case open ADULT_ESTABLISHED SHARE_CONSENT_PREVIEW REFERRAL_OFFER --home node --as worker-1 --to bd:ngo-03 \
            --facts offer-facts.json --form consent.json --form preview.json

            No command takes a name, an address or a story as an argument: personal data comes from files and leaves to files.
            Every command knows --json.

            \(ExitStatus.table)
            """,
        version: "kheya 0.2",
        subcommands: [
            AuthorityCommand.self, BrokerCommand.self, WitnessCommand.self, LogCommand.self, NodeCommand.self,
            UserCommand.self,
            MemberCommand.self, CaseCommand.self, LetterCommand.self, CourierCommand.self, AuditCommand.self,
            ProcedureCommand.self,
            TimeStampCommand.self, DoctorCommand.self,
        ])

    public init() {}

    /// The whole program: parses, runs, exits with a status of ``ExitStatus``.
    public static func runProgram() async {
        signal(SIGPIPE, SIG_IGN)  // a closed pipe or socket is an error where it happens, not the end of the process
        umask(0o077)  // whatever we write is for this account only
        await main()
    }
}
