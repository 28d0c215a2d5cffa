// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Testing

@Suite struct TOTPTests {
    static let secret = Array("12345678901234567890".utf8)

    /// RFC 6238, appendix B, SHA-1.
    @Test(
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ] as [(Int64, String)])
    func `codes are those of RFC 6238`(seconds: Int64, code: String) {
        #expect(TOTP.code(secret: Self.secret, step: TOTP.step(at: seconds), digits: 8) == code)
    }

    @Test func `a code counts one step early or late, and two steps away no more`() {
        let code = TOTP.code(secret: Self.secret, step: 1_000)
        for (step, counts) in [(998, false), (999, true), (1_000, true), (1_001, true), (1_002, false)]
            as [(Int64, Bool)]
        {
            let accepted = TOTP.accept(code, secret: Self.secret, at: step * 30 + 7, after: 0)
            #expect((accepted == 1_000) == counts, "at step \(step)")
        }
    }

    @Test func `no step serves twice, and none before one that has served`() {
        let code = TOTP.code(secret: Self.secret, step: 1_000)
        #expect(TOTP.accept(code, secret: Self.secret, at: 30_000, after: 999) == 1_000)
        #expect(TOTP.accept(code, secret: Self.secret, at: 30_000, after: 1_000) == nil)
        #expect(TOTP.accept(code, secret: Self.secret, at: 30_000, after: 1_001) == nil)
    }

    @Test(arguments: ["", "94287", "9428708", "９４２８７０", "94287O"])
    func `anything but the six digits is refused`(code: String) {
        #expect(TOTP.accept(code, secret: Self.secret, at: 59, after: 0) == nil)
    }

    /// RFC 4648 §10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI"),
    ])
    func `base32 is that of RFC 4648`(text: String, encoded: String) {
        #expect(Base32.encode(Array(text.utf8)) == encoded)
    }
}
