// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Procedure
import Sealing

/// What a page's form carries so that no other site can post it. Protocols/Web.md, "Tokens".
///
/// The token is fixed by the secret in the cookie, and masked afresh in each page: random pad, then token under the pad.
/// What a compressed page leaks by its length is then of no use (BREACH).
enum FormToken {
    static func make(for secret: [UInt8]) -> String { masked(token(of: secret)) }

    static func agrees(_ text: String, with secret: [UInt8]) -> Bool {
        guard let sent = unmasked(text) else { return false }
        return Secret.areEqual(sent, token(of: secret))
    }

    private static func token(of secret: [UInt8]) -> [UInt8] {
        HMACSHA256.code(Array("kheya form token".utf8), key: secret)
    }

    fileprivate static func masked(_ token: [UInt8]) -> String {
        let pad = SecureRandom.bytes(token.count)
        return Hex.text(pad + zip(pad, token).map { $0 ^ $1 })
    }

    fileprivate static func unmasked(_ text: String) -> [UInt8]? {
        guard let bytes = Hex.bytes(text), bytes.count.isMultiple(of: 2), !bytes.isEmpty else { return nil }
        let half = bytes.count / 2
        return zip(bytes[..<half], bytes[half...]).map { $0 ^ $1 }
    }
}

/// What lets a form whose session has died still save its own answer, and nothing else: one question of one draft, for whoever was asked, from
/// the browser that asked. Protocols/Web.md, "Drafts".
struct DraftToken {
    let draft: Digest
    /// As ``Question/key``.
    let question: String
    /// What the browser's cookie holds.
    let session: [UInt8]
    /// The node's, for these tokens alone.
    let key: [UInt8]

    func make(for account: Account, until: Instant) -> String {
        FormToken.masked(Self.eight(until) + code(account, until) + Array(account.name.utf8))
    }

    /// Whose token it is, as it says.
    static func name(in text: String) -> String? {
        FormToken.unmasked(text).flatMap { $0.count > 40 ? String(decoding: $0[40...], as: UTF8.self) : nil }
    }

    func agrees(_ text: String, with account: Account, at now: Instant) -> Bool {
        guard let sent = FormToken.unmasked(text), sent.count > 40 else { return false }
        let until = Instant(seconds: sent[..<8].reduce(0) { $0 << 8 | Int64($1) })
        return now < until && Secret.areEqual(sent[8..<40], code(account, until))
    }

    /// The end of its last slip is of the account's present sign-in: a reset takes every token.
    private func code(_ account: Account, _ until: Instant) -> [UInt8] {
        let text = "kheya draft token\n\(draft.hex)\n\(question)\n\(account.name)\n\(Digest.sha256(session).hex)\n"
        return HMACSHA256.code(Array(text.utf8) + Self.eight(account.slipUntil) + Self.eight(until), key: key)
    }

    private static func eight(_ instant: Instant) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: instant.seconds >> (56 - 8 * $0)) }
    }
}

/// Lower-case hexadecimal digits.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2), digits.count <= 1_024 else { return nil }
        var result: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
