// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import SQLiteStore
import TransparencyLog

/// `kheya log`: what a person has to decide about a broker's transparency log.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look after a broker's transparency log.",
        discussion: """
            Example:
              kheya log adopt checkpoint --home in-broker --key-file broker.key
            """,
        subcommands: [Adopt.self, Plan.self, Erase.self])

    struct Adopt: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Give a log, or a witness, whose lock is gone its lock again.",
            discussion: """
                The lock says how far a log was signed, and how far a witness has cosigned the log of another. Without it nobody knows \
                whether the home was restored from a backup, so nothing is signed. Bring the newest checkpoint that another broker \
                cosigned: ask its operator, or a member for a receipt. The broker must not run.

                Of the own log every other broker is asked how much it has cosigned and mirrored. What the store lacks is filled in from \
                the mirrors, as leaves that nobody can open any more; if no mirror has it, this log is at its end. Of another's log, \
                bring the newest checkpoint that this witness has cosigned.

                Example:
                  kheya log adopt checkpoint --home in-broker --key-file broker.key
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: ArgumentHelp("A checkpoint file with a cosignature.", valueName: "checkpoint"))
        var checkpoint: String
        @Option(
            help: ArgumentHelp(
                "A broker or witness that cannot be asked, ever; may be repeated. What only it knows is then lost.",
                valueName: "id"))
        var without: [MemberID] = []

        struct Report: Encodable {
            let origin: String
            let size: Int64
            let filled: Int64
        }

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home)
            let note = try SignedNote(try Files.read(checkpoint, limit: LogLimits.noteBytes))
            let origin = try Checkpoint(text: note.text).origin
            guard let log = opened.directories.logs[origin] else {
                throw CommandFailure(.dataError, "not a checkpoint of a log that a directory lists")
            }
            let verified = try log.policy.verify(note)
            let report =
                log.broker == opened.id
                ? try await recover(log, verified, opened) : try adoptAsWitness(verified, opened)
            try console.result("log.adopt", report) {
                "\(report.origin) goes on from \(report.size) leaves"
                    + (report.filled > 0 ? "; \(report.filled) that the store had lost came back closed" : "")
            }
        }

        private func recover(
            _ log: ListedLog, _ verified: VerifiedCheckpoint, _ opened: OpenedHome
        ) async throws -> Report {
            guard verified.quorumTime != nil else {
                throw CommandFailure(
                    .checkFailed, "no other broker has cosigned this checkpoint",
                    cure: "The log's own signature alone may be of a store that was restored.")
            }
            let link = try opened.home.keys().link
            let identity = try Exchange.LinkIdentity(certificate: link.certificate, key: link.key)
            let clients = try opened.directories.peers(of: opened.id).filter {
                $0.witness != nil && !without.contains($0.id)
            }.map { peer in
                try BrokerClient(
                    host: peer.host, address: peer.address, port: peer.port, identity: identity,
                    roots: Array(opened.directories.anchors.roots.values), logger: .lines("log", level: .critical))
            }
            let result: Result<LogRecovery, any Error>
            do {
                result = .success(
                    try await LogRecovery(
                        from: verified.note, of: log, path: opened.home.path + "/broker.sqlite", asking: clients,
                        now: opened.now))
            } catch { result = .failure(error) }
            for client in clients { try? await client.shutdown() }
            do {
                let recovery = try result.get()
                return Report(
                    origin: recovery.checkpoint.origin, size: recovery.checkpoint.size, filled: recovery.filled)
            } catch let error as ExchangeError {
                throw CommandFailure(
                    .unavailable, "a broker that may know more of this log cannot be asked (\(error.code.rawValue))",
                    cure: "Try again when all of them run. One that will never answer: --without ID.")
            } catch let error as StoreError where error.reason == LogLock.Reason.behind.rawValue {
                throw CommandFailure(
                    .checkFailed, code: "log.behind", "somebody has seen more of this log than any mirror has",
                    cure:
                        "This log is at its end: what was shown cannot be shown again. Bring a checkpoint to the authorities."
                )
            }
        }

        private func adoptAsWitness(_ verified: VerifiedCheckpoint, _ opened: OpenedHome) throws -> Report {
            let key = try opened.home.witnessSigner(by: opened.directories).key
            guard verified.cosigned[key] != nil else {
                throw CommandFailure(
                    .checkFailed, "this witness has not cosigned this checkpoint",
                    cure: "Ask the broker of that log for the newest one with a cosignature of \(key.name).")
            }
            let path =
                opened.home.settings.kind == .witness
                ? WitnessProcess.path(in: opened.home.path) : opened.home.path + "/broker.sqlite"
            try Witness.adopt(verified.note, path: path, listed: opened.directories.logs.keys.sorted())
            let checkpoint = verified.checkpoint
            return Report(origin: checkpoint.origin, size: checkpoint.head.size, filled: 0)
        }
    }
}
