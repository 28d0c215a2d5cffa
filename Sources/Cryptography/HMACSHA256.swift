// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// HMAC with SHA-256, RFC 2104.
public enum HMACSHA256 {
    /// 32 bytes.
    public static func code(_ bytes: some Collection<UInt8>, key: [UInt8]) -> [UInt8] {
        unsafe withBytes(bytes) { data in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { out, count in
                    // A key of no bytes has no address; HMAC pads it with zeros all the same.
                    var empty: UInt8 = 0
                    let good = unsafe withUnsafePointer(to: &empty) { zero in
                        unsafe EVP_Q_mac(
                            nil, "HMAC", nil, "SHA256", nil, key.baseAddress ?? zero, key.count,
                            data.baseAddress ?? zero, data.count,
                            out.baseAddress, SHA256.byteCount, &count)
                    }
                    guard unsafe good != nil, count == SHA256.byteCount else { preconditionFailure("HMAC failed") }
                }
            }
        }
    }
}

/// HKDF with SHA-256, RFC 5869.
public enum HKDFSHA256 {
    /// - Parameters:
    ///   - salt: not secret; absent means 32 zero bytes.
    ///   - info: what the key is for; two uses never share one.
    ///   - count: bytes wanted, at most 8,160.
    public static func derive(from secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int) -> [UInt8] {
        precondition((0...255 * SHA256.byteCount).contains(count), "HKDF gives at most 8,160 bytes")
        var key = HMACSHA256.code(secret, key: salt.isEmpty ? [UInt8](repeating: 0, count: SHA256.byteCount) : salt)
        defer { Secret.wipe(&key) }
        var result: [UInt8] = []
        var block: [UInt8] = []
        var number: UInt8 = 1
        while result.count < count {
            block = HMACSHA256.code(block + info + [number], key: key)
            result += block.prefix(count - result.count)
            number &+= 1
        }
        Secret.wipe(&block)
        return result
    }
}
