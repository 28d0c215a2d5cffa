// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

/// `Certificates/profiles.json` against what the issuer makes, and both against stock OpenSSL.
@Suite struct CertificateProfileTests {
    struct Profile: Sendable {
        let name: String
        let fields: [String: JSONValue]

        func strings(_ key: String) -> [String] {
            guard case .array(let list) = fields[key] else { return [] }
            return list.compactMap { if case .string(let text) = $0 { text } else { nil } }
        }

        func integer(_ key: String) -> Int64? { if case .integer(let number) = fields[key] { number } else { nil } }
        func bool(_ key: String) -> Bool { fields[key] == .bool(true) }
    }

    static func document() throws -> [String: JSONValue] {
        let file = Vector.protocols.deletingLastPathComponent().appending(path: "Certificates/profiles.json")
        return try CanonicalJSON.readSource(Array(try Data(contentsOf: file)))
    }

    static func profiles() throws -> [Profile] {
        guard case .object(let profiles) = try document()["profiles"] else { return [] }
        return profiles.map { name, value in
            guard case .object(let fields) = value else { return Profile(name: name, fields: [:]) }
            return Profile(name: name, fields: fields)
        }.sorted { $0.name < $1.name }
    }

    /// Certificates of a kind that a practice world made: of a member, and of a broker.
    static func made(_ name: String) throws -> (world: PracticeWorld, certificates: [Certificate]) {
        let world = try PracticeWorld.make()
        guard let use = CertificateUse(rawValue: name) else {
            return (world, [try #require(world.authorities[PracticeWorld.inAuthority]).authority.root])
        }
        let directories = try world.directories()
        return (
            world,
            [PracticeWorld.shelter, PracticeWorld.inBroker].flatMap { id in
                directories.certificates(of: id).filter { $0.use == use }.map(\.certificate)
            }
        )
    }

    @Test func `every kind has its profile`() throws {
        #expect(try Self.profiles().map(\.name) == CertificateKind.allCases.map(\.rawValue).sorted())
    }

    @Test(arguments: try CertificateProfileTests.profiles())
    func `the issuer makes what the profile says`(profile: Profile) throws {
        guard case .object(let commonFields) = try Self.document()["common"] else {
            Issue.record("no common profile")
            return
        }
        let common = Profile(name: "common", fields: commonFields)
        let (_, certificates) = try Self.made(profile.name)
        #expect(!certificates.isEmpty)
        for certificate in certificates {
            let usages: [(String, KeyUsage)] = [
                ("digitalSignature", .digitalSignature), ("nonRepudiation", .nonRepudiation),
                ("keyEncipherment", .keyEncipherment),
                ("dataEncipherment", .dataEncipherment), ("keyAgreement", .keyAgreement), ("keyCertSign", .keyCertSign),
                ("cRLSign", .cRLSign), ("encipherOnly", .encipherOnly), ("decipherOnly", .decipherOnly),
            ]
            #expect(usages.filter { certificate.keyUsage.contains($0.1) }.map(\.0) == profile.strings("keyUsage"))
            let extended: [(String, ExtendedKeyUsage)] = [
                ("emailProtection", .emailProtection), ("clientAuth", .clientAuth), ("serverAuth", .serverAuth),
                ("other", .other),
            ]
            #expect(
                extended.filter { certificate.extendedKeyUsage.contains($0.1) }.map(\.0)
                    == profile.strings("extendedKeyUsage"))
            #expect(certificate.isAuthority == profile.bool("isAuthority"))
            #expect(certificate.pathLength.map(Int64.init) == profile.integer("pathLength"))
            let isBroker = certificate.commonName == PracticeWorld.inBroker.text
            let hasHost = profile.fields["dnsNames"] == .string("broker") && isBroker
            #expect(certificate.dnsNames == (hasHost ? ["broker-in.kheya.example"] : []))
            let begins = try #require(common.integer("begins"))
            #expect(certificate.notBefore == PracticeWorld.start.seconds - begins)
            let length = certificate.notAfter - certificate.notBefore + 1
            #expect(length == (try #require(profile.integer("lifetime"))) + (profile.name == "root" ? 0 : begins))
            #expect(Int64(certificate.serial.count) == common.integer("serialBytes"))
            #expect(Int64(certificate.subjectKeyIdentifier.count) == common.integer("subjectKeyIdentifierBytes"))
            #expect(certificate.country == "IN" && certificate.organisation == nil)
        }
    }

    @Test func `the standard lifetimes are those of the file`() throws {
        let lifetimes = CertificateLifetimes.standard
        let written = Dictionary(uniqueKeysWithValues: try Self.profiles().map { ($0.name, $0.integer("lifetime")) })
        #expect(
            written == ["root": lifetimes.root, "sign": lifetimes.sign, "seal": lifetimes.seal, "link": lifetimes.link])
    }

