// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import TestSupport
import TrailAudit

/// The verifiers that share no code with this program.
enum SmallVerifiers {
    /// Codes that only `kheya` finds. Protocols/Trail.md §6.
    static let onlyOurs: Set<TrailFinding.Code> = [.heads, .procedure, .refusal, .disclosed, .halfErased]

    /// Runs `Protocols/verify_trail.py`.
    ///
    /// - Returns: its exit status and the places of its findings that are no notes, as ``TrailReport/places``.
    static func python(_ bundle: PracticeBundle) throws -> (status: Int32, places: Set<String>, output: String) {
        let disk = try bundle.write()
        let (status, output) = try run(
            "python3",
            [
                Vector.protocols.appending(path: "verify_trail.py").path, disk.bundle, disk.trust,
                String(bundle.asOf.seconds),
            ])
        let places = output.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("NOTE") }.map {
            $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ")
        }
        return (status, Set(places), output)
    }

    static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
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
