// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `kheya timestamp` against a real authority process.
@Suite struct TimeStampScenario {
    @Test func `a file is stamped over HTTP, checked here and by the stock command, and no other file passes`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kheya-stamp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let office = folder.appending(path: "office")
        let process = Process()
        process.executableURL = Program.root.appending(path: "Tests/Demo/time-authority")
        process.arguments = [office.path]
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let port = office.appending(path: "port")
        for _ in 0..<200 where !FileManager.default.fileExists(atPath: port.path) {
            try await Task.sleep(for: .milliseconds(50))
        }
        let url = "http://127.0.0.1:\(try String(contentsOf: port, encoding: .utf8))/"
        let note = folder.appending(path: "note").path
        let stamp = folder.appending(path: "note.tsr").path
        let chain = office.appending(path: "chain.pem").path
        try Data("practice.example/2026\n1\n".utf8).write(to: URL(filePath: note))

        let asked = try Program.run(
            ["timestamp", "request", note, "--authority", url, "--chain", chain, "--out", stamp, "--json"])
        #expect(asked.status == 0, "\(asked.errors)")
        let time = try #require(try asked.json()["time"] as? Int64)
        #expect(abs(Double(time) - Date().timeIntervalSince1970) < 60)
        let checked = try Program.run(["timestamp", "verify", note, stamp, "--chain", chain, "--json"])
        #expect(checked.status == 0)
        #expect(try checked.json()["time"] as? Int64 == time)
        #expect(
            try Program.run(
                ["ts", "-verify", "-data", note, "-in", stamp, "-CAfile", chain], program: "/usr/bin/openssl"
            )
            .status == 0)

        // Nothing is overwritten, another file is another file, and an authority that is away says so.
        #expect(
            try Program.run(["timestamp", "request", note, "--authority", url, "--chain", chain, "--out", stamp]).status
                == 73)
        try Data("practice.example/2026\n2\n".utf8).write(to: URL(filePath: note))
        #expect(try Program.run(["timestamp", "verify", note, stamp, "--chain", chain]).status == 2)
        let away = "http://127.0.0.1:1/"
        #expect(
            try Program.run(["timestamp", "request", note, "--authority", away, "--chain", chain, "--out", stamp + "2"])
                .status == 69)
        #expect(
            try Program.run(
                [
                    "timestamp", "request", note, "--authority", "file:///etc/passwd", "--chain", chain, "--out",
                    stamp + "2",
                ]
            ).status == 64)
    }
}
