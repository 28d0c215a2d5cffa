// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cryptography
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TransparencyLog

extension AuditCommand {
    struct Export: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write what a broker logged as a trail bundle.",
            discussion: """
                Reads the store beside a broker that runs. The bundle goes up to the newest checkpoint that another broker has cosigned. It \
                holds no personal data, but tells who wrote to whom, and when: name for whom it is and until when it may be kept.
                """,
            example: "kheya audit export --home broker --for in:oversight --destroy 2027-12-31 --to in-2026.trail")
        @OptionGroup var output: OutputOptions
        @Option(help: ArgumentHelp("A broker's home; of several brokers on this machine each.", valueName: "dir"))
        var home: [String]
        @Option(help: ArgumentHelp("The file to write; nothing is overwritten.", valueName: "file")) var to: String
        @Option(
            name: .customLong("for"), help: ArgumentHelp("For whom: a member's id or a code.", valueName: "recipient"))
        var recipient: String
        @Option(help: ArgumentHelp("Until when it may be kept.", valueName: "time")) var destroy: String
        @Option(
            help: ArgumentHelp("Only what was logged from then on, with all events of its cases.", valueName: "time"))
        var from: String?
        @Option(help: ArgumentHelp("And before then. Default: now.", valueName: "time")) var until: String?
        @Option(
            help: ArgumentHelp(
                "Only what was logged since an audit ended, as `kheya audit watch` prints it.",
                valueName: "origin@size,…"))
        var since: String?

        struct Report: Encodable {
            let file: String
            let bytes: Int
        }

        func execute(_ console: Console) async throws {
            let now = Moment.now()
            func moment(_ text: String, _ option: String) throws -> Instant {
                guard let moment = Moment.read(text, now: now) else {
                    throw CommandFailure(.usage, "\(option) is no time")
                }
                return moment
            }
            guard !home.isEmpty else { throw CommandFailure(.usage, "no home given", cure: "Add --home DIR.") }
            guard Patterns.fact.matches(recipient) else {
                throw CommandFailure(.usage, "--for is a member's id or a code, no name")
            }
            guard until == nil || from != nil else { throw CommandFailure(.usage, "--until needs --from") }
            let end = try until.map { try moment($0, "--until") } ?? now + 1
            let start = try from.map { try moment($0, "--from") }
            if let start, start >= end { throw CommandFailure(.usage, "--from is not before --until") }
            guard since == nil || from == nil else { throw CommandFailure(.usage, "--since excludes --from") }
            let sizes = try since.map(Self.sizes)
            let destroy = try moment(destroy, "--destroy")
            let policies = try Self.policies(home, now: now)
            try Files.create(to, bytes: [])
            guard let file = FileHandle(forWritingAtPath: to) else {
                throw CommandFailure(.inputOutput, "\(to) cannot be written")
            }
            var count = 0
            do {
                try read(home[...], []) { stores in
                    try TrailExport(stores, policies: policies, during: start.map { $0..<end }, since: sizes).write(
                        made: now, recipient: recipient, destroy: destroy
                    ) {
                        try file.write(contentsOf: $0)
                        count += $0.count
                    }
                }
                try file.close()
            } catch {
                try? FileManager.default.removeItem(atPath: to)
                throw error
            }
            let report = Report(file: to, bytes: count)
            try console.result("audit.export", report) { "\(report.file): \(report.bytes) bytes" }
        }

        /// By the directories that these homes hold, the newest of each authority.
        private static func policies(_ homes: [String], now: Instant) throws -> [String: LogPolicy] {
            var held: Directories?
            for path in homes {
                let directories = try MemberHome.directories(at: path, now: now)
                guard held != nil else {
                    held = directories
                    continue
                }
                // Another's older one is no fault.
                for document in directories.documents { _ = try? held?.accept(document, now: now) }
            }
            return held?.logs.mapValues(\.policy) ?? [:]
        }

        private static func sizes(_ text: String) throws -> [String: Int64] {
            var result: [String: Int64] = [:]
            for part in text.split(separator: ",") {
                let words = part.split(separator: "@")
                guard words.count == 2, let size = Int64(words[1]), size >= 0 else {
                    throw CommandFailure(.usage, "--since is not origin@size,…")
                }
                result[String(words[0])] = size
            }
            return result
        }

        /// All stores at once, each in one state.
        private func read(
            _ homes: ArraySlice<String>, _ open: [any LetterReading], _ body: ([any LetterReading]) throws -> Void
        ) throws {
            guard let path = homes.first else { return try body(open) }
            guard try MemberHome.settings(at: path).kind == .broker else {
                throw CommandFailure(.configuration, "\(path) is not the home of a broker")
            }
            try SQLiteLetterQueue.inspect(path: path + "/broker.sqlite") {
                try read(homes.dropFirst(), open + [$0], body)
            }
        }
    }

    struct Trust: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a trust folder from directories that the authorities signed.",
            discussion: """
                Compare each authority's safety number by telephone before anything is believed. A witness that a directory lists beside the \
                brokers is asked for in every policy; for one that it does not list, edit the policies.
                """,
            example: "kheya audit trust in.directory bd.directory --root in-root.crt --root bd-root.crt --to trust")
        @OptionGroup var output: OutputOptions
        @Argument(help: "What `kheya authority publish` wrote, of each authority.") var directories: [String]
        @Option(help: ArgumentHelp("An authority's root certificate.", valueName: "file")) var root: [String]
        @Option(help: ArgumentHelp("The folder to make.", valueName: "folder")) var to: String

        struct Report: Encodable {
            struct Authority: Encodable {
                let id: String
                let safetyNumber: String
            }
            let folder: String
            let authorities: [Authority]
            let logs: [String]
        }

        func execute(_ console: Console) async throws { try make(console) }

        /// Apart and synchronous: as the body of an asynchronous function it ends the optimizer of Swift 6.3.
        private func make(_ console: Console) throws {
            let roots = try root.map { try Certificate(pem: try Files.read($0, limit: 64 << 10)) }
            var held = Directories(anchors: try TrustAnchors(roots))
            for path in directories {
                for document in try DocumentArchive.read(try Files.read(path)) {
                    // Profiles come along in the same file; the folder needs none.
                    if try Slip.read(Array(Gate.slip(document.slip).content)).type == .directory {
                        _ = try held.accept(document, now: Moment.now())
                    }
                }
            }
            let logs = held.logs
            guard !logs.isEmpty else {
                throw CommandFailure(
                    .noInput, "these directories list no log", cure: "Take the newest of each authority.")
            }
            do {
                try FileManager.default.createDirectory(atPath: to + "/kept", withIntermediateDirectories: true)
            } catch {
                throw CommandFailure(.cannotCreate, "\(to) cannot be made")
            }
            try Files.create(to + "/authorities.pem", bytes: roots.flatMap(\.pem))
            for (origin, log) in logs {
                try Files.create(to + "/policy-\(origin.replacing("/", with: "_")).txt", bytes: log.policyFile)
            }
            let report = Report(
                folder: to,
                authorities: held.anchors.roots.sorted { $0.key < $1.key }.map {
                    .init(id: $0.key.text, safetyNumber: SafetyNumber.text(of: $0.value.id))
                }, logs: logs.keys.sorted())
            try console.result("audit.trust", report) {
                (report.authorities.map { "\($0.id)  \($0.safetyNumber)" } + report.logs.map { "believed: \($0)" })
                    .joined(separator: "\n")
            }
        }
    }
}
