// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Published answers for each primitive, tried at every start: a version number proves nothing.
public enum KnownAnswers {
    /// - Returns: The name of the first primitive that does not give its published answer, or `nil`.
    public static func firstFailure() -> String? {
        for (name, check) in checks where (try? check()) != true { return name }
        return nil
    }

    private static let checks: [(String, @Sendable () throws -> Bool)] = [
        (
            "SHA-256",
            {
                SHA256.hash(Array("abc".utf8))
                    == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            }
        ),
        (
            "HMAC-SHA256",  // RFC 4231, test case 2
            {
                HMACSHA256.code(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
                    == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
            }
        ),
        (
            "scrypt",  // RFC 7914 §12
            {
                try Scrypt.derive(password: [], salt: [], cost: ScryptCost(n: 16, r: 1, p: 1), count: 16)
                    == hex("77d6576238657b203b19ca42c18a0497")
            }
        ),
        (
            "AES-256-GCM",  // the GCM specification, test case 14
            {
                let sealed = try AESGCM.seal(zeros(16), key: zeros(32), nonce: zeros(12), associatedData: [])
                return sealed == zeros(12) + hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
            }
        ),
        (
            "AES-256-GCM refuses a wrong tag",
            {
                var sealed = try AESGCM.seal(zeros(16), key: zeros(32), nonce: zeros(12), associatedData: [])
                sealed[sealed.count - 1] ^= 1
                return (try? AESGCM.open(sealed, key: zeros(32), associatedData: [])) == nil
            }
        ),
        (
            "AES-256 key wrap",  // RFC 3394 §4.6
            {
                let key = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
                let wrapped = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21")
                return try KeyWrap.wrap(key, under: Array(0..<32)) == wrapped
                    && KeyWrap.unwrap(wrapped[...], under: Array(0..<32)) == key
                    && (try? KeyWrap.unwrap(wrapped[...], under: Array(1..<33))) == nil
            }
        ),
        (
            "ECDH P-256",  // NIST CAVP, ECC CDH primitive, P-256, COUNT = 0
            {
                let peer = try PublicKey(
                    point: hex(
                        "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
                            + "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
                    ))
                return try key("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534").agree(with: peer)
                    == hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")
            }
        ),
        (
            "ECDSA P-256",  // RFC 6979 §A.2.5
            {
                let author = try key("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").publicKey
                let r = DER.integer(hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"))
                let s = DER.integer(hex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"))
                return author.isValid(signature: DER.tlv(0x30, [r, s]), over: Array("sample".utf8))
                    && !author.isValid(signature: DER.tlv(0x30, [s, r]), over: Array("sample".utf8))
            }
        ),
        (
            "Ed25519",  // RFC 8032 §7.1, test 2
            {
                let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
                let key = try Ed25519PrivateKey(seed: seed)
                let signature = hex(
                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
                return try key.sign([0x72]) == signature && key.publicKey.isValid(signature: signature, over: [0x72])
                    && !key.publicKey.isValid(signature: signature, over: [0x73])
            }
        ),
        ("a point off the curve", { (try? PublicKey(point: [0x04] + zeros(63) + [1])) == nil }),
        ("randomness", { SecureRandom.bytes(32) != SecureRandom.bytes(32) }),
    ]

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// A key from its number, in the shortest PKCS#8 there is.
    private static func key(_ number: String) throws(CryptographyError) -> PrivateKey {
        let inside = DER.tlv(0x30, [[0x02, 0x01, 0x01], DER.tlv(0x04, hex(number))])
        return try PrivateKey(
            pkcs8: DER.tlv(0x30, [[0x02, 0x01, 0x00], AlgorithmIdentifier.p256Key, DER.tlv(0x04, inside)]))
    }

    private static func hex(_ text: String) -> [UInt8] {
        let digits = text.utf8.map { $0 < 0x40 ? $0 - 0x30 : $0 - 0x61 + 10 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
