// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Testing
import TestSupport

@Suite struct CertificateTests {
    static let kinds: [CertificateKind] = [.sign, .seal, .link]

    @Test func `an authority's certificate says what an authority may`() throws {
        let authority = try PracticeAuthority(country: "BD")
        let root = authority.root
        #expect(root.has(.root) && root.isAuthority && root.pathLength == 0 && root.isSigned(by: root))
        #expect(root.country == "BD" && root.notBefore == authority.notBefore && root.notAfter == authority.notAfter)
        #expect(!Self.kinds.contains { root.has($0) })
    }

    @Test(arguments: kinds)
    func `a certificate is of its own kind and no other`(kind: CertificateKind) throws {
        let authority = try PracticeAuthority()
        let key = try PrivateKey.generate()
        let certificate = try authority.certificate(
            kind, "in:asha-shelter", key: key, dnsNames: kind == .link ? ["node.example", "localhost"] : [])
        for other in CertificateKind.allCases { #expect(certificate.has(other) == (other == kind)) }
        #expect(certificate.commonName == "in:asha-shelter" && certificate.issuer == authority.root.subject)
        let stranger = try PracticeAuthority().root
        #expect(certificate.isSigned(by: authority.root) && !certificate.isSigned(by: stranger))
        #expect(
            certificate.publicKey == key.publicKey && certificate.subjectKeyIdentifier.count == 20
                && certificate.serial.count == 16)
        #expect(certificate.authorityKeyIdentifier == authority.root.subjectKeyIdentifier)
        #expect(certificate.dnsNames == (kind == .link ? ["node.example", "localhost"] : []))
        #expect(certificate.isValid(at: authority.notBefore) && certificate.isValid(at: authority.notAfter))
        #expect(!certificate.isValid(at: authority.notBefore - 1) && !certificate.isValid(at: authority.notAfter + 1))
        #expect(try Certificate(pem: certificate.pem) == certificate)
    }

