// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The real `kheya`, as it was built beside this test program.
struct Program: Sendable {
    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String

        /// The one JSON object that `--json` prints.
        func json() throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any],
                "no JSON object: \(output) \(errors)")
        }
    }

    static let path: String = {
        let tests = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("kheya").path
    }()

    /// Where the checkout lies: three levels up.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var profileFolder: String { root.appendingPathComponent("Protocols/Profiles/in-bd-repatriation").path }
    static var profile: String { profileFolder + "/profile.json" }

    /// Nothing of the machine's own settings reaches the program.
    static func environment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SWIFT_BACKTRACE": "enable=no"]
        environment["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
        return environment.merging(more) { $1 }
    }

    /// Runs a command to its end.
    ///
    /// - Parameter killAfter: SIGKILL after so long, if it is still there.
    static func run(
        _ arguments: [String], environment more: [String: String] = [:], input: String? = nil, program: String = path,
        killAfter: Duration? = nil
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment(more)
        let files = FileManager.default.temporaryDirectory
        let name = UUID().uuidString
        let output = files.appendingPathComponent("kheya-\(name).out"),
            errors = files.appendingPathComponent("kheya-\(name).err")
        for file in [output, errors] { try Data().write(to: file) }
        defer { for file in [output, errors] { try? FileManager.default.removeItem(at: file) } }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let pipe = Pipe()
        process.standardInput = pipe
        try process.run()
        if let input { try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
        try pipe.fileHandleForWriting.close()
        if let killAfter {
            Thread.sleep(forTimeInterval: killAfter / .seconds(1))
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        process.waitUntilExit()
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }
}
