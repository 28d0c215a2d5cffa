// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Random bytes for keys, nonces, salts and serial numbers.
public enum SecureRandom {
    /// Stops the process when the system gives no randomness: a predictable key would be worse than no service.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...1 << 20).contains(count), "a random request of a strange size")
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { out, written in
            guard unsafe count == 0 || RAND_bytes(out.baseAddress, Int32(count)) == 1 else {
                preconditionFailure("the system has no randomness")
            }
            written = count
        }
    }
}

/// Care for bytes that must not leak.
public enum Secret {
    /// Overwrites and empties `bytes`; the compiler cannot leave it out. Copies that were made before stay: keep
    /// secrets in one place.
    public static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBufferPointer { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }

    /// Compares in a time that depends on the lengths only.
    public static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        guard left.count > 0 else { return true }
        return unsafe withBytes(left) { left in
            unsafe withBytes(right) { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }
}
