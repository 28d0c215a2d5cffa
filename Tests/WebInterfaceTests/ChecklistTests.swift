// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Protocols/Web-ASVS.md against the tests that it names.
@Suite struct ChecklistTests {
    @Test func `every test that the checklist names exists`() throws {
        let page = try String(contentsOf: Vector.protocols.appendingPathComponent("Web-ASVS.md"), encoding: .utf8)
        let lines = page.split(separator: "\n").filter {
            $0.hasPrefix("| ") && !$0.hasPrefix("| |") && !$0.hasPrefix("| ---")
        }
        #expect(lines.count > 40)
        let folder = Vector.protocols.deletingLastPathComponent().appendingPathComponent("Tests")
        let files = ["WebInterfaceTests", "Browser"].flatMap { name in
            (try? FileManager.default.contentsOfDirectory(
                at: folder.appendingPathComponent(name), includingPropertiesForKeys: nil)) ?? []
        }
        let code = try files.filter { ["swift", "py"].contains($0.pathExtension) }.map {
            try String(contentsOf: $0, encoding: .utf8)
        }.joined()
        for line in lines {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            try #require(cells.count == 6, "\(line)")
            let names = cells[4].matches(of: /`([^`]+)`/).map { String($0.1) }
            // A line without a test says why.
            #expect(!names.isEmpty || cells[3].contains("*open*") || cells[4].hasPrefix("none: "), "\(line)")
            for name in names {
                #expect(code.contains("func `\(name)`(") || code.contains("def \(name)("), "\(name)")
            }
        }
    }
}
