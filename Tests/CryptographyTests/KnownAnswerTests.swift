// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Testing

/// Published answers: FIPS 180-4, RFC 4231, 5869, 7914, NIST GCM.
@Suite struct KnownAnswerTests {
    @Test func `SHA-256 gives the published digests, in one call and in pieces`() {
        #expect(hex(SHA256.hash([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex(SHA256.hash(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let text = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        for cut in 0...text.count {
            let stream = SHA256.Stream()
            stream.update(text[..<cut])
            stream.update(text[cut...])
            #expect(hex(stream.finish()) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        }
        #expect(SHA256.hash(AnyCollection(text)) == SHA256.hash(text))
    }

    @Test func `HMAC-SHA256 gives the answers of RFC 4231`() {
        #expect(
            hex(HMACSHA256.code(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hex(
                HMACSHA256.code(
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                    key: [UInt8](repeating: 0xAA, count: 131)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(hex(HMACSHA256.code([], key: [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `HKDF-SHA256 gives the answers of RFC 5869`() {
        let first = HKDFSHA256.derive(
            from: [UInt8](repeating: 0x0B, count: 22), salt: Array(0x00...0x0C), info: Array(0xF0...0xF9), count: 42)
        #expect(hex(first) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        let third = HKDFSHA256.derive(from: [UInt8](repeating: 0x0B, count: 22), info: [], count: 42)
        #expect(hex(third) == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    }

    @Test func `scrypt gives the answers of RFC 7914 and refuses costs out of range`() throws {
        let key = try Scrypt.derive(
            password: Array("password".utf8), salt: Array("NaCl".utf8), cost: ScryptCost(n: 1_024, r: 8, p: 16),
            count: 64)
        #expect(hex(key).hasPrefix("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"))
        for cost in [
            ScryptCost(n: 1_000, r: 8, p: 1), ScryptCost(n: 1, r: 8, p: 1), ScryptCost(n: 1 << 22, r: 64, p: 1),
            ScryptCost(n: 16, r: 0, p: 1),
        ] {
            #expect(throws: CryptographyError(.unsupported, "")) {
                try Scrypt.derive(password: [], salt: [], cost: cost)
            }
        }
    }

    @Test func `the cost of a passphrase takes 128 MiB and works`() throws {
        #expect(try Scrypt.derive(password: Array("a".utf8), salt: [UInt8](repeating: 1, count: 16)).count == 32)
    }

    @Test func `AES-256-GCM gives the published answer`() throws {
        // The GCM specification, test case 16, which has associated data.
        let sealed = try AESGCM.seal(
            bytes(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                    + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
            ),
            key: bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
            nonce: bytes("cafebabefacedbaddecaf888"),
            associatedData: bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
        #expect(hex(Array(sealed.suffix(16))) == "76fc6ece0f4e1768cddf8853bb2d551b")
        #expect(hex(Array(sealed[12..<28])) == "522dc1f099567d07f47f37a32a84427d")
    }

    @Test func `a record opens only with its own key and place, unaltered`() throws {
        let key = SecureRandom.bytes(32)
        let place = Array("case/42/1".utf8)
        for count in [0, 1, 15, 16, 17, 4_096] {
            let plain = SecureRandom.bytes(count)
            let sealed = try AESGCM.seal(plain, key: key, associatedData: place)
            #expect(try AESGCM.open(sealed, key: key, associatedData: place) == plain)
            #expect(throws: CryptographyError(.cannotOpen, "")) {
                try AESGCM.open(sealed, key: key, associatedData: place + [0])
            }
            #expect(throws: CryptographyError(.cannotOpen, "")) {
                try AESGCM.open(sealed, key: SecureRandom.bytes(32), associatedData: place)
            }
            #expect(throws: CryptographyError(.cannotOpen, "")) {
                try AESGCM.open(Array(sealed.dropLast()), key: key, associatedData: place)
            }
            for index in sealed.indices where index < 40 || index > sealed.count - 20 {
                var altered = sealed
                altered[index] ^= 1
                #expect(throws: CryptographyError(.cannotOpen, "")) {
                    try AESGCM.open(altered, key: key, associatedData: place)
                }
            }
        }
        #expect(throws: CryptographyError(.cannotOpen, "")) {
            try AESGCM.open([UInt8](repeating: 0, count: 27), key: key, associatedData: [])
        }
    }

    @Test func `two records of one content differ, and random bytes do not repeat`() throws {
        let key = SecureRandom.bytes(32)
        #expect(try AESGCM.seal([1], key: key, associatedData: []) != AESGCM.seal([1], key: key, associatedData: []))
        #expect(Set((0..<10_000).map { _ in SecureRandom.bytes(16) }).count == 10_000)
    }

    @Test func `comparison is right, and wiping leaves nothing`() {
        #expect(Secret.areEqual([1, 2], [1, 2]) && Secret.areEqual([], []))
        #expect(!Secret.areEqual([1, 2], [1, 3]) && !Secret.areEqual([1], [1, 2]))
        var secret: [UInt8] = [1, 2, 3]
        Secret.wipe(&secret)
        #expect(secret.isEmpty)
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
}

func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
}
