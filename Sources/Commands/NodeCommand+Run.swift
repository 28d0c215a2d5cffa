// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CaseFile
import Exchange
import Foundation
import Letters
import Logging
import Membership
import Node
import Procedure
import Sealing
import ServiceLifecycle
import UnixSignals
import WebInterface

extension NodeCommand {
    struct Run: Verb {
        static let configuration = CommandConfiguration(
            abstract:
                "Carry letters: hand the outbox to the broker, fetch and judge what comes, until SIGTERM or SIGINT.",
            discussion:
                "Logs one JSON object a line on standard output. Killed at any moment, the next start goes on where it stands.",
            example: "kheya node run --home node --key-file node.key")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(
            help: ArgumentHelp(
                "Where the page for the staff is served: ADDRESS:PORT, or off. Default: $KHEYA_WEB_LISTEN, the home's web_listen, 127.0.0.1:8420.",
                valueName: "place")) var webListen: String?
        @Option(help: "What is logged: debug, info, notice, warning, error.") var logLevel: Logger.Level = .info

        func execute(_ console: Console) async throws {
            let logger = Logger.lines("node", level: logLevel)
            try SelfTest.run()
            let (node, opened) = try NodeAssembly.open(home)
            let client = try NodeAssembly.client(opened, logger: logger).client
            let service: NodeService
            do {
                service = try node.service(connection: client, clock: Moment.now, logger: logger)
            } catch {
                try await client.shutdown()
                throw error
            }
            let notices = try NoticeSettings(opened.home.settings)
            let noticeService = NoticeService(
                desk: node.desk, settings: notices, clock: Moment.now, logger: .lines("notices", level: logLevel))
            let place = webListen ?? ProcessInfo.processInfo.environment["KHEYA_WEB_LISTEN"]
            let web = try WebSettings.read(opened.home.settings, listen: place).map { settings in
                WebServer(
                    site: Site(
                        desk: node.desk, signIn: SignIn(store: node.store), settings: settings, notices: notices,
                        clock: Moment.now, logger: .lines("web", level: logLevel)),
                    settings: settings, logger: .lines("web", level: logLevel))
            }
            logger.info("node running", metadata: ["member": "\(opened.id)"])
            let group = ServiceGroup(
                configuration: .init(
                    services: [
                        .init(service: ClientService(client: client)),
                        .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup),
                        .init(service: noticeService),
                    ] + (web.map { [.init(service: $0)] } ?? []), gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: .lines("node", level: .error)))
            try await group.run()
            logger.info("node ended")
        }
    }

    struct Once: Verb {
        static let configuration = CommandConfiguration(
            abstract: "One round by hand: hand over what waits, fetch and judge what is there, send the receipts.",
            example: "kheya node once --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            let logger = Logger.lines("node", level: .critical)
            let (node, opened) = try NodeAssembly.open(home)
            let client = try NodeAssembly.client(opened, logger: logger).client
            let result: Result<NodeService.PassReport, any Error>
            do {
                let service = try node.service(connection: client, clock: Moment.now, logger: logger)
                result = .success(try await service.pass())
            } catch {
                result = .failure(error)
            }
            try await client.shutdown()
            struct Report: Encodable { let pushed, fetched, judged: Int }
            let pass = try result.get()
            let report = Report(pushed: pass.pushed, fetched: pass.fetched, judged: pass.judged)
            try console.result("node.once", report) {
                "\(report.pushed) handed over, \(report.fetched) fetched, \(report.judged) judged"
            }
        }
    }

    struct Status: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Whether the node runs, what waits, and what a person should look at.",
            discussion: "Exits with 69 when no process runs this home.",
            example: "kheya node status --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        struct Report: Encodable {
            struct Warning: Encodable {
                let at: String
                let kind: String
                let member: String?
                let letter: String?
                let detail: String?
            }
            let id: String
            let running: Bool
            let cases: Int
            let outboxWaiting: Int
            let inboxUnread: Int
            let alarms: [Warning]
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            // The lock is taken for a moment only: held, somebody runs.
            let isRunning = (try? NodeLock(home: opened.url)) == nil
            let report = Report(
                id: opened.id.text, running: isRunning, cases: try node.desk.cases().count,
                outboxWaiting: try node.desk.outbox().filter { $0.entry.state == .waiting }.count,
                inboxUnread: try node.desk.inbox().filter { $0.letter.type == .step && $0.entry.acted == nil }.count,
                alarms: try node.desk.alarms().map {
                    Report.Warning(
                        at: Moment.text($0.at), kind: $0.kind.rawValue, member: $0.member?.text, letter: $0.letter?.hex,
                        detail: $0.detail)
                })
            try console.result("node.status", report) {
                ([
                    "\(report.id): \(isRunning ? "running" : "not running"), \(report.cases) cases",
                    "\(report.outboxWaiting) letters wait for the broker, \(report.inboxUnread) wait for somebody here",
                ]
                    + report.alarms.map {
                        "\($0.at) \($0.kind) \($0.member ?? "") \($0.letter.map { String($0.prefix(12)) } ?? "") \($0.detail ?? "")"
                    })
                    .joined(separator: "\n")
            }
            guard isRunning else { throw ExitCode(ExitStatus.unavailable.rawValue) }
        }
    }
}
