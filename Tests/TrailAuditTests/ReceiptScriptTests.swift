// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Sealing
import TestSupport
import Testing
import TransparencyLog

/// `Protocols/verify_letter.sh`: one receipt and its slip, with stock commands only.
@Suite struct ReceiptScriptTests {
    private struct Files {
        var receipt: [UInt8]
        var slip: [UInt8]
    }

    private func files(_ name: String) throws -> Files {
        let slip = try AttackTests.letter(name)
        let index = try AttackTests.index(AttackTests.inLog, "accepted", slip.id)
        let log = try #require(AttackTests.honestTrail.logs[PracticeTrail.inBroker])
        let head = try #require(log.newest?.head)
        let proof = try MerkleTree.inclusionProof(of: Int64(index), in: head.size) { try log.tree.node($0) }
        let receipt = LogReceipt(
            event: log.events[index], proof: proof, note: try SignedNote(try #require(log.notes[head.size])))
        return Files(receipt: receipt.bytes, slip: slip.file)
    }

    private func run(
        _ files: Files, _ bundle: PracticeBundle = AttackTests.honest, token: [UInt8]? = nil
    ) throws -> (status: Int32, output: String) {
        let disk = try bundle.write()
        let receipt = disk.folder.appending(path: "receipt")
        let slip = disk.folder.appending(path: "slip")
        try Data(files.receipt).write(to: receipt)
        try Data(files.slip).write(to: slip)
        let stamp = disk.folder.appending(path: "stamp")
        if let token { try Data(token).write(to: stamp) }
        return try SmallVerifier.letter(
            receipt.path, slip: slip.path, trust: disk.trust, token: token == nil ? nil : stamp.path)
    }

    @Test func `a time stamp over the receipt's checkpoint is checked, and one over other bytes is named`() throws {
        let good = try files("offer")
        let authority = try PracticeTimeAuthority()
        var bundle = AttackTests.honest
        bundle.timeAuthority = try authority.chain()
        let note = try LogReceipt(good.receipt).note.bytes
        let token = try authority.answer(TimeStamp.Query(digest: SHA256.hash(note)).bytes)
        let result = try run(good, bundle, token: token)
        #expect(result.status == 0 && !result.output.contains("stamped=-"), "\(result.output)")
        let other = try authority.answer(TimeStamp.Query(digest: SHA256.hash([1])).bytes)
        #expect(try run(good, bundle, token: other).output.hasPrefix("FAIL TOKEN"))
        #expect(try run(good, token: token).output.hasPrefix("FAIL TOKEN"), "no authority to believe")
    }

    @Test func `an honest receipt passes`() throws {
        let result = try run(files("offer"))
        #expect(result.status == 0 && result.output.hasPrefix("PASS accepted"), "\(result.output)")
    }

    @Test func `another slip, another tree, another signature and another witness are named`() throws {
        let good = try files("offer")
        var other = good
        other.slip = try AttackTests.letter("dossier").file
        #expect(try run(other).output.hasPrefix("FAIL SLIP"))
        other = good
        other.slip[other.slip.count - 4] ^= 1
        #expect(try run(other).output.hasPrefix("FAIL SLIP"))
        let lines = String(decoding: good.receipt, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        func edited(_ place: Int, _ edit: (Substring) -> String) throws -> (status: Int32, output: String) {
            var copy = lines.map(String.init)
            copy[place] = edit(lines[place])
            return try run(Files(receipt: Array(copy.joined(separator: "\n").utf8), slip: good.slip))
        }
        func flipped(_ line: Substring, at place: Int) -> String {
            var bytes = Array(line.utf8)
            bytes[place] = bytes[place] == 0x41 ? 0x42 : 0x41
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(try edited(1) { flipped($0, at: 40) }.output.hasPrefix("FAIL ROOT"))
        #expect(try edited(3) { flipped($0, at: 5) }.output.hasPrefix("FAIL ROOT"))
        let log = try #require(lines.lastIndex { $0.contains(" in.kheya.example/2026 ") })
        #expect(try edited(log) { flipped($0, at: $0.utf8.count - 9) }.output.hasPrefix("FAIL LOG-SIGNATURE"))
        let witness = try #require(lines.lastIndex { $0.contains("/witness ") })
        #expect(try edited(witness) { _ in "" }.output.hasPrefix("FAIL QUORUM"))
        var policies = AttackTests.honest
        policies.policies[AttackTests.inLog] = nil
        #expect(try run(good, policies).output.hasPrefix("FAIL TRUST"))
    }
}
