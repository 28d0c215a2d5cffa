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
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "kheya")
        process.arguments =
            ["audit", "verify", disk.bundle, "--trust", disk.trust, "--as-of", String(bundle.asOf.seconds)]
            + more.map { $0 == "PAGE" ? disk.folder.appending(path: "page.html").path : $0 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        if let page = try? String(contentsOf: disk.folder.appending(path: "page.html"), encoding: .utf8) {
            output += page
        }
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

    @Test func `the page tells each case by its pseudonym, with what each step came after`() throws {
        let result = try run(AttackTests.honest, ["--report", "PAGE"])
        let caseID = try #require(AttackTests.honest.slips.keys.first)
        #expect(result.output.contains("<h2>Case <code>\(caseID)</code></h2>"))
        #expect(result.output.contains("REFERRAL_ACCEPTED") && result.output.contains("SHARE_CONSENT_PREVIEW"))
        #expect(result.output.contains("refused: G_SHARE_FULL"))
        #expect(!result.output.contains("<script") && !result.output.contains("http"))
    }
}
