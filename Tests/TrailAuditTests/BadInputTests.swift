// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// Bundles that no exporter writes: named, and nothing of them is left.
@Suite struct BadInputTests {
    /// The smallest honest bundle.
    static let honest: PracticeBundle = {
        do {
            var trail = try PracticeTrail()
            try trail.tell("withdrawn-accepted", as: "withdrawn", first: 1)
            return try PracticeBundle(trail)
        } catch { fatalError("\(error)") }
    }()

    private func verify(_ archive: [UInt8]) throws -> TrailReport {
        let disk = try Self.honest.write()
        try Data(archive).write(to: URL(filePath: disk.bundle))
        return TrailVerifier(trust: try TrailTrust(folder: disk.trust), asOf: Self.honest.asOf).verify(
            path: disk.bundle)
    }

    @Test func `a bundle that is cut anywhere is malformed and nothing else`() throws {
        let archive = Self.honest.archive
        for length in stride(from: 0, to: archive.count, by: 1_237) {
            let report = try verify(Array(archive.prefix(length)))
            #expect(report.places == ["MALFORMED - -"], "\(length): \(report.text)")
        }
        #expect(try verify(archive).verdict == .pass)
    }

    @Test(arguments: [
        "../../escape", "/etc/passwd", "slips/..", "logs/in.kheya.example_2026/leaves/x000/001.entries", "a",
    ])
    func `a name that no bundle has is malformed and its file is not taken`(name: String) throws {
        var bundle = Self.honest
        bundle.extra[name] = [1]
        let report = try bundle.verify()
        #expect(report.places == ["MALFORMED - -"], "\(report.text)")
    }

    @Test func `a link, a device, a directory and another mode have no spelling that passes`() throws {
        var archive = Self.honest.archive
        for type in UInt8(ascii: "1")...UInt8(ascii: "7") {
            archive[156] = type
            #expect(try verify(archive).places == ["MALFORMED - -"])
        }
        archive[156] = UInt8(ascii: "0")
        archive[103] = UInt8(ascii: "7")
        #expect(try verify(archive).places == ["MALFORMED - -"])
    }

    @Test func `a file that is larger than its kind may be is skipped, not held`() throws {
        var bundle = Self.honest
        bundle.extra["logs/in.kheya.example_2026/checkpoints/7"] = [UInt8](repeating: 0x41, count: 65_537)
        #expect(try bundle.verify().places.contains("MALFORMED - -"))
    }

    @Test func `a header that promises gigabytes is cut short, not believed`() throws {
        let header = LetterArchive.header(path: Array("bundle.json".utf8), count: 8_589_934_591)
        #expect(try verify(header).places == ["MALFORMED - -"])
    }

    @Test func `a proof in a tree of 70 million million leaves takes no memory for the others`() throws {
        var bundle = Self.honest
        let log = AttackTests.honestTrail.logs[PracticeTrail.inBroker]!
        let size: Int64 = 1 << 46
        let index: Int64 = 1 << 45
        let event = LogEvent(
            salt: .sha256([]), origin: log.origin, at: bundle.asOf, place: nil, content: .restarted(.clock)
        ).bytes
        var hash = MerkleHash.leaf(Digest.sha256(event))
        var proof: [String] = []
        for level in 0..<46 {
            let sibling = Digest.sha256([UInt8(level)])
            proof.append(Data(sibling.bytes).base64EncodedString())
            hash = index >> level & 1 == 1 ? MerkleHash.node(sibling, hash) : MerkleHash.node(hash, sibling)
        }
        let note = try log.signer.sign(.init(origin: log.origin, head: TreeHead(size: size, root: hash))).bytes
        let receipt =
            "c2sp.org/tlog-proof@v1\nextra \(Data(event).base64EncodedString())\nindex \(index)\n"
            + proof.joined(separator: "\n") + "\n\n"
        bundle.logs[log.origin] = nil
        bundle.extra["logs/\(TrailName.folder(log.origin))/checkpoints/\(size).logged"] = note
        bundle.extra["logs/\(TrailName.folder(log.origin))/proofs/\(index).tlog-proof"] = Array(receipt.utf8) + note
        let report = try bundle.verify()
        #expect(report.verdict == .fail && report.places.contains("ROOT \(log.origin) \(size)"), "\(report.text)")
        #expect(!report.places.contains { $0.hasPrefix("MALFORMED") }, "\(report.text)")
        #expect(try bundle.verifyInPython().status == 2)
    }

    @Test func `files that were damaged on the way are found by their sums`() throws {
        var archive = Self.honest.archive
        let place = try #require(
            archive.firstRange(of: Array("heads".utf8)) ?? archive.firstRange(of: Array("practice-auditor".utf8)))
        archive[place.lowerBound] = UInt8(ascii: "x")
        #expect(try verify(archive).places == ["MALFORMED - -"])
    }

    @Test func `an unpacked bundle gives the same report, and a link in it is malformed`() throws {
        let disk = try Self.honest.write()
        let folder = disk.folder.appending(path: "unpacked")
        for (name, bytes) in Self.honest.files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        let verifier = TrailVerifier(trust: try TrailTrust(folder: disk.trust), asOf: Self.honest.asOf)
        #expect(verifier.verify(path: folder.path).text == verifier.verify(path: disk.bundle).text)
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "conflicts"), withDestinationURL: URL(filePath: "/etc"))
        #expect(verifier.verify(path: folder.path).places == ["MALFORMED - -"])
    }
}
