// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// AES-256 key wrap, RFC 3394, of a 32-byte key.
enum KeyWrap {
    static let wrappedBytes = 40

    static func wrap(_ key: [UInt8], under wrappingKey: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try run(key[...], wrappingKey, encrypts: true, count: wrappedBytes, .outOfResources)
    }

    /// - Throws: ``CryptographyError`` `.cannotOpen`: another wrapping key, or altered.
    static func unwrap(_ wrapped: ArraySlice<UInt8>, under wrappingKey: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try run(wrapped, wrappingKey, encrypts: false, count: 32, .cannotOpen)
    }

    private static func run(
        _ input: ArraySlice<UInt8>, _ key: [UInt8], encrypts: Bool, count: Int, _ code: CryptographyError.Code
    ) throws(CryptographyError) -> [UInt8] {
        guard key.count == 32, input.count == (encrypts ? 32 : wrappedBytes) else {
            throw CryptographyError(code, "key wrap: a length")
        }
        ERR_clear_error()
        let result = unsafe input.withUnsafeBufferPointer { input in
            unsafe [UInt8](unsafeUninitializedCapacity: wrappedBytes + 16) { out, written in
                guard let context = unsafe EVP_CIPHER_CTX_new() else { return }
                defer { unsafe EVP_CIPHER_CTX_free(context) }
                unsafe EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW)
                var done: Int32 = 0
                let good =
                    unsafe EVP_CipherInit_ex2(context, Algorithms.wrap.pointer, key, nil, encrypts ? 1 : 0, nil) == 1
                    && EVP_CipherUpdate(context, out.baseAddress, &done, input.baseAddress, Int32(input.count)) == 1
                written = good ? Int(done) : 0
            }
        }
        guard result.count == count else { throw .takingErrorQueue(code, "key wrap") }
        return result
    }
}
