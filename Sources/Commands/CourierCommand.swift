// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import CaseFile
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Node
import Procedure
import Sealing

/// `kheya courier`: the same letters on a stick, where there is no line.
struct CourierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "courier",
        abstract: "Carry letters on a stick: cut, sealed to whoever carries on, taken in as often as one likes.",
        discussion: """
            A lost stick tells how much went to which key, not who writes to whom. Line and stick may be used at once: a letter that \
            comes twice has one effect. A letter stays in the outbox until the broker says "stored".

            Example, at the node without a line, then at its broker:
              kheya courier export --home node --to /media/stick
              kheya courier import /media/stick --home broker
            And back, from the broker's mailbox to the node:
              kheya courier export --home broker --for in:shelter-07 --to /media/stick
              kheya courier import /media/stick --home node
            """,
        subcommands: [Export.self, Import.self])

    struct ShipmentReport: Codable {
        let shipment: String
        let outcome: String
        let letters: Int
        let missing: [Int]
        let code: String?

        init(_ name: String, _ outcome: Courier.Outcome) {
            shipment = name
            switch outcome {
            case .taken(let letters): (self.outcome, self.letters, missing, code) = ("taken", letters, [], nil)
            case .partial(let letters, let missing):
                (self.outcome, self.letters, self.missing, code) = ("partial", letters, missing, nil)
            case .refused(let code): (self.outcome, letters, missing, self.code) = ("refused", 0, [], code.rawValue)
            case .known: (self.outcome, letters, missing, code) = ("known", 0, [], nil)
            }
        }

        var text: String {
            switch outcome {
            case "taken": "\(shipment.prefix(8)): \(letters) letters and parts taken in"
            case "partial":
                "\(shipment.prefix(8)): \(letters) taken in; pieces \(missing.map(String.init).joined(separator: ", ")) are missing"
            case "known": "\(shipment.prefix(8)): taken in before"
            default: "\(shipment.prefix(8)): refused (\(code ?? ""))"
            }
        }
    }

    struct Export: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write what waits to a stick: a node its outbox, a broker one member's mailbox.",
            example: "kheya courier export --to /media/stick --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("The stick's directory; it must exist.", valueName: "dir")) var to: String
        @Option(name: .customLong("for"), help: "At a broker: the member whose mailbox is carried.") var member:
            MemberID?

        struct Report: Encodable {
            let letters: Int
            let bytes: Int64
            let shipments: [String]
            let hop: String
        }

        func execute(_ console: Console) async throws {
            guard FileManager.default.fileExists(atPath: to) else {
                throw CommandFailure(.noInput, "\(to) is not there", cure: "Is the stick mounted?")
            }
            let opened = try OpenedHome(home)
            let result: (report: Courier.ExportReport, hop: MemberID)
            switch opened.home.settings.kind {
            case .member: result = try await exportOutbox(opened, quiet: console.json)
            case .broker: result = try await exportMailbox(opened)
            case .authority, .witness: throw CommandFailure(.configuration, "this home has no letters to carry")
            }
            let report = Report(
                letters: result.report.letters, bytes: result.report.bytes, shipments: result.report.shipments,
                hop: result.hop.text)
            try console.result("courier.export", report) {
                report.letters == 0
                    ? "Nothing waits."
                    : "\(report.letters) letters, \(report.bytes) bytes, in \(report.shipments.count) shipments sealed to \(report.hop).\nTake the stick there: `kheya courier import \(to) --home …`."
            }
        }

        private func exportOutbox(_ opened: OpenedHome, quiet: Bool) async throws -> (Courier.ExportReport, MemberID) {
            let node = try LocalNode.open(opened.home, now: opened.now)
            guard let broker = opened.directories.broker(of: opened.id) else {
                throw CommandFailure(
                    .configuration, "no directory here says which broker keeps this mailbox",
                    cure: "`kheya member import FILE`.")
            }
            let hop = Courier.Hop(
                member: broker.id, certificate: try opened.directories.sealingCertificate(of: broker.id, at: opened.now)
            )
            var export = try node.desk.export()
            var documents = opened.directories.documents.map { SignedFile(slip: $0.slip, file: $0.file) }
            var progress = Progress(
                "letters", total: try node.desk.outbox().filter { $0.entry.state == .waiting }.count, quiet: quiet)
            var seen: Set<LetterID> = []
            let report = try await Courier.export(to: to, hop: hop) {
                if let next = try export.next() {
                    seen.insert(next.id)
                    progress.update(seen.count)
                    return .letter(LetterBundle(id: next.id, slip: next.slip, parts: next.parts))
                }
                // Directories travel along, so that a member without any line stays current; alone they are no reason to.
                return seen.isEmpty || documents.isEmpty ? nil : .document(documents.removeFirst())
            } carried: { letters in
                try node.desk.markCarried(letters, at: opened.now)
            }
            progress.finish()
            return (report, broker.id)
        }

        /// The broker must not run meanwhile. What is carried stays in the mailbox under its lease, until the node acknowledges it by line
        /// or its receipts come back.
        private func exportMailbox(_ opened: OpenedHome) async throws -> (Courier.ExportReport, MemberID) {
            guard let member else { throw CommandFailure(.usage, "whose mailbox?", cure: "Add --for MEMBER.") }
            let broker = try BrokerAssembly(opened, logger: .lines("courier", level: .critical))
            let hop = Courier.Hop(
                member: member, certificate: try opened.directories.sealingCertificate(of: member, at: opened.now))
            let connection = broker.process.core.connection(for: .member(member))
            var deliveries: [Delivery] = []
            var documents = opened.directories.documents.map { SignedFile(slip: $0.slip, file: $0.file) }
            var current: (delivery: Delivery, remaining: [Digest])?
            let report = try await Courier.export(to: to, hop: hop) {
                // A letter's parts ascend by digest; those that were too large to come along are read one by one.
                if let (delivery, remaining) = current, let digest = remaining.first {
                    current = (delivery, Array(remaining.dropFirst()))
                    return .letter(
                        LetterBundle(
                            id: delivery.letter.id, slip: delivery.letter.slip,
                            parts: [digest: try await whole(digest, connection)]))
                }
                if deliveries.isEmpty {
                    deliveries = try await connection.pull(limit: BrokerLimits.lettersInAPull, waitSeconds: 0)
                }
                guard !deliveries.isEmpty else { return documents.isEmpty ? nil : .document(documents.removeFirst()) }
                let delivery = deliveries.removeFirst()
                guard !delivery.remaining.isEmpty else {
                    current = nil
                    return .letter(delivery.letter)
                }
                let all = (delivery.remaining + delivery.letter.parts.keys).sorted()
                current = (delivery, Array(all.dropFirst()))
                let first = all[0]
                let bytes: [UInt8]
                if let along = delivery.letter.parts[first] {
                    bytes = along
                } else {
                    bytes = try await whole(first, connection)
                }
                return .letter(LetterBundle(id: delivery.letter.id, slip: delivery.letter.slip, parts: [first: bytes]))
            }
            return (report, member)
        }

        private func whole(_ digest: Digest, _ connection: any BrokerConnection) async throws -> [UInt8] {
            var bytes: [UInt8] = []
            while true {
                let (piece, size) = try await connection.part(digest, offset: bytes.count, count: 1 << 20)
                bytes += piece
                if bytes.count >= size || piece.isEmpty { return bytes }
            }
        }
    }

    struct Import: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take in what lies on a stick; a letter that is known already changes nothing.",
            discussion:
                "Works beside a running node or broker. Exits with 3 when pieces are missing, with 2 when a shipment is refused.",
            example: "kheya courier import /media/stick --home broker")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The stick's directory.") var stick: String

        struct Report: Encodable {
            let letters: Int
            let shipments: [ShipmentReport]
        }

        func execute(_ console: Console) async throws {
            guard FileManager.default.fileExists(atPath: stick) else {
                throw CommandFailure(.noInput, "\(stick) is not there", cure: "Is the stick mounted?")
            }
            let opened = try OpenedHome(home)
            let shipments: [ShipmentReport]
            switch opened.home.settings.kind {
            case .member: shipments = try await importToNode(opened)
            case .broker: shipments = try await importToBroker(opened, console)
            case .authority, .witness: throw CommandFailure(.configuration, "this home takes no letters")
            }
            let report = Report(letters: shipments.map(\.letters).reduce(0, +), shipments: shipments)
            try console.result("courier.import", report) {
                shipments.isEmpty
                    ? "Nothing on this stick is for \(opened.id)." : shipments.map(\.text).joined(separator: "\n")
            }
            if shipments.contains(where: { $0.outcome == "refused" }) {
                throw ExitCode(ExitStatus.checkFailed.rawValue)
            }
            if shipments.contains(where: { $0.outcome == "partial" }) { throw ExitCode(ExitStatus.incomplete.rawValue) }
        }

        private func importToNode(_ opened: OpenedHome) async throws -> [ShipmentReport] {
            let node = try LocalNode.open(opened.home, now: opened.now)
            let intake = StickIntake(node: node)
            let report = try await Courier.import(from: stick, hop: opened.id, identities: node.desk.identity.sealing) {
                try await intake.take($0)
            }
            try await intake.finish()
            return Self.reports(report)
        }

        private func importToBroker(_ opened: OpenedHome, _ console: Console) async throws -> [ShipmentReport] {
            let logger = Logger.lines("courier", level: .critical)
            do {
                let broker = try BrokerAssembly(opened, logger: logger)
                let (report, putOff) = try await broker.inbox.take(from: stick)
                guard putOff == 0 else {
                    throw CommandFailure(
                        .tryLater, "\(putOff) letters were put off: a quota, or no room",
                        cure: "The others are in; run the command again later.")
                }
                return Self.reports(report)
            } catch let error as StoreError where error.code == .busy {
                return try await lay(opened, console)
            }
        }

        /// The broker runs: its shipments are laid into its home, and it takes them in.
        private func lay(_ opened: OpenedHome, _ console: Console) async throws -> [ShipmentReport] {
            let files = FileManager.default
            let inbox = CourierInbox.directory(of: opened.home.path)
            try files.createDirectory(
                atPath: inbox, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let names = try files.contentsOfDirectory(atPath: stick).filter { CaseID($0) != nil }.sorted()
            for name in names {
                try? files.removeItem(atPath: "\(inbox)/\(name).json")
                try? files.removeItem(atPath: "\(inbox)/.\(name)")
                try files.copyItem(atPath: "\(stick)/\(name)", toPath: "\(inbox)/.\(name)")
                guard
                    rename("\(inbox)/.\(name)", "\(inbox)/\(name)") == 0 || files.fileExists(atPath: "\(inbox)/\(name)")
                else {
                    throw CommandFailure(.inputOutput, "a shipment could not be laid into the broker's home")
                }
            }
            var reports: [ShipmentReport] = []
            var progress = Progress("shipments", total: names.count, quiet: console.json)
            for name in names {
                let result = "\(inbox)/\(name).json"
                let end = ContinuousClock.now + .seconds(120)
                while !files.fileExists(atPath: result) {
                    guard ContinuousClock.now < end else {
                        throw CommandFailure(
                            .tryLater, "the broker has not taken everything in yet",
                            cure: "It goes on by itself; run the command again to see the result.")
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
                reports.append(
                    try JSONDecoder().decode(
                        ShipmentReport.self, from: try Data(contentsOf: URL(fileURLWithPath: result))))
                try? files.removeItem(atPath: result)
                progress.update(reports.count)
            }
            progress.finish()
            return reports
        }

        private static func reports(_ report: Courier.ImportReport) -> [ShipmentReport] {
            report.shipments.sorted { $0.key < $1.key }.map { ShipmentReport($0.key, $0.value) }
        }
    }
}
