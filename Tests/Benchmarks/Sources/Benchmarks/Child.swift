// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A process that this run started: what it takes of the machine, and its end.
final class Child {
    let name: String
    let log: URL
    private let process = Process()
    private let syncFile: URL?

    /// - Parameters:
    ///   - syncCounter: the library that counts syncs, preloaded into the process; `nil` counts none.
    init(
        name: String, program: URL, arguments: [String], environment: [String: String], directory: URL,
        syncCounter: URL?
    ) throws {
        self.name = name
        log = directory.appending(path: "\(name).log")
        var environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        environment["SWIFT_BACKTRACE"] = "enable=no"
        if let syncCounter {
            let file = directory.appending(path: "\(name).syncs")
            try Data(count: 8).write(to: file)
            environment["LD_PRELOAD"] = syncCounter.path
            environment["KHEYA_SYNC_COUNT"] = file.path
            syncFile = file
        } else {
            syncFile = nil
        }
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        Self.running.add(process.processIdentifier)
    }

    deinit { stop() }

    private static let running = Running()

    /// Ends all children when this process is told to end, and removes `place`: a run that was broken off leaves nothing.
    static func endWithUs(removing place: URL?) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)  // the source below takes it in place of the default
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                for id in running.all { kill(id, SIGKILL) }
                if let place { try? FileManager.default.removeItem(at: place) }
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// Processes that have not been waited for, so that their ids are still theirs.
    private final class Running: @unchecked Sendable {
        // @unchecked: the lock guards the set.
        private let lock = NSLock()
        private var ids: Set<pid_t> = []

        func add(_ id: pid_t) { lock.withLock { _ = ids.insert(id) } }
        func remove(_ id: pid_t) { lock.withLock { _ = ids.remove(id) } }
        var all: Set<pid_t> { lock.withLock { ids } }
    }

    var isRunning: Bool { process.isRunning }

    /// CPU seconds so far, all threads.
    func cpuSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        // The second field is a name in parentheses and may hold spaces; utime and stime are the 14th and 15th.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw BenchmarkError("\(name): /proc/stat is not as expected")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory now and at its peak, in MiB. File pages that the process only maps (its program, SQLite's shared index)
    /// count too.
    func memory() throws -> (now: Double, peak: Double) {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let words = text.replacing("\t", with: " ")
        func kilobytes(_ key: String) throws -> Double {
            guard let line = words.split(separator: "\n").first(where: { $0.hasPrefix(key + ":") }),
                let number = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            else { throw BenchmarkError("\(name): /proc/status has no \(key)") }
            return number / 1_024
        }
        return (try kilobytes("VmRSS"), try kilobytes("VmHWM"))
    }

    /// Starts the peak anew from what the process holds now.
    func forgetPeak() throws {
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/\(process.processIdentifier)/clear_refs"))
    }

    /// Of a process that has ended.
    var status: Int32 { process.isRunning ? -1 : process.terminationStatus }

    /// Syncs so far.
    func syncs() throws -> Int {
        guard let syncFile else { throw BenchmarkError("\(name): its syncs are not counted") }
        let bytes = try Data(contentsOf: syncFile)
        return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Ends the process, by force after ten seconds, and waits for it.
    func stop() {
        defer { Self.running.remove(process.processIdentifier) }
        guard process.isRunning else { return }
        process.terminate()
        let deadline = Date(timeIntervalSinceNow: 10)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote to standard output.
    /// - Throws: ``BenchmarkError`` with its last words when it did not exit with 0.
    @discardableResult
    static func run(_ program: URL, _ arguments: [String], environment: [String: String]) throws -> Data {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let words = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError(
                "kheya \(arguments.prefix(2).joined(separator: " ")) ended with \(process.terminationStatus): "
                    + String(decoding: words.suffix(400), as: UTF8.self))
        }
        return text
    }
}
