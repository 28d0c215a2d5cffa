// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Foundation
import Logging
import Membership
import Procedure
import ServiceLifecycle
import UnixSignals

/// `kheya witness`: somebody whom neither country commands, and who remembers.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Make and run a witness that belongs to no broker.",
        discussion: """
            A witness cosigns the checkpoints of the brokers' logs, each only if it goes on from the one before: with it two brokers \
            together cannot rewrite what happened. It sees how many events there are and nothing else. An authority admits it with \
            `kheya authority admit`; from then on every log needs its cosignature as well.

            Example:
              kheya witness create in:university --home witness --key-file witness.key --name "University" \
            --host witness.in.example --address 192.0.2.9 --port 8443 --root in-root.crt --root bd-root.crt --request witness.request
              kheya witness run --home witness --key-file witness.key
            """,
        subcommands: [Create.self, Run.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a witness's home: keys, an empty register, settings, and the request for an authority.",
            example: """
                kheya witness create in:university --home witness --name "University" --host witness.in.example --port 8443 \
                --root in-root.crt --root bd-root.crt --request witness.request
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var enrolment: EnrolmentOptions
        @OptionGroup var door: DoorOptions
        @Argument(help: "Its id: country and name, for example in:university.") var id: MemberID

        func execute(_ console: Console) async throws {
            let report = try enrolment.create(
                try door.settings(.witness, id, name: enrolment.name), kind: door.kind, in: home, now: Moment.now())
            try Witness.create(path: WitnessProcess.path(in: try home.directory.path))
            try console.result("witness.create", report) { report.text }
        }
    }

    struct Run: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Cosign until SIGTERM or SIGINT.",
            discussion: "Logs one JSON object a line on standard output: brokers, codes and counts.",
            example: "kheya witness run --home witness --key-file witness.key")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(help: "What is logged: debug, info, notice, warning, error.") var logLevel: Logger.Level = .info

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home, as: .witness)
            let logger = Logger.lines("witness", level: logLevel)
            let process = try WitnessProcess(home: opened.home, clock: Moment.now, logger: logger)
            let group = ServiceGroup(
                configuration: .init(
                    services: [process], gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: .lines("witness", level: .error)))
            logger.info("witness running", metadata: ["witness": "\(opened.id)"])
            try await group.run()
            logger.info("witness ended")
        }
    }
}

/// Where a broker or witness is called, and listens.
struct DoorOptions: ParsableArguments {
    @Option(help: "The DNS name in its certificate.") var host: String
    @Option(help: "Its IP address, so that no resolver learns who calls it.") var address: String?
    @Option(help: "Its port.") var port: Int
    @Option(help: ArgumentHelp("Where it listens. Default: all addresses, its port.", valueName: "address:port"))
    var listen: String?

    var kind: EnrolmentRequest.Kind { .broker(host: host, port: port, address: address) }

    /// - Throws: ``CommandFailure`` `.usage` for what is no port.
    func settings(_ kind: HomeSettings.Kind, _ id: MemberID, name: String) throws -> HomeSettings {
        guard (1...65_535).contains(port) else { throw CommandFailure(.usage, "a port is from 1 to 65535") }
        var settings = HomeSettings(kind: kind, id: id, name: name)
        settings.listen = (address: address ?? "0.0.0.0", port: port)
        if let listen {
            guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
                (1...65_535).contains(port)
            else { throw CommandFailure(.usage, "--listen is an address and a port: 0.0.0.0:8443") }
            settings.listen = (address: String(listen[..<colon]), port: port)
        }
        return settings
    }
}