    @Test(arguments: kinds)
    func `the openssl command verifies each certificate and reads the same in it`(kind: CertificateKind) throws {
        let stock = try StockCommand()
        let authority = try PracticeAuthority()
        try stock.write(authority.root.pem, "root.pem")
        let certificate = try authority.certificate(
            kind, "in:asha-shelter", key: .generate(), dnsNames: kind == .link ? ["node.example"] : [])
        try stock.write(certificate.pem, "c.pem")
        let purposes: [CertificateKind: [String]] = [
            .sign: ["smimesign"], .seal: ["any"], .link: ["sslclient", "sslserver"],
        ]
        for purpose in purposes[kind] ?? [] {
            let answer = try stock.run(
                "verify -x509_strict -check_ss_sig -attime 1800000000 -purpose \(purpose) -CAfile root.pem c.pem")
            #expect(answer.status == 0, "\(answer.output)")
        }
        let text = try stock.run("x509 -in c.pem -noout -dates -serial -subject -nameopt RFC2253").output
        #expect(
            text.contains("serial=\(certificate.serial.map { String($0 + 0, radix: 16) }.first?.uppercased() ?? "?")"))
        #expect(text.contains("subject=CN=in:asha-shelter,C=IN"))
        #expect(text.contains("notBefore=Oct  9 08:53:20 2025 GMT"))
    }

    @Test func `certificates of the openssl command are read`() throws {
        let stock = try StockCommand()
        try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out r.key")
        #expect(
            try stock.run([
                "req", "-x509", "-new", "-key", "r.key", "-sha256", "-days", "36500", "-subj",
                "/C=IN/CN=Second authority", "-out", "r.pem", "-addext",
                "keyUsage=critical,digitalSignature,keyCertSign,cRLSign",
            ]).status == 0)
        let root = try Certificate(pem: stock.read("r.pem"))
        #expect(root.has(.root) && root.isSigned(by: root) && root.notAfter > 4_000_000_000)
    }

    @Test func `a request proves that the asker holds the key, here and to the openssl command`() throws {
        let stock = try StockCommand()
        let key = try PrivateKey.generate()
        let request = try CertificateRequest(subject: DistinguishedName(commonName: "bd:setu", country: "BD"), key: key)
        try stock.write(request.pem, "r.pem")
        #expect(try stock.run("req -in r.pem -noout -verify").status == 0)
        #expect(try CertificateRequest(pem: request.pem) == request)
        for index in request.der.indices.suffix(60) {
            var altered = request.der
            altered[index] ^= 1
            #expect(throws: CryptographyError.self) { try CertificateRequest(der: altered) }
        }
        try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem")
        try stock.run([
            "req", "-new", "-key", "k.pem", "-sha256", "-subj", "/C=BD/CN=bd:second", "-outform", "DER", "-out",
            "second.der",
        ])
        #expect(
            try CertificateRequest(der: stock.read("second.der")).subject
                == DistinguishedName(commonName: "bd:second", country: "BD"))
    }

    @Test func `a certificate that is cut, altered or longer is refused`() throws {
        let authority = try PracticeAuthority()
        let der = try authority.certificate(.sign, "in:a-b", key: .generate()).der
        for count in 0..<der.count {
            #expect(throws: CryptographyError(.malformed, "")) { try Certificate(der: Array(der[..<count])) }
        }
        #expect(throws: CryptographyError(.malformed, "")) { try Certificate(der: der + [0]) }
        var readable = 0
        for index in der.indices {
            var altered = der
            altered[index] ^= 0x01
            guard let certificate = try? Certificate(der: altered) else { continue }
            readable += 1
            // What still reads is another certificate that its authority did not sign.
            #expect(!certificate.isSigned(by: authority.root) && certificate.digest != SHA256.hash(der))
        }
        #expect(readable > 0)
    }

    @Test(arguments: ["rsa:2048", "ec384", "critical"])
    func `a certificate of another algorithm, or with an unknown critical extension, is refused`(what: String) throws {
        let stock = try StockCommand()
        switch what {
        case "rsa:2048":
            try stock.run([
                "req", "-x509", "-newkey", what, "-nodes", "-keyout", "k", "-subj", "/CN=x", "-out", "c.pem",
            ])
        case "ec384":
            try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k")
            try stock.run(["req", "-x509", "-new", "-key", "k", "-subj", "/CN=x", "-out", "c.pem"])
        default:
            try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k")
            try stock.run([
                "req", "-x509", "-new", "-key", "k", "-subj", "/CN=x", "-out", "c.pem", "-addext",
                "1.2.3.4=critical,DER:0500",
            ])
        }
        let pem = try stock.read("c.pem")
        #expect(throws: CryptographyError(.malformed, "")) { try Certificate(pem: pem) }
    }

    @Test func `an authority makes no second authority, no backward times, no host name where none belongs`() throws {
        let authority = try PracticeAuthority()
        let key = try PrivateKey.generate()
        #expect(throws: CryptographyError(.unsupported, "")) { try authority.certificate(.root, "in:x", key: key) }
        #expect(throws: CryptographyError(.unsupported, "")) {
            try authority.certificate(.seal, "in:x", key: key, dnsNames: ["a"])
        }
        #expect(throws: CryptographyError(.unsupported, "")) { try authority.certificate(.sign, "", key: key) }
        #expect(throws: CryptographyError(.unsupported, "")) {
            try authority.issuer.issue(
                .sign, subject: DistinguishedName(commonName: "in:x"), publicKey: key.publicKey, notBefore: 10,
                notAfter: 10)
        }
        #expect(throws: CryptographyError(.wrongKey, "")) {
            try CertificateIssuer(certificate: authority.root, key: key)
        }
        let leaf = try authority.certificate(.sign, "in:x", key: key)
        #expect(throws: CryptographyError(.wrongKey, "")) { try CertificateIssuer(certificate: leaf, key: key) }
    }

    @Test(
        arguments: [
            -631_152_000, -1, 0, 951_782_399, 951_868_800, 2_524_607_999, 2_524_608_000, 4_102_444_800, 253_402_300_799,
        ] as [Int64])
    func `a time is written and read again to the second`(seconds: Int64) throws {
        let key = try PrivateKey.generate()
        let certificate = try CertificateIssuer.selfSigned(
            subject: DistinguishedName(commonName: "t"), key: key, notBefore: min(seconds, 0), notAfter: max(seconds, 1)
        ).certificate
        #expect(certificate.notBefore == min(seconds, 0) && certificate.notAfter == max(seconds, 1))
    }
}
