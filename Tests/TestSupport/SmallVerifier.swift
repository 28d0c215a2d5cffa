// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The verifiers that share no code with this program: `Protocols/verify_trail.py` and `verify_letter.sh`.
public enum SmallVerifier {
    /// Runs `verify_trail.py`.
    ///
    /// - Returns: its exit status, and of its findings that are no notes code, log and leaf.
    public static func trail(
        _ bundle: String, trust: String, asOf: Int64, expect: String = "all"
    ) throws -> (status: Int32, places: Set<String>, output: String) {
        let (status, output) = try run("python3", "verify_trail.py", [bundle, trust, String(asOf), expect])
        let places = output.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("NOTE") }.map {
            $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ")
        }
        return (status, Set(places), output)
    }

    /// Runs `verify_letter.sh`.
    public static func letter(
        _ receipt: String, slip: String, trust: String, token: String? = nil
    ) throws -> (status: Int32, output: String) {
        try run("sh", "verify_letter.sh", [receipt, slip, trust] + [token].compactMap(\.self))
    }

    private static func run(_ interpreter: String, _ name: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [interpreter, Vector.protocols.appending(path: name).path] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
