// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Exchange
import MessageStore
import Procedure
import Sealing

/// `kheya timestamp`: what an independent clock says about a checkpoint.
struct TimeStampCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timestamp",
        abstract: "Have a checkpoint stamped by a time-stamping authority (RFC 3161), and check a stamp.",
        discussion: """
            Example:
              kheya timestamp request checkpoint --authority http://127.0.0.1:3161/ --chain tsa-practice.pem --out checkpoint.tsr
              kheya timestamp verify checkpoint checkpoint.tsr --chain tsa-practice.pem
            """,
        subcommands: [Request.self, Verify.self])

    /// The largest file that is stamped: a note.
    static let fileLimit = 65_536

    struct AuthorityOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("The authority's own chain up to its root (PEM), and nothing else.", valueName: "file"))
        var chain: String

        func read() throws -> TimeStampAuthority { try TimeStampAuthority(pem: Files.read(chain, limit: 65_536)) }
    }

    struct Report: Encodable {
        let digest: String
        let time: Int64
    }

    struct Request: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Ask the authority, check its answer, write it.",
            discussion: """
                Example:
                  kheya timestamp request checkpoint --authority http://127.0.0.1:3161/ --chain tsa-practice.pem --out checkpoint.tsr
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var authority: AuthorityOptions
        @Argument(help: "The file to stamp: a checkpoint with its signatures.") var file: String
        @Option(
            name: .customLong("authority"), help: ArgumentHelp("Where it answers: http or https.", valueName: "url"))
        var url: String
        @Option(help: ArgumentHelp("Where the response goes; never over an existing file.", valueName: "file"))
        var out: String

        func execute(_ console: Console) async throws {
            let digest = Digest.sha256(try Files.read(file, limit: TimeStampCommand.fileLimit))
            let authority = try authority.read()
            let client: TimeStampClient
            do { client = try TimeStampClient(url: url, authority: authority) } catch {
                throw CommandFailure(.usage, error.reason)
            }
            let stamp = try await client.stamp(digest.bytes)
            try Files.create(out, bytes: stamp.response)
            try console.stamped(digest, stamp)
        }
    }

    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Check a response as of its own time; exit 2 if it is no stamp of this file by this authority.",
            discussion: """
                Example:
                  kheya timestamp verify checkpoint checkpoint.tsr --chain tsa-practice.pem
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var authority: AuthorityOptions
        @Argument(help: "The stamped file.") var file: String
        @Argument(help: "The response.") var response: String

        func execute(_ console: Console) throws {
            let digest = Digest.sha256(try Files.read(file, limit: TimeStampCommand.fileLimit))
            let answer = try Files.read(response, limit: TimeStamp.limit)
            let authority = try authority.read()
            let stamp: TimeStamp
            do { stamp = try TimeStamp(reading: answer, over: digest.bytes, by: authority) } catch {
                throw CommandFailure(
                    .checkFailed, code: "timestamp-invalid",
                    "\(response) is no stamp of \(file) by this authority: \(error.reason)")
            }
            try console.stamped(digest, stamp)
        }
    }
}

extension Console {
    fileprivate func stamped(_ digest: Digest, _ stamp: TimeStamp) throws {
        try result("timestamp", TimeStampCommand.Report(digest: digest.hex, time: stamp.time)) {
            "stamped at \(Moment.text(Instant(seconds: stamp.time)))"
        }
    }
}
