// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct ModuleBoundaryTests {
    /// What a module may import beside the standard library. A new entry is a decision: say why.
    static let allowed: [String: Set<String>] = [
        "Procedure": [],  // judges on every machine alike: nothing to differ by, not even Foundation
        "Letters": ["Procedure"],  // values and codecs: no I/O, no clock
        "Cryptography": ["COpenSSL", "COpenSSLShims"],  // the only one that knows OpenSSL
        // Foundation: attachments are read from files
        "Sealing": ["Procedure", "Letters", "Cryptography", "Foundation"],
        "Membership": [  // key files: modes, rename, sync; the keys of logs that a directory lists
            "Procedure", "Letters", "Cryptography", "Sealing", "TransparencyLog", "Foundation", "Glibc",
        ],
        // digests and Ed25519; no I/O, no clock, no sealing
        "TransparencyLog": ["Procedure", "Letters", "Cryptography"],
        // reads files and nothing else: no network, no store, no clock; Dispatch for two cores
        "TrailAudit": [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "Foundation",
            "Dispatch",
            "Synchronization",
        ],
        "MessageStore": ["Procedure", "Letters", "TransparencyLog"],  // the contract
        "SQLiteStore": [  // the texts of events are encrypted
            "Procedure", "Letters", "Cryptography", "TransparencyLog", "MessageStore", "GRDB", "Foundation",
            "Synchronization",
        ],
        "CaseFile": [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "MessageStore", "SQLiteStore", "GRDB",
            "Foundation",
            "Synchronization",
        ],
    ]

    static var sources: URL { Vector.protocols.deletingLastPathComponent().appending(path: "Sources") }

    @Test(arguments: allowed.keys.sorted())
    func `a core module imports what its boundary allows and nothing else`(module: String) throws {
        let files = try #require(FileManager.default.enumerator(atPath: Self.sources.appending(path: module).path))
            .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOf: Self.sources.appending(path: "\(module)/\(file)"), encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count,
                    !line.hasPrefix(" ")
                else { continue }
                let imported = String(words[index + 1])
                #expect(
                    imported == "Swift" || Self.allowed[module]?.contains(imported) == true,
                    "\(module)/\(file) imports \(imported)")
            }
        }
    }

    @Test func `only Cryptography knows OpenSSL`() throws {
        let files = try #require(FileManager.default.enumerator(atPath: Self.sources.path)).compactMap { $0 as? String }
        for file in files where file.hasSuffix(".swift") && !file.hasPrefix("Cryptography/") {
            let text = try String(contentsOf: Self.sources.appending(path: file), encoding: .utf8)
            #expect(!text.contains("import COpenSSL"), "\(file)")
        }
    }

    @Test func `every source file begins with copyright and licence`() throws {
        let files = try #require(FileManager.default.enumerator(atPath: Self.sources.path)).compactMap { $0 as? String }
        for file in files where file.hasSuffix(".swift") {
            let text = try String(contentsOf: Self.sources.appending(path: file), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(2)
            #expect(
                lines == ["// Copyright 2026 The Kheya authors.", "// SPDX-License-Identifier: Apache-2.0"], "\(file)")
        }
    }
}