    @Test(arguments: try CertificateProfileTests.profiles())
    func `stock openssl reads and verifies it`(profile: Profile) throws {
        let (world, certificates) = try Self.made(profile.name)
        let stock = try StockCommand()
        try stock.write(try #require(world.authorities[PracticeWorld.inAuthority]).authority.root.pem, "root.pem")
        try stock.write(try #require(world.authorities[PracticeWorld.bdAuthority]).authority.root.pem, "other.pem")
        for certificate in certificates {
            try stock.write(certificate.pem, "certificate.pem")
            let verify = "verify -x509_strict -check_ss_sig -attime \(PracticeWorld.start.seconds)"
            let good = try stock.run("\(verify) -CAfile root.pem certificate.pem")
            #expect(good.status == 0, "\(good.output)")
            #expect(try stock.run("\(verify) -CAfile other.pem certificate.pem").status != 0)
            #expect(
                try stock.run("verify -attime \(certificate.notAfter + 1) -CAfile root.pem certificate.pem").output
                    .contains("expired"))
            let text = try stock.run("x509 -noout -text -in certificate.pem").output
            #expect(
                text.contains("Version: 3 (0x2)") && text.contains("ecdsa-with-SHA256") && text.contains("prime256v1"))
            #expect(text.contains("X509v3 Key Usage: critical") && text.contains("X509v3 Basic Constraints: critical"))
            let extensions = text.components(separatedBy: "\n").filter { $0.hasPrefix("            X509v3 ") }.count
            let expected =
                4 + (profile.strings("extendedKeyUsage").isEmpty ? 0 : 1) + (certificate.dnsNames.isEmpty ? 0 : 1)
            #expect(extensions == expected, "\(text)")
            for fetched in ["Authority Information Access", "CRL Distribution", "URI:"] {
                #expect(!text.contains(fetched))
            }
        }
    }

    @Test func `stock openssl takes each certificate for its own purpose only`() throws {
        let stock = try StockCommand()
        for (name, purpose) in [("sign", "smimesign"), ("link", "sslclient"), ("link", "sslserver")] {
            let (world, certificates) = try Self.made(name)
            try stock.write(try #require(world.authorities[PracticeWorld.inAuthority]).authority.root.pem, "root.pem")
            try stock.write(certificates[0].pem, "certificate.pem")
            let verify = "verify -attime \(PracticeWorld.start.seconds) -CAfile root.pem"
            let good = try stock.run("\(verify) -purpose \(purpose) certificate.pem")
            #expect(good.status == 0, "\(good.output)")
            let other = purpose == "smimesign" ? "sslclient" : "smimesign"
            #expect(try stock.run("\(verify) -purpose \(other) certificate.pem").status != 0)
        }
    }

    @Test func `stock openssl verifies a directory letter against the root`() throws {
        let world = try PracticeWorld.make()
        let stock = try StockCommand()
        let country = try #require(world.authorities[PracticeWorld.inAuthority])
        try stock.write(country.authority.root.pem, "root.pem")
        try stock.write(country.document.slip, "slip.p7s")
        let result = try stock.run(
            "cms -verify -binary -inform DER -attime \(PracticeWorld.start.seconds) -in slip.p7s -CAfile root.pem -certfile root.pem -out slip.json"
        )
        #expect(result.status == 0, "\(result.output)")
        let slip = try Slip.read(stock.read("slip.json"))
        #expect(slip.file?.digest == .sha256(country.document.file))
        #expect(slip.type == .directory && slip.from == PracticeWorld.inAuthority)
    }
}
