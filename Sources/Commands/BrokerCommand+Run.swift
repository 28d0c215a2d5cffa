// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Foundation
import Logging
import Membership
import MessageStore
import Procedure

extension BrokerCommand {
    struct Run: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Serve members and other brokers until SIGTERM or SIGINT.",
            discussion:
                "Logs one JSON object a line on standard output: letters, members, codes and counts, never content.",
            example: "kheya broker run --home broker --key-file broker.key")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(help: "What is logged: debug, info, notice, warning, error.") var logLevel: Logger.Level = .info

        func execute(_ console: Console) async throws {
            let logger = Logger.lines("broker", level: logLevel)
            try await BrokerAssembly(try OpenedHome(home, as: .broker), logger: logger).run()
        }
    }

    struct Status: Verb {
        static let configuration = CommandConfiguration(
            abstract: "What waits at a broker, and for whom; also while it does not run.",
            discussion: "Needs no key. Exits with 69 when nobody answers at its port.",
            example: "kheya broker status --home broker")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        struct Report: Encodable {
            let id: String
            let running: Bool
            /// Letters that are not done: in mailboxes, on their way to other brokers, or held.
            let waiting: Int
            let mailboxes: [String: Int]
            let forwards: [String: Int]
            let letters: [String: Int]
            let log: LogReport?

            /// Leaves of the log, and how far the newest cosigned checkpoint reaches.
            struct LogReport: Encodable {
                let origin: String
                let size: Int64
                let cosignedSize: Int64?
                let cosignedSeconds: Int64?
                let stampedSize: Int64?

                init(_ log: BrokerStatus.Log) {
                    (origin, size, cosignedSize, stampedSize) = (
                        log.origin, log.size, log.cosignedSize, log.stampedSize
                    )
                    cosignedSeconds = log.cosignedAt.map { Moment.now() - $0 }
                }

                var text: String {
                    guard let cosignedSize, let cosignedSeconds else {
                        return "  log \(origin): \(size) leaves, not cosigned yet"
                    }
                    return
                        "  log \(origin): \(size) leaves, the first \(cosignedSize) cosigned \(cosignedSeconds) s ago"
                        + (stampedSize.map { ", \($0) stamped" } ?? "")
                }
            }

            init(_ settings: HomeSettings, _ status: BrokerStatus?, isRunning: Bool) {
                id = settings.id.text
                running = isRunning
                mailboxes = Self.named(status?.mailboxes ?? [:])
                forwards = Self.named(status?.forwards ?? [:])
                letters = Dictionary((status?.letters ?? [:]).filter { $0.value > 0 }.map { ("\($0.key)", $0.value) }) {
                    first, _ in first
                }
                log = (status?.log).map { LogReport($0) }
                waiting = (status?.letters ?? [:]).filter { $0.key.isOpen }.values.reduce(0, +)
            }

            private static func named(_ counts: [MemberID: Int]) -> [String: Int] {
                Dictionary(counts.map { ($0.key.text, $0.value) }) { first, _ in first }
            }
        }

        func execute(_ console: Console) async throws {
            let path = try home.directory.path
            let settings = try MemberHome.settings(at: path)
            guard settings.kind == .broker else {
                throw CommandFailure(.configuration, "\(path) is not the home of a broker")
            }
            let status =
                FileManager.default.fileExists(atPath: path + "/broker.sqlite")
                ? try BrokerStatus.read(home: path) : nil
            let isRunning = settings.listen.map { Port.answers($0.address, $0.port) } ?? false
            let report = Report(settings, status, isRunning: isRunning)
            try console.result("broker.status", report) {
                (["\(report.id): \(isRunning ? "running" : "not running"), \(report.waiting) letters are not done"]
                    + [report.log?.text].compactMap { $0 }
                    + Table.lines(
                        report.mailboxes.sorted { $0.key < $1.key }.map {
                            ["  for \($0.key)", "\($0.value) in the mailbox"]
                        }
                            + report.forwards.sorted { $0.key < $1.key }.map {
                                ["  for \($0.key)", "\($0.value) to be handed on"]
                            }))
                    .joined(separator: "\n")
            }
            guard isRunning else { throw ExitCode(ExitStatus.unavailable.rawValue) }
        }
    }
}
