// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Time-based one-time passwords, RFC 6238, as common authenticator programs make them: HMAC-SHA-1, 30 s, 6 digits.
public enum TOTP {
    /// Of one code, in seconds.
    public static let stepSeconds: Int64 = 30

    /// The step that a moment lies in; what is stored so that no step serves twice.
    public static func step(at seconds: Int64) -> Int64 { seconds / stepSeconds }

    /// The code of a step.
    ///
    /// - Parameters:
    ///   - secret: 20 random bytes.
    ///   - digits: 6 to 8.
    /// - Returns: ASCII digits, zeros in front.
    public static func code(secret: [UInt8], step: Int64, digits: Int = 6) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let mac = HMACSHA1.code(counter, key: secret)
        // RFC 4226 §5.3: the last four bits say which four bytes are taken; their sign bit is left out.
        let offset = Int(mac[mac.count - 1] & 0x0F)
        let number = mac[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        let text = String(number % (0..<digits).reduce(1) { product, _ in product * 10 })
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The step that `code` belongs to, if it is this one, the one before or the one after, and later than `last`.
    ///
    /// - Returns: `nil` when the code is wrong or has been used.
    public static func accept(_ code: String, secret: [UInt8], at seconds: Int64, after last: Int64) -> Int64? {
        var accepted: Int64?
        // All three are computed, whichever agrees.
        for step in (step(at: seconds) - 1)...(step(at: seconds) + 1)
        where Secret.areEqual(Array(self.code(secret: secret, step: step).utf8), Array(code.utf8)) && step > last {
            accepted = step
        }
        return accepted
    }
}

/// Base32, RFC 4648 §6, without padding: how people type a secret into an authenticator.
public enum Base32 {
    public static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var (result, buffer, bits): ([UInt8], UInt32, Int) = ([], 0, 0)
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                result.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 { result.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)]) }
        return String(decoding: result, as: UTF8.self)
    }
}

/// HMAC with SHA-1, RFC 2104: for one-time passwords, where its collisions do no harm, and for nothing else.
enum HMACSHA1 {
    /// 20 bytes.
    static func code(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        unsafe withBytes(bytes) { data in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe [UInt8](unsafeUninitializedCapacity: 20) { out, count in
                    var empty: UInt8 = 0
                    let good = unsafe withUnsafePointer(to: &empty) { zero in
                        unsafe EVP_Q_mac(
                            nil, "HMAC", nil, "SHA1", nil, key.baseAddress ?? zero, key.count,
                            data.baseAddress ?? zero, data.count, out.baseAddress, 20, &count)
                    }
                    guard unsafe good != nil, count == 20 else { preconditionFailure("HMAC failed") }
                }
            }
        }
    }
}
