// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Foundation
import Logging
import Membership
import Procedure
import ServiceLifecycle

/// `kheya broker`: the mailboxes and the queue of one country.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Make and run a country's broker.",
        discussion: """
            A broker sees who writes to whom and the steps the profile shows it; it cannot open a letter. It stores before it says \
            "stored", refuses what the procedure does not allow, and hands letters to the broker of the other country.

            Example:
              kheya broker create in:broker --home broker --key-file broker.key --name "Broker India" \
            --host broker.in.example --address 192.0.2.7 --port 8443 --root in-root.crt --root bd-root.crt --request broker.request
              kheya broker run --home broker --key-file broker.key
            """,
        subcommands: [Create.self, Run.self, Status.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a broker's home: three keys, settings, and the request for its authority.",
            example: """
                kheya broker create in:broker --home broker --name "Broker India" --host \
                broker.in.example --port 8443 --root in-root.crt --root bd-root.crt --request \
                broker.request
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var enrolment: EnrolmentOptions
        @OptionGroup var door: DoorOptions
        @Argument(help: "Its id: country and name, for example in:broker.") var id: MemberID

        func execute(_ console: Console) async throws {
            let report = try enrolment.create(
                try door.settings(.broker, id, name: enrolment.name), kind: door.kind, in: home, now: Moment.now())
            try console.result("broker.create", report) { report.text }
        }
    }
}
