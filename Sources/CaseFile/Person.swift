// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
public import Letters

/// How a person who acts stands in a letter: a code that only her own organisation can tell from another person's.
public enum Person {
    /// HMAC-SHA-256 under the node's person key over account ‖ LF ‖ case: 64 hexadecimal digits, always sealed.
    ///
    /// The same person has another code in each case, so cases cannot be joined by it. Protocols/Letter.md §7.
    public static func code(of account: String, in caseID: CaseID, key: [UInt8]) -> String {
        let code = HMACSHA256.code(Array("\(account)\n\(caseID.text)".utf8), key: key)
        let digits = Array("0123456789abcdef")
        return String(code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
