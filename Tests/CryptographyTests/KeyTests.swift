// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Testing
import TestSupport

@Suite struct KeyTests {
    @Test func `a signature verifies under its own key and message only`() throws {
        let key = try PrivateKey.generate()
        let message = Array("a step".utf8)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValid(signature: signature, over: message))
        #expect(!key.publicKey.isValid(signature: signature, over: message + [0]))
        #expect(!(try PrivateKey.generate()).publicKey.isValid(signature: signature, over: message))
        for index in signature.indices {
            var altered = signature
            altered[index] ^= 0x01
            #expect(!key.publicKey.isValid(signature: altered, over: message))
        }
        #expect(!key.publicKey.isValid(signature: [], over: message))
    }

    @Test func `a key file opens with its password, here and in the openssl command`() throws {
        let stock = try StockCommand()
        let key = try PrivateKey.generate()
        // The cost of a real key file: a higher memory cost is one that `openssl pkey` refuses.
        let pem = try key.encryptedPEM(password: Array("open sesame".utf8))
        let label = "ENCRYPTED PRIVATE KEY"
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN \(label)-----\n"))
        try stock.write(pem, "key.pem")
        #expect(
            try stock.run(["pkey", "-in", "key.pem", "-passin", "pass:open sesame", "-out", "plain.pem"]).status == 0)
        try stock.run("pkcs8 -topk8 -nocrypt -in plain.pem -outform DER -out key.der")
        #expect(try PrivateKey(pkcs8: stock.read("key.der")).publicKey == key.publicKey)
        #expect(try stock.run(["asn1parse", "-in", "key.pem"]).output.contains("scrypt"))
        #expect(try PrivateKey(encryptedPEM: pem, password: Array("open sesame".utf8)).publicKey == key.publicKey)
        #expect(throws: CryptographyError(.wrongPassword, "")) {
            try PrivateKey(encryptedPEM: pem, password: Array("open".utf8))
        }
        #expect(throws: CryptographyError(.malformed, "")) { try PrivateKey(encryptedPEM: pem + [0x41], password: []) }
        #expect(throws: CryptographyError(.malformed, "")) { try PrivateKey(encryptedPEM: [], password: []) }
    }

    @Test func `a key file of the openssl command opens here`() throws {
        let stock = try StockCommand()
        try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem")
        try stock.run("pkcs8 -topk8 -in k.pem -scrypt -scrypt_N 1024 -passout pass:x -out e.pem")
        try stock.run("pkey -in k.pem -outform DER -out k.der")
        let opened = try PrivateKey(encryptedPEM: stock.read("e.pem"), password: Array("x".utf8))
        try stock.write([1, 2, 3], "m")
        #expect(try stock.run("dgst -sha256 -sign k.pem -out s m").status == 0)
        #expect(opened.publicKey.isValid(signature: try stock.read("s"), over: [1, 2, 3]))
    }

    @Test(arguments: ["P-384", "secp256k1"])
    func `a key of another curve is refused`(curve: String) throws {
        let stock = try StockCommand()
        try stock.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:\(curve) -out k.pem")
        try stock.run("pkcs8 -topk8 -nocrypt -in k.pem -outform DER -out k.der")
        #expect(throws: CryptographyError(.malformed, "")) { try PrivateKey(pkcs8: stock.read("k.der")) }
    }

    @Test func `a point off the curve is no key`() throws {
        let point = try PrivateKey.generate().publicKey.point
        #expect(try PublicKey(point: point).point == point)
        for index in 1..<65 {
            var altered = point
            altered[index] ^= 1
            #expect(throws: CryptographyError(.malformed, "")) { try PublicKey(point: altered) }
        }
        #expect(throws: CryptographyError(.malformed, "")) { try PublicKey(point: point.dropLast()) }
        #expect(throws: CryptographyError(.malformed, "")) {
            try PublicKey(point: [0x04] + [UInt8](repeating: 0, count: 64))
        }
        #expect(throws: CryptographyError(.malformed, "")) { try PublicKey(point: [0x02] + point.dropFirst()) }
        #expect(throws: CryptographyError(.malformed, "")) { try PublicKey(point: [0x00]) }
    }

    @Test func `no key and no ephemeral key ever repeats`() throws {
        #expect(Set(try (0..<500).map { _ in try PrivateKey.generate().publicKey }).count == 500)
        let authority = try PracticeAuthority()
        let certificate = try authority.certificate(.seal, "in:shelter", key: .generate())
        // The fresh key of a part stands at a fixed place; the whole file is compared, which is stricter.
        #expect(Set(try (0..<500).map { _ in try CMS.seal([[1, 2, 3]], to: certificate).file }).count == 500)
    }
}
