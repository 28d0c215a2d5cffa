// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Membership
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
        subcommands: [Adopt.self])

    struct Adopt: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Give a log whose lock is gone its lock again.",
            discussion: """
                The lock says how far the log was signed. Without it nobody knows whether the store was restored from a backup, so the \
                log halts. Bring the newest checkpoint that another broker cosigned: ask its operator, or a member for a receipt. The \
                broker must not run.

                Example:
                  kheya log adopt checkpoint --home in-broker --key-file broker.key
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: ArgumentHelp("A checkpoint file with the other broker's cosignature.", valueName: "checkpoint"))
        var checkpoint: String

        struct Report: Encodable {
            let origin: String
            let size: Int64
        }

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home, as: .broker)
            let note = try SignedNote(try Files.read(checkpoint, limit: LogLimits.noteBytes))
            let named = try Checkpoint(text: note.text)
            guard let log = opened.directories.logs[named.origin], log.broker == opened.id else {
                throw CommandFailure(.dataError, "not a checkpoint of a log of \(opened.id)")
            }
            guard try log.policy.verify(note).quorumTime != nil else {
                throw CommandFailure(
                    .checkFailed, "no other broker has cosigned this checkpoint",
                    cure: "The log's own signature alone may be of a store that was restored.")
            }
            try SQLiteLetterQueue.adopt(note, path: opened.home.path + "/broker.sqlite")
            let report = Report(origin: named.origin, size: named.head.size)
            try console.result("log.adopt", report) { "\(report.origin) goes on from \(report.size) leaves" }
        }
    }
}
