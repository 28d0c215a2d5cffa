// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// A key pair for Ed25519 (RFC 8032 §5.1): signs what a log or a witness says, never a letter.
///
/// Signing is deterministic: who signs the same bytes again after a crash gives the same signature.
@safe public final class Ed25519PrivateKey: @unchecked Sendable {
    // @unchecked: the pointer is set once, never leaves this class and is only read from.
    private let pointer: OpaquePointer  // <EVP_PKEY>

    public let publicKey: Ed25519PublicKey

    /// - Parameter seed: RFC 8032's private key, exactly 32 bytes, from a cryptographic source.
    /// - Throws: ``CryptographyError`` `.malformed` for another length.
    public init(seed: [UInt8]) throws(CryptographyError) {
        guard seed.count == 32 else { throw CryptographyError(.malformed, "an Ed25519 seed has 32 bytes") }
        ERR_clear_error()
        guard let key = unsafe EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count) else {
            throw .takingErrorQueue(.outOfResources, "Ed25519")
        }
        unsafe pointer = key
        var point = [UInt8](repeating: 0, count: 32)
        var count = point.count
        guard unsafe EVP_PKEY_get_raw_public_key(key, &point, &count) == 1, count == 32 else {
            throw .takingErrorQueue(.outOfResources, "Ed25519")
        }
        publicKey = try Ed25519PublicKey(bytes: point)
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// - Returns: 64 bytes, the same for the same message.
    public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        guard let context = unsafe EVP_MD_CTX_new() else { throw .takingErrorQueue(.outOfResources, "Ed25519") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard unsafe EVP_DigestSignInit_ex(context, nil, nil, nil, nil, pointer, nil) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == 64
        else { throw .takingErrorQueue(.outOfResources, "Ed25519") }
        return signature
    }
}

/// A public key for Ed25519.
@safe public final class Ed25519PublicKey: @unchecked Sendable, Hashable {
    // @unchecked: the pointer is set once, never leaves this class and is only read from.
    private let pointer: OpaquePointer  // <EVP_PKEY>

    /// 32 bytes, RFC 8032 §5.1.2.
    public let bytes: [UInt8]

    /// - Parameter bytes: exactly 32. What is no point of the curve is a key under which nothing verifies.
    /// - Throws: ``CryptographyError`` `.malformed` for another length.
    public init(bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == 32 else { throw CryptographyError(.malformed, "an Ed25519 key has 32 bytes") }
        ERR_clear_error()
        guard let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count) else {
            throw .takingErrorQueue(.malformed, "not an Ed25519 key")
        }
        unsafe pointer = key
        self.bytes = bytes
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Whether `signature` (64 bytes) is one of `message`. A second spelling of a signature (its number increased by the order of the
    /// group) is refused, RFC 8032 §5.1.7.
    public func isValid(signature: [UInt8], over message: [UInt8]) -> Bool {
        guard signature.count == 64, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        let isValid =
            unsafe EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, pointer, nil) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        ERR_clear_error()
        return isValid
    }

    public static func == (left: Ed25519PublicKey, right: Ed25519PublicKey) -> Bool { left.bytes == right.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
