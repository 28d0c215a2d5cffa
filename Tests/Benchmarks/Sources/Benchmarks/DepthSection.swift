// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Exchange
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TransparencyLog

/// What a letter costs a broker whose mailbox is deep: a node that was off for weeks. Two brokers, one with a hundred
/// times the letters.
struct DepthSection {
    let bench: Workbench
    let rounds: Int
    let deep: Int
    let shallow = 1_000
    /// Letters that go in and come out in one round.
    let letters = 640

    func run(_ report: inout Report) async throws {
        report.begin(
            "depth",
            "a mailbox of \(deep) letters against one of \(shallow): each letter accepted, handed out and acknowledged")
        let network = try bench.network("depth")
        defer { network.stop() }
        let factory = try bench.factory(network)
        let began = floors_now()
        // The deep store first; the other broker is a copy of its home with a store of its own.
        let other = "bd-broker-shallow"
        try FileManager.default.copyItem(atPath: network.path("bd-broker"), toPath: network.path(other))
        let otherPort = try PracticeNetwork.freePort()
        try Self.listen(at: network.path(other), port: otherPort, key: network.unlock())
        try await fill(network.store(at: network.path("bd-broker")), factory, count: deep)
        try await fill(network.store(at: network.path(other)), factory, count: shallow)
        let prepared = floors_now() - began

        let deepBroker = Side(name: "\(deep)", child: try network.start(.bdBroker), port: network.ports[.bdBroker] ?? 0)
        let shallowBroker = Side(name: "\(shallow)", child: try network.start(.bdBroker, home: other), port: otherPort)
        try await network.awaitPort(.bdBroker)
        try await PracticeNetwork.awaitPort(otherPort)
        var sides = [deepBroker, shallowBroker]
        for index in sides.indices {
            sides[index].sender = try bench.client(of: .inBroker, to: .bdBroker, in: network, port: sides[index].port)
            sides[index].reader = try bench.client(of: .ngo, to: .bdBroker, in: network, port: sides[index].port)
            sides[index].atStart = try sides[index].child.memory().now
        }

        // What the letters come from is the other broker's log alone, without its process.
        let log = try network.store(at: network.path("in-broker"))
        var sequence = Int64(deep + 1)
        for round in 0...rounds {
            for index in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
                let batch = try await Self.logged(factory.offers(letters, first: sequence), in: log)
                sequence += Int64(letters)
                let sample = try await sides[index].pass(batch)
                if round > 0 { sides[index].samples.append(sample) }
            }
        }
        let (a, b) = (sides[0], sides[1])
        let ratio = Spread(zip(a.samples, b.samples).map { $0.brokerSeconds / $1.brokerSeconds })
        report.compare(
            "broker's CPU for a letter", Spread(a.samples.map { $0.brokerSeconds / Double(letters) * 1e6 }), "µs",
            floor: Spread(b.samples.map { $0.brokerSeconds / Double(letters) * 1e6 }).median, ratio: ratio,
            target: .atMost(1.3),
            note:
                "the floor is the same with \(shallow) letters waiting; the stores were filled in \(Int(prepared)) s"
        )
        report.compare(
            "time for a letter", Spread(a.samples.map { $0.seconds / Double(letters) * 1e6 }), "µs",
            floor: Spread(b.samples.map { $0.seconds / Double(letters) * 1e6 }).median,
            ratio: Spread(zip(a.samples, b.samples).map { $0.seconds / $1.seconds }), target: .atMost(1.3))
        let memory = (try a.child.memory(), try b.child.memory())
        report.compare(
            "broker's memory, peak", Spread([memory.0.peak]), "MiB", floor: memory.1.peak,
            ratio: Spread([memory.0.peak / memory.1.peak]),
            target: .atMost(1.5),
            note:
                "at the start \(Report.number(a.atStart)) MiB and \(Report.number(b.atStart)), now "
                + "\(Report.number(memory.0.now)) and \(Report.number(memory.1.now))")
        for side in sides { try await side.shutdown() }
        try await log.close()
    }

    /// The letters with the receipts of the broker that hands them over.
    static func logged(_ letters: [SignedLetter], in log: SQLiteLetterQueue) async throws -> [LetterBundle] {
        let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
        let leaves = try await log.write { transaction in
            try letters.map { letter in
                try transaction.log(
                    .accepted(letter: letter.bundle.id, slip: .sha256(letter.bundle.slip), verdict: .admitted),
                    in: letter.slip.caseID, at: now)
            }
        }
        return zip(letters, try await log.receipts(of: leaves)).map { letter, receipt in
            var bundle = letter.bundle
            bundle.receipt = receipt?.bytes
            return bundle
        }
    }

    private struct Side {
        let name: String
        let child: Child
        let port: Int
        var sender: BrokerClient?
        var reader: BrokerClient?
        var atStart = 0.0
        var samples: [(seconds: Double, brokerSeconds: Double)] = []

        init(name: String, child: Child, port: Int) {
            self.name = name
            self.child = child
            self.port = port
        }

        /// As many letters in as out: the depth stays.
        func pass(_ letters: [LetterBundle]) async throws -> (seconds: Double, brokerSeconds: Double) {
            guard let sender, let reader else { throw BenchmarkError("a broker without connections") }
            let cpu = try child.cpuSeconds()
            let start = floors_now()
            let cursor = Cursor(count: letters.count, step: 16)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while let range = cursor.next() {
                            try AcceptanceSection.check(try await sender.push(Array(letters[range]), context: []))
                        }
                    }
                }
                try await group.waitForAll()
            }
            var left = letters.count
            while left > 0 {
                let deliveries = try await reader.pull(limit: min(64, left), waitSeconds: 5)
                guard !deliveries.isEmpty else {
                    throw BenchmarkError("the mailbox gave nothing out with letters in it")
                }
                try await reader.acknowledge(deliveries.map(\.letter.id))
                left -= deliveries.count
            }
            return (floors_now() - start, try child.cpuSeconds() - cpu)
        }

        func shutdown() async throws {
            try await sender?.shutdown()
            try await reader?.shutdown()
        }
    }

    /// Puts real letters into the store of a broker that is not running, as its acceptance would have.
    private func fill(_ queue: SQLiteLetterQueue, _ factory: LetterFactory, count: Int) async throws {
        guard let peer = MemberID(PracticeNetwork.Party.inBroker.id) else { throw BenchmarkError("no member id") }
        let mailbox = QueueName(factory.recipient, .mailbox)
        for start in stride(from: 0, to: count, by: 2_000) {
            let letters = try factory.offers(min(2_000, count - start), first: Int64(start + 1))
            try await queue.write { transaction in
                for letter in letters {
                    let (slip, bundle) = (letter.slip, letter.bundle)
                    try transaction.insert(
                        LetterRecord(
                            id: bundle.id, status: .queued, type: slip.type, lane: slip.lane, from: slip.from,
                            caseID: slip.caseID,
                            roles: ["IN_SHELTER"], peer: peer, at: slip.at, expires: slip.expires, received: slip.at),
                        slip: slip, file: bundle.slip)
                    try transaction.need(
                        slip.parts.map { NeededPart(digest: $0.digest, recipient: $0.recipient) }, for: bundle.id)
                    for (digest, bytes) in bundle.parts {
                        try transaction.storePart(digest, bytes: bytes, chargedTo: slip.from)
                    }
                    try transaction.enqueue(bundle.id, lane: slip.lane, to: mailbox)
                }
            }
        }
        try await queue.close()
    }

    /// Lets a copied home listen at another port.
    static func listen(at path: String, port: Int, key: Unlock) throws {
        var home = try MemberHome.open(at: path, unlock: key)
        var settings = home.settings
        settings.listen = ("127.0.0.1", port)
        try home.write(settings)
    }
}
