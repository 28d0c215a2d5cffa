// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// What a guess at a password costs. RFC 7914 §2.
public struct ScryptCost: Hashable, Sendable {
    /// A power of two.
    public let n: UInt64
    public let r: UInt64
    public let p: UInt64

    public init(n: UInt64, r: UInt64, p: UInt64) {
        self.n = n
        self.r = r
        self.p = p
    }

    /// 128 MiB and about 0.3 s: the passphrase of a node.
    public static let passphrase = ScryptCost(n: 1 << 17, r: 8, p: 1)
    /// The same work in 16 MiB at a time: OpenSSL opens a PKCS#8 file only when it takes less than 32 MiB.
    public static let keyFile = ScryptCost(n: 1 << 14, r: 8, p: 8)
    /// For tests and demonstrations only: protects nothing.
    public static let practice = ScryptCost(n: 1 << 4, r: 8, p: 1)

    /// 128·N·r bytes, and as much again in small change.
    var memory: UInt64 { 128 * r * (n + p + 2) + (1 << 20) }
}

/// scrypt, RFC 7914.
public enum Scrypt {
    /// Derives a key from a password. Blocks for as long as `cost` says: call it on a thread of its own.
    ///
    /// - Parameter salt: 16 bytes or more, random, stored beside what the key protects.
    /// - Throws: ``CryptographyError`` `.unsupported` for a cost that scrypt does not have, or above 1 GiB.
    public static func derive(
        password: [UInt8], salt: [UInt8], cost: ScryptCost = .passphrase, count: Int = 32
    ) throws(CryptographyError) -> [UInt8] {
        guard cost.n > 1, cost.n <= 1 << 22, cost.n & (cost.n - 1) == 0, (1...64).contains(cost.r),
            (1...64).contains(cost.p),
            cost.memory <= 1 << 30, (1...1_024).contains(count)
        else { throw CryptographyError(.unsupported, "scrypt: a cost out of range") }
        ERR_clear_error()
        var good: Int32 = 0
        let length = password.count
        let key = unsafe [UInt8](unsafeUninitializedCapacity: count) { out, written in
            good = unsafe withPassword(password) { password in
                unsafe EVP_PBE_scrypt(
                    password, length, salt, salt.count, cost.n, cost.r, cost.p, cost.memory, out.baseAddress, count)
            }
            written = good == 1 ? count : 0
        }
        guard good == 1 else { throw .takingErrorQueue(.outOfResources, "scrypt") }
        return key
    }
}
