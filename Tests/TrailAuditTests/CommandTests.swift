// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import TestSupport
import Testing
import TrailAudit

/// `kheya audit verify`, the program itself.
@Suite struct CommandTests {
    private func run(_ bundle: PracticeBundle, _ more: [String] = []) throws -> (status: Int32, output: String) {
        let disk = try bundle.write()
        var result = try run(
            ["audit", "verify", disk.bundle, "--trust", disk.trust, "--as-of", String(bundle.asOf.seconds)]
                + more.map { $0 == "PAGE" ? disk.folder.appending(path: "page.html").path : $0 })
        if let page = try? String(contentsOf: disk.folder.appending(path: "page.html"), encoding: .utf8) {
            result.output += page
        }
        return result
    }

    private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "kheya")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    @Test func `exits with 0, 2, 3 or 65, and its first line says why`() throws {
        var bundle = AttackTests.honest
        let good = try run(bundle)
        #expect(good.status == 0 && good.output.hasPrefix("kheya-audit/v1 PASS as-of=\(bundle.asOf.seconds) newest="))
        bundle.asOf = bundle.asOf + 4 * 86_400
        #expect(try run(bundle).status == 3)
        bundle.policies = [:]
        let unchecked = try run(bundle)
        #expect(unchecked.status == 65 && unchecked.output.contains(" UNCHECKED "))
        bundle = AttackTests.honest
        bundle.slips[bundle.slips.keys.first!] = [:]
        let bad = try run(bundle, ["--json"])
        #expect(bad.status == 2)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [String: Any])
        #expect(json["schema"] as? String == "kheya.audit.verify" && json["verdict"] as? String == "FAIL")
    }

    @Test func `watch makes its state from a bundle of everything, and goes on from it`() throws {
        let bundles = WatchTests.moments
        let disk = try bundles[0].write()
        let state = disk.folder.appending(path: "audit.state").path
        func watch(_ bundle: PracticeBundle) throws -> (status: Int32, output: String) {
            try Data(bundle.archive).write(to: URL(filePath: disk.bundle))
            return try run([
                "audit", "watch", disk.bundle, "--trust", disk.trust, "--state", state, "--as-of",
                String(bundle.asOf.seconds),
            ])
        }
        let first = try watch(bundles[0])
        #expect(first.status == 0 && first.output.contains("next: kheya audit export --since "), "\(first.output)")
        let kept = try Data(contentsOf: URL(filePath: state))
        var next = bundles[1]
        next.since = bundles[0].manifest.logs.mapValues(\.to)
        // What is false is not remembered.
        var bad = next
        bad.slips = [:]
        #expect(try watch(bad).status == 2)
        #expect(try Data(contentsOf: URL(filePath: state)) == kept)
        #expect(try watch(next).status == 0)
        #expect(try Data(contentsOf: URL(filePath: state)) != kept)
        // The same increment again does not begin where the audit ended now.
        #expect(try watch(next).status == 65)
    }

    @Test func `the page tells each case by its pseudonym, with what each step came after`() throws {
        let result = try run(AttackTests.honest, ["--report", "PAGE"])
        let caseID = try #require(AttackTests.honest.slips.keys.first)
        #expect(result.output.contains("<h2>Case <code>\(caseID)</code></h2>"))
        #expect(result.output.contains("REFERRAL_ACCEPTED") && result.output.contains("SHARE_CONSENT_PREVIEW"))
        #expect(result.output.contains("refused: G_SHARE_FULL"))
        #expect(!result.output.contains("<script") && !result.output.contains("http"))
    }
}
