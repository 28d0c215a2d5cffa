// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

/// Two authorities, two brokers and two nodes in a directory of their own, made by the commands that an operator types, and the
/// processes that run them. Ends what it started when it goes.
final class World: Sendable {
    static let shelter = "in:asha-shelter", ngo = "bd:nadipar"

    let directory: URL
    let key: String
    private let processes = Mutex<[String: Process]>([:])

    /// - Parameter lease: seconds of a broker's first lease: short where nodes die often.
    init(lease: Int? = nil) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-world-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        key = directory.appendingPathComponent("practice.key").path
        let roots = ["--root", path("in-authority/keys/root.crt"), "--root", path("bd-authority/keys/root.crt")]
        for country in ["in", "bd"] {
            try must("authority", "create", "\(country):authority", "--home", path("\(country)-authority"))
        }
        for country in ["in", "bd"] {
            try must(
                [
                    "broker", "create", "\(country):broker", "--home", path("\(country)-broker"), "--name",
                    "Practice broker",
                    "--host", "broker.\(country).kheya.example", "--address", "127.0.0.1", "--port",
                    String(try Self.freePort()),
                    "--request", path("\(country)-broker.request"),
                ] + roots)
            try admit("\(country)-broker", country, [])
            if let lease { try setOption("lease_seconds", lease, of: "\(country)-broker") }
        }
        try must(
            [
                "node", "create", Self.shelter, "--home", path("shelter"), "--name", "Practice shelter", "--role",
                "IN_SHELTER",
                "--account", "worker", "--request", path("shelter.request"),
            ] + roots)
        try must(
            [
                "node", "create", Self.ngo, "--home", path("ngo"), "--name", "Practice NGO", "--role", "BD_NGO",
                "--account", "worker", "--request", path("ngo.request"),
            ] + roots)
        try admit("shelter", "in", ["--broker", "in:broker"])
        try admit("ngo", "bd", ["--broker", "bd:broker"])
        for country in ["in", "bd"] {
            try must(
                "authority", "publish", "--home", path("\(country)-authority"), "--profile", Program.profile, "--out",
                path("\(country).directory"))
        }
        for home in ["in-broker", "bd-broker", "shelter", "ngo"] {
            try must("member", "import", path("in.directory"), path("bd.directory"), "--home", path(home))
        }
        for home in ["shelter", "ngo"] {
            try must("member", "import", "--documents", Program.profileFolder, "--home", path(home))
        }
    }

    deinit {
        for name in processes.withLock({ Array($0.keys) }) { kill(name) }
        // KHEYA_KEEP_WORLD: homes, stores and logs stay, to look at.
        if ProcessInfo.processInfo.environment["KHEYA_KEEP_WORLD"] == nil {
            try? FileManager.default.removeItem(at: directory)
        }
    }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    // MARK: Commands

    var environment: [String: String] { ["KHEYA_KEY_FILE": key, "TMPDIR": directory.path] }

    func run(_ arguments: [String]) throws -> Program.Result { try Program.run(arguments, environment: environment) }

    /// A command that has to succeed.
    @discardableResult
    func must(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> Program.Result {
        let result = try run(arguments)
        try #require(
            result.status == 0, "kheya \(arguments.joined(separator: " ")): \(result.errors)",
            sourceLocation: sourceLocation)
        return result
    }

    @discardableResult
    func must(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> Program.Result {
        try must(arguments, sourceLocation: sourceLocation)
    }

    /// The JSON that a command on a home prints.
    func json(_ home: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws
        -> [String: Any]
    {
        try must(arguments + ["--home", path(home), "--json"], sourceLocation: sourceLocation).json()
    }

    private func admit(_ home: String, _ country: String, _ more: [String]) throws {
        let number = try #require(try json(home, "member", "request")["safety_number"] as? String)
        try must(
            [
                "authority", "admit", path("\(home).request"), "--home", path("\(country)-authority"),
                "--safety-number", number,
            ] + more)
    }

    private func setOption(_ name: String, _ value: Int, of home: String) throws {
        let file = URL(fileURLWithPath: path("\(home)/kheya.json"))
        var settings = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        settings["options"] = [name: value]
        try JSONSerialization.data(
            withJSONObject: settings, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        ).write(to: file)
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: Processes

    func start(_ name: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = [name.hasSuffix("broker") ? "broker" : "node", "run", "--home", path(name)]
        process.environment = Program.environment(environment)
        let log = path("\(name).log")
        if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(fileURLWithPath: log)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        processes.withLock { [process] in $0[name] = process }
    }

    func startAll() throws { for name in ["in-broker", "bd-broker", "shelter", "ngo"] { try start(name) } }

    /// SIGKILL: the process gets no word in it.
    func kill(_ name: String) { stop(name, with: SIGKILL) }

    func stop(_ name: String, with signal: Int32 = SIGTERM) {
        guard let process = processes.withLock({ $0.removeValue(forKey: name) }) else { return }
        Foundation.kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    func isRunning(_ name: String) -> Bool { processes.withLock { $0[name]?.isRunning ?? false } }

    /// Asks until `condition` holds.
    func wait(
        _ seconds: Double = 30, for what: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () throws -> Bool
    ) throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if try condition() { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("\(what) did not happen in \(seconds) s", sourceLocation: sourceLocation)
        throw CancellationError()
    }
}
