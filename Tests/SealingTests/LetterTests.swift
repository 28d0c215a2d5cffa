// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

/// A letter between this implementation and the stock `openssl` command, both ways.
@Suite struct StockLetterTests {
    static let seal = "-binary -aes-256-gcm -aes256-wrap -recip r.pem -keyid -keyopt ecdh_kdf_md:sha256 -outform DER"

    private func files(_ pair: Pair, _ stock: StockCommand) throws {
        try stock.write(pair.authority.root.pem, "root.pem")
        try stock.write(pair.signer.certificate.pem, "s.pem")
        try stock.write(pair.reader.certificate.pem, "r.pem")
        for (name, key) in [("s.key", pair.signer.key), ("r.key", pair.reader.key)] {
            try stock.write(key.pkcs8(), name + ".der")
            #expect(try stock.run("pkey -inform DER -in \(name).der -out \(name)").status == 0)
        }
    }

    @Test func `a slip that we signed is verified by the openssl command, chain and purpose included`() throws {
        let (pair, stock) = (try Pair(), try StockCommand())
        try files(pair, stock)
        let slip = try SignedSlip.sign(pair.slip(), by: pair.signer)
        try stock.write(slip.file, "slip.p7s")
        for flags in ["", "-cades"] {
            let answer = try stock.run(
                "cms -verify \(flags) -binary -inform DER -in slip.p7s -CAfile root.pem -attime 1770000000 -out slip.json"
            )
            #expect(answer.status == 0, "\(answer.output)")
            #expect(try stock.read("slip.json") == slip.json)
        }
        #expect(Digest.sha256(try stock.read("slip.json")) == slip.id)
    }

    @Test func `a slip that the openssl command signed is accepted here`() throws {
        let (pair, stock) = (try Pair(), try StockCommand())
        try files(pair, stock)
        try stock.write(pair.slip().json(), "slip.json")
        let type = "2.25.2228330404481151382900030875683980796"
        let answer = try stock.run(
            "cms -sign -binary -nodetach -md sha256 -cades -nosmimecap -keyid -econtent_type \(type) "
                + "-signer s.pem -inkey s.key -outform DER -in slip.json -out slip.p7s"
        )
        #expect(answer.status == 0, "\(answer.output)")
        let read = try SignedSlip.read(stock.read("slip.p7s"), certificate: pair.directory)
        #expect(read.slip == pair.slip() && read.id == .sha256(pair.slip().json()))
    }

    @Test(arguments: [0, 1, 4_096, 1_048_576])
    func `a part that we sealed is opened by the openssl command`(count: Int) throws {
        let (pair, stock) = (try Pair(), try StockCommand())
        try files(pair, stock)
        let content = SecureRandom.bytes(count)
        let part = try SealedPart.seal(content, label: pair.label(), to: pair.reader.certificate)
        try stock.write(part.file, "part")
        let answer = try stock.run("cms -decrypt -binary -inform DER -in part -recip r.pem -inkey r.key -out plain")
        #expect(answer.status == 0, "\(answer.output)")
        let plain = try stock.read("plain")
        #expect(Digest.sha256(plain) == part.commitment && plain.count == Int(part.size))
        let header =
            #"{"case":"0a4f5c1d9b7e42d38c6a1f0e5d4b3c2a","from":"in:asha-shelter","kind":"form","length":\#(count),"to":"bd:setu"}"#
        #expect(plain.dropFirst(36).starts(with: Array(header.utf8) + content))
    }

    @Test(arguments: [0, 1, 100, 70_000])
    func `a part that the openssl command sealed is opened here`(count: Int) throws {
        let (pair, stock) = (try Pair(), try StockCommand())
        try files(pair, stock)
        let content = SecureRandom.bytes(count)
        let header = Array(
            #"{"case":"\#(pair.caseID)","from":"in:asha-shelter","kind":"form","length":\#(count),"to":"bd:setu"}"#.utf8
        )
        var plain = SecureRandom.bytes(32) + [0, 0, 0, UInt8(header.count)] + header + content
        plain += [UInt8](repeating: 0, count: Padme.size(plain.count) - plain.count)
        try stock.write(plain, "plain")
        #expect(try stock.run("cms -encrypt \(Self.seal) -in plain -out part").status == 0)
        let opened = try SealedPart.open(
            stock.read("part"), label: pair.label(), commitment: .sha256(plain), size: Int64(plain.count),
            with: pair.reader)
        #expect(opened == content)
    }

    @Test func `a root signs a slip that the openssl command verifies`() throws {
        let (pair, stock) = (try Pair(), try StockCommand())
        try files(pair, stock)
        let slip = Slip(
            type: .directory, lane: .normal, from: try #require(MemberID("in:authority")), to: [],
            file: FileReference(digest: .sha256([]), version: 1), at: Instant(seconds: 1_767_225_600))
        let signed = try SignedSlip.sign(slip, by: pair.authority.signer)
        try stock.write(signed.file, "slip.p7s")
        #expect(
            try stock.run("cms -verify -binary -inform DER -in slip.p7s -CAfile root.pem -attime 1770000000 -out o")
                .status == 0)
        let read = try SignedSlip.read(signed.file) { $0 == pair.authority.root.id ? pair.authority.root : nil }
        #expect(read.slip == slip)
    }
}
