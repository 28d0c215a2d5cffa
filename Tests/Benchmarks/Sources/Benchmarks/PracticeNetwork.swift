// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import SQLiteStore

/// Two authorities, two brokers, a shelter and an NGO in one directory, made with the real commands. All invented.
final class PracticeNetwork {
    enum Party: String, CaseIterable {
        case inBroker = "in-broker"
        case bdBroker = "bd-broker"
        case shelter, ngo

        var isBroker: Bool { self == .inBroker || self == .bdBroker }
        var id: String {
            switch self {
            case .inBroker: "in:broker"
            case .bdBroker: "bd:broker"
            case .shelter: "in:asha-shelter"
            case .ngo: "bd:nadipar"
            }
        }
    }

    let directory: URL
    let program: URL
    let syncCounter: URL?
    let ports: [Party: Int]
    private var children: [Party: Child] = [:]
    /// All that were started, so that all are ended.
    private var others: [Child] = []

    private var environment: [String: String] {
        ["HOME": directory.path, "KHEYA_KEY_FILE": directory.appending(path: "practice.key").path, "KHEYA_HOME": ""]
    }

    /// Makes the homes; starts nothing.
    ///
    /// - Parameter profile: the source of the procedure profile that both authorities put in force.
    init(directory: URL, program: URL, syncCounter: URL?, profile: URL) throws {
        self.directory = directory
        self.program = program
        self.syncCounter = syncCounter
        ports = [.inBroker: try Self.freePort(), .bdBroker: try Self.freePort()]
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)

        for country in ["in", "bd"] {
            try kheya("authority", "create", "\(country):authority", "--home", path("\(country)-authority"))
        }
        let roots = ["in", "bd"].flatMap { ["--root", path("\($0)-authority/keys/root.crt")] }
        for party in Party.allCases {
            let common = [
                "--home", path(party.rawValue), "--name", "Practice \(party.rawValue)", "--request",
                path("\(party.rawValue).request"),
            ]
            switch party {
            case .inBroker, .bdBroker:
                let country = party == .inBroker ? "in" : "bd"
                try kheya(
                    ["broker", "create", party.id] + common + roots + [
                        "--host", "broker.\(country).kheya.example", "--address", "127.0.0.1", "--port",
                        String(ports[party] ?? 0),
                    ])
            case .shelter:
                try kheya(
                    ["node", "create", party.id] + common + roots + ["--role", "IN_SHELTER", "--account", "caseworker"])
            case .ngo:
                try kheya(
                    ["node", "create", party.id] + common + roots + ["--role", "BD_NGO", "--account", "caseworker"])
            }
        }
        for party in Party.allCases {
            let country = party.id.prefix(2)
            let answer = try kheya("member", "request", "--home", path(party.rawValue), "--json")
            guard
                let number = try (JSONSerialization.jsonObject(with: answer) as? [String: Any])?["safety_number"]
                    as? String
            else {
                throw BenchmarkError("kheya member request did not tell the safety number")
            }
            var arguments = [
                "authority", "admit", path("\(party.rawValue).request"), "--home", path("\(country)-authority"),
            ]
            arguments += ["--safety-number", number]
            if !party.isBroker { arguments += ["--broker", "\(country):broker"] }
            try kheya(arguments)
        }
        for country in ["in", "bd"] {
            try kheya(
                "authority", "publish", "--home", path("\(country)-authority"), "--profile", profile.path, "--out",
                path("\(country).directory"))
        }
        for party in Party.allCases {
            let documents = party.isBroker ? [] : ["--documents", profile.deletingLastPathComponent().path]
            try kheya(
                ["member", "import", path("in.directory"), path("bd.directory"), "--home", path(party.rawValue)]
                    + documents
            )
        }
    }

    deinit { stop() }

    func path(_ name: String) -> String { directory.appending(path: name).path }

    @discardableResult
    func kheya(_ arguments: String...) throws -> Data { try kheya(arguments) }

    @discardableResult
    func kheya(_ arguments: [String]) throws -> Data { try Child.run(program, arguments, environment: environment) }

    // MARK: Processes

    @discardableResult
    func start(_ party: Party) throws -> Child {
        let child = try start(party, home: party.rawValue)
        children[party] = child
        return child
    }

    /// The same for a copy of a home; it ends with this network, too.
    func start(_ party: Party, home: String) throws -> Child {
        let child = try Child(
            name: home, program: program, arguments: [party.isBroker ? "broker" : "node", "run", "--home", path(home)],
            environment: environment, directory: directory, syncCounter: syncCounter)
        others.append(child)
        return child
    }

    /// Starts a command that is watched while it runs.
    func command(_ name: String, _ arguments: [String]) throws -> Child {
        let child = try Child(
            name: name, program: program, arguments: arguments, environment: environment, directory: directory,
            syncCounter: nil)
        others.append(child)
        return child
    }

    func child(_ party: Party) throws -> Child {
        guard let child = children[party], child.isRunning else {
            let log = (try? String(contentsOfFile: path("\(party.rawValue).log"), encoding: .utf8)) ?? ""
            throw BenchmarkError("\(party.rawValue) does not run; its last words: \(log.suffix(600))")
        }
        return child
    }

    func stop(_ party: Party) {
        children[party]?.stop()
        children[party] = nil
    }

    func stop() {
        for child in others { child.stop() }
        children = [:]
        others = []
    }

    /// Waits until a broker takes connections.
    func awaitPort(_ party: Party, seconds: Double = 30) async throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !Self.isListening(ports[party] ?? 0) {
            _ = try child(party)
            guard Date() < deadline else { throw BenchmarkError("\(party.rawValue) did not open its port") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    static func awaitPort(_ port: Int, seconds: Double = 30) async throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !isListening(port) {
            guard Date() < deadline else { throw BenchmarkError("nobody opened port \(port)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Homes

    func unlock() throws -> Unlock { .keyFile(Array(try Data(contentsOf: directory.appending(path: "practice.key")))) }

    func home(_ party: Party) throws -> MemberHome { try MemberHome.open(at: path(party.rawValue), unlock: unlock()) }

    /// The store of a broker's home that no process has open.
    func store(at path: String) throws -> SQLiteLetterQueue {
        let home = try MemberHome.open(at: path, unlock: unlock())
        let directories = try home.directories(now: Instant(seconds: Int64(Date().timeIntervalSince1970)))
        return try SQLiteLetterQueue(path: path + "/broker.sqlite", signer: home.brokerKeys(by: directories).log)
    }

    // MARK: Sockets

    /// A port that can be bound now; below those that the system gives to connections that go out.
    static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if attempt(port, bind) { return port }
        }
        throw BenchmarkError("no free port")
    }

    static func isListening(_ port: Int) -> Bool { attempt(port, connect) }

    /// Whether `call` succeeds with a fresh socket and this port of the loopback address.
    private static func attempt(_ port: Int, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}
