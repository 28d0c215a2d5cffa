// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

/// Drives a world of real processes: people act at both ends, and a seeded hand kills.
final class CrashHarness: Sendable {
    private struct State {
        var oracle = Oracle()
        var kills: [String: Int] = [:]
        var isOver = false
    }

    let world: World
    private let seed: UInt64
    private let state = Mutex(State())
    private let opened = Mutex<[String]>([])

    var cases: [String] { opened.withLock { $0 } }
    var killed: Int { state.withLock { $0.kills.values.reduce(0, +) } }
    var killsByProcess: String {
        state.withLock { $0.kills.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
    }

    init(seed: UInt64) throws {
        self.seed = seed
        world = try World(lease: 2)
    }

    // MARK: The work

    /// Cases that both sides have accepted, so that both may write.
    func openCases(_ count: Int) throws {
        let facts = try write(
            "offer-facts.json",
            #"""
            {"ADULT_ESTABLISHED": {"age_basis": "document"},
             "SHARE_CONSENT_PREVIEW": {"consent_ref": "00000000000000000000000000000001", "recipient": "bd:nadipar",
              "valid_until": "\#(Self.date(90))", "given_by": "self", "assent": "not_applicable"},
             "REFERRAL_OFFER": {"victim_status": "actual", "status_decided_by": "police", "held_as": "protected"}}
            """#)
        let accepted = try write("accepted-facts.json", #"{"REFERRAL_ACCEPTED": {"conflict": "none_found"}}"#)
        for _ in 0..<count {
            let answer = try world.json(
                "shelter", "case", "open", "ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER", "--as",
                "worker", "--to",
                World.ngo, "--facts", facts)
            let caseID = try #require(answer["case"] as? String)
            note(answer, from: World.shelter, caseID)
            try world.wait(for: "the offer at the NGO") {
                try world.run(["case", "show", caseID, "--home", world.path("ngo"), "--json"]).status == 0
            }
            note(
                try world.json("ngo", "case", "do", caseID, "REFERRAL_ACCEPTED", "--as", "worker", "--facts", accepted),
                from: World.ngo, caseID)
            opened.withLock { $0.append(caseID) }
        }
    }

    /// One letter of one side, as a person would send it.
    func act(home: String, case caseID: String, killAfter milliseconds: Int? = nil) throws {
        let member = home == "ngo" ? World.ngo : World.shelter
        let arguments = ["case", "do", caseID, "COVER", "--as", "worker", "--home", world.path(home), "--json"]
        guard let milliseconds else {
            let result = try world.run(arguments)
            // A store that another process holds for a moment is an answer, too: nothing was sent.
            guard result.status == 0 else {
                try #require([74, 75].contains(result.status), "\(result.errors)")
                return
            }
            return note(try result.json(), from: member, caseID)
        }
        let result = try Program.run(arguments, environment: world.environment, killAfter: .milliseconds(milliseconds))
        if result.status == 0 {
            note(try result.json(), from: member, caseID)
        } else {
            state.withLock { state in
                state.oracle.killed(from: member, in: caseID)
                state.kills["command", default: 0] += 1
            }
        }
    }

    /// Two people write, and processes die, until there were so many kills and the time is over.
    func run(kills: Int, minutes: Double?) async throws {
        let end = minutes.map { Date().addingTimeInterval($0 * 60) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, home) in ["shelter", "ngo"].enumerated() {
                group.addTask {
                    try await Self.onThread {
                        try self.write(home, SeededGenerator(seed: self.seed &+ UInt64(index) &+ 1))
                    }
                }
            }
            group.addTask {
                try await Self.onThread {
                    defer { self.state.withLock { $0.isOver = true } }
                    try self.kill(kills, until: end, SeededGenerator(seed: self.seed))
                }
            }
            try await group.waitForAll()
        }
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func write(_ home: String, _ generator: SeededGenerator) throws {
        var generator = generator
        while !isOver {
            let caseID = cases[Int.random(in: 0..<cases.count, using: &generator)]
            let dies = Int.random(in: 0..<12, using: &generator) == 0
            try act(home: home, case: caseID, killAfter: dies ? Int.random(in: 20...250, using: &generator) : nil)
        }
    }

    private func kill(_ count: Int, until end: Date?, _ generator: SeededGenerator) throws {
        var generator = generator
        let names = ["in-broker", "bd-broker", "shelter", "ngo"]
        var done = 0
        while done < count || (end.map { Date() < $0 } ?? false) {
            // One, two, or all at once: and each comes back after its own while.
            let victims = names.shuffled(using: &generator).prefix(
                Int.random(in: 0..<8, using: &generator) == 0 ? 4 : Int.random(in: 1...2, using: &generator))
            Thread.sleep(forTimeInterval: Double.random(in: 0.05...1.2, using: &generator))
            for name in victims {
                world.kill(name)
                done += 1
                state.withLock { $0.kills[name, default: 0] += 1 }
            }
            Thread.sleep(forTimeInterval: Double.random(in: 0...0.6, using: &generator))
            for name in victims { try world.start(name) }
        }
    }

    // MARK: The end

    /// Faults have stopped: within a minute everything has arrived, and every queue is empty.
    func settle() throws {
        for name in ["in-broker", "bd-broker", "shelter", "ngo"] where !world.isRunning(name) { try world.start(name) }
        do {
            try world.wait(120, for: "empty queues") { try left().isEmpty }
        } catch {
            print("crash: seed \(seed), still waiting:\n" + (try left().joined(separator: "\n")))
            throw error
        }
    }

    /// What is not done, in words.
    private func left() throws -> [String] {
        var left: [String] = []
        for broker in ["in-broker", "bd-broker"] {
            let status = try world.run(["broker", "status", "--home", world.path(broker), "--json"])
            if status.status != 0 { left.append("\(broker) does not answer: \(status.errors)") }
            if try status.json()["waiting"] as? Int != 0 { left.append("\(broker): \(status.output)") }
        }
        for node in ["shelter", "ngo"] {
            for box in ["outbox", "inbox"] {
                let letters = try world.json(node, "letter", box, "--all")["letters"] as? [[String: Any]] ?? []
                for letter in letters where letter["done"] as? Bool != true {
                    left.append(
                        "\(node) \(box): \(letter["type"] ?? "") \(letter["letter"] ?? "") \(letter["state"] ?? ""), \(letter["words"] ?? "")"
                    )
                }
            }
        }
        return left
    }

    /// What both nodes hold, compared with what the commands answered.
    func count() throws -> Oracle.Count {
        var histories: [String: [String: [Oracle.Seen]]] = [:]
        for caseID in cases {
            for (home, member) in [("shelter", World.shelter), ("ngo", World.ngo)] {
                let letters = try world.json(home, "case", "history", caseID)["letters"] as? [[String: Any]] ?? []
                histories[caseID, default: [:]][member] = letters.map(Oracle.Seen.init)
            }
        }
        return state.withLock { $0.oracle.count(histories) }
    }

    /// SQLite's own word on each of the four stores.
    func checkStores() throws {
        for name in ["in-broker", "bd-broker", "shelter", "ngo"] { world.stop(name) }
        for file in ["in-broker/broker.sqlite", "bd-broker/broker.sqlite", "shelter/node.sqlite", "ngo/node.sqlite"] {
            let result = try Program.run(
                ["-readonly", world.path(file), "PRAGMA integrity_check"], program: "/usr/bin/sqlite3")
            #expect(result.output == "ok\n", "\(file): \(result.output)\(result.errors)")
        }
        try checkLogs()
    }

    private func note(_ answer: [String: Any], from member: String, _ caseID: String) {
        let letters = answer["letters"] as? [String] ?? []
        state.withLock { $0.oracle.answered(letters, from: member, in: caseID) }
    }

    private func write(_ name: String, _ content: String) throws -> String {
        try Data(content.utf8).write(to: URL(fileURLWithPath: world.path(name)))
        return world.path(name)
    }

    /// The day so many days from now, as the procedure writes it.
    private static func date(_ days: Int) -> String {
        String(
            Date().addingTimeInterval(Double(days) * 86_400).formatted(Date.ISO8601FormatStyle(timeZone: .gmt)).prefix(
                10))
    }

    /// Commands are waited for, so each driver has a thread of its own.
    private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
