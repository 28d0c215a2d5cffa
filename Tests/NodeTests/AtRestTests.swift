// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Node
import Procedure
import Testing

@Suite struct AtRestTests {
    /// Names and words that occur in the example's forms and nowhere else.
    private static let markers = [
        "Jhinuk Nodibala", "ঝিনুক নদীবালা", "lemon tree", "old banyan at the ferry ghat", "no acute complaint; sleeps badly",
    ]

    /// The spellings in which a careless writer would leave a text.
    private static func spellings(_ marker: String) -> [Data] {
        let utf8 = Data(marker.utf8)
        let wide = Data(marker.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
        let hex = Data(utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined().utf8)
        // Of the three places where base64 may begin, the middle of the text is the same in one of them.
        let base64 = (0..<3).map {
            Data((Data(repeating: 0x20, count: $0) + utf8).base64EncodedString().dropFirst(4).dropLast(4).utf8)
        }
        return [utf8, wide, hex] + base64
    }

    private static func findings(in directory: URL) throws -> [String] {
        var found: [String] = []
        let files = try #require(FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil))
        for case let file as URL in files {
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            for marker in markers where file.lastPathComponent.contains(marker) {
                found.append("name of \(file.lastPathComponent)")
            }
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            let bytes = try Data(contentsOf: file)
            for marker in markers where spellings(marker).contains(where: { bytes.range(of: $0) != nil }) {
                found.append("\(file.lastPathComponent): \(marker)")
            }
        }
        return found
    }

    @Test func `nothing that a form holds is found in any byte of a node's or broker's files`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "13")
        let caseID = try #require(example.caseID)
        // The control: the words are there for those who hold the key, and a search finds them where they lie open.
        let desk = try nodes.desk(PracticeNodes.ngo)
        let dossier = try #require(try desk.history(of: caseID).first { $0.forms.values.contains("dossier") })
        let commitment = try #require(dossier.forms.first { $0.value == "dossier" }?.key)
        let form = try desk.form(commitment, in: caseID)
        #expect(String(decoding: form, as: UTF8.self).contains("Jhinuk Nodibala"))
        let plain = nodes.directory.appendingPathComponent("open")
        try FileManager.default.createDirectory(at: plain, withIntermediateDirectories: true)
        try Data(form).write(to: plain.appendingPathComponent("form"))
        #expect(try !Self.findings(in: plain).isEmpty)
        try FileManager.default.removeItem(at: plain)
        try FileManager.default.removeItem(at: example.papers)
        #expect(try Self.findings(in: nodes.directory) == [])
    }

    @Test func `files of a home are for its owner only`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let files = try #require(
            FileManager.default.enumerator(at: nodes.home(PracticeNodes.ngo), includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files {
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            let mode = try #require(attributes[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "\(file.lastPathComponent) \(String(mode, radix: 8))")
            count += 1
        }
        #expect(count > 5)
    }

    @Test func `another master opens no case key, and another case's key no record`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        let result = try example.send("01")
        let letter = result.letters[0]
        nodes.restart(PracticeNodes.shelter)
        let stranger = try CaseStore(
            directory: nodes.home(PracticeNodes.shelter), wrapping: Array(repeating: 8, count: 32))
        #expect(throws: CaseFileError(.damaged, "")) {
            try stranger.read { try $0.record(.steps, id: letter, in: result.caseID) }
        }
        let other = try nodes.desk(PracticeNodes.shelter).openCase(example.act("01"), at: nodes.clock.now).caseID
        let store = try nodes.store(PracticeNodes.shelter)
        #expect(try store.read { try $0.record(.steps, id: letter, in: result.caseID) } != nil)
        #expect(try store.read { try $0.record(.steps, id: letter, in: other) } == nil)
        // A row that somebody moves to the other case does not open there.
        let move = Process()
        move.executableURL = URL(filePath: "/usr/bin/env")
        move.arguments = [
            "sqlite3", nodes.home(PracticeNodes.shelter).appendingPathComponent("node.sqlite").path,
            "UPDATE record SET pseudonym = '\(other.text)' WHERE id = x'\(letter.hex)'",
        ]
        try move.run()
        move.waitUntilExit()
        try #require(move.terminationStatus == 0)
        #expect(throws: CaseFileError(.damaged, "")) { try store.read { try $0.record(.steps, id: letter, in: other) } }
    }

    @Test func `destroying a case's key erases what it held`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        let result = try example.send("01")
        let store = try nodes.store(PracticeNodes.shelter)
        try store.keys.destroyKey(of: result.caseID)
        #expect(throws: CaseFileError(.unknownCase, "")) {
            try store.read { try $0.record(.steps, id: result.letters[0], in: result.caseID) }
        }
    }

    @Test func `an attachment that was cut short or swapped does not open`() throws {
        let nodes = try PracticeNodes()
        let store = try nodes.store(PracticeNodes.shelter)
        let caseID = try #require(CaseID(random: Array(repeating: 3, count: 16)))
        let profile = nodes.profile.digest
        try store.write { transaction in
            try transaction.addCase(
                CaseRecord(caseID: caseID, root: profile, profile: profile, created: nodes.clock.now, openedHere: true))
            let writer = try transaction.attachmentWriter(named: profile, in: caseID)
            for piece in 0..<3 { try writer.write(Array(repeating: UInt8(piece), count: 1_000)) }
            try writer.finish()
            try transaction.addAttachment(profile, file: profile, bytes: writer.byteCount, letter: profile, in: caseID)
        }
        func read() throws -> Int {
            var (_, reader) = try #require(try store.read { try $0.attachment(profile, in: caseID) })
            var count = 0
            while let piece = try reader.next() { count += piece.count }
            return count
        }
        #expect(try read() == 3_000)
        let file = nodes.home(PracticeNodes.shelter).appendingPathComponent("attachments/\(profile.hex)")
        let whole = try Data(contentsOf: file)
        try whole.prefix(2 * 1_032).write(to: file)
        #expect(throws: CaseFileError(.damaged, "")) { try read() }
        try (whole.dropFirst(1_032).prefix(1_032) + whole.prefix(1_032) + whole.suffix(1_032)).write(to: file)
        #expect(throws: CaseFileError(.damaged, "")) { try read() }
    }
}
