// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import COpenSSLShims

/// A P-256 public key.
@safe public final class PublicKey: @unchecked Sendable, Hashable {
    // @unchecked: the pointer is set once, never leaves this module and is only read from.
    let pointer: OpaquePointer  // <EVP_PKEY>

    /// 65 bytes: 04 ‖ x ‖ y.
    public let point: [UInt8]

    /// Only its curve is used: to read a point is four times faster when the curve need not be looked up by name.
    private static let template = unsafe Algorithms.Fetched(kossl_p256_generate(), "P-256")

    /// - Parameter point: exactly 65 bytes, uncompressed. libcrypto checks that it lies on the curve; the curve has
    ///   no small subgroup, so that is the whole check.
    /// - Throws: ``CryptographyError`` `.malformed`.
    public init(point: some Collection<UInt8>) throws(CryptographyError) {
        guard point.count == 65, point.first == 0x04 else {
            throw CryptographyError(.malformed, "not an uncompressed P-256 point")
        }
        self.point = Array(point)
        ERR_clear_error()
        guard let key = unsafe EVP_PKEY_new() else { throw .takingErrorQueue(.outOfResources, "public key") }
        unsafe pointer = key
        guard unsafe EVP_PKEY_copy_parameters(key, Self.template.pointer) == 1,
            unsafe EVP_PKEY_set1_encoded_public_key(key, self.point, self.point.count) == 1
        else { throw .takingErrorQueue(.malformed, "not a point of P-256") }
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Whether `signature` (DER, r and s) is an ECDSA signature with SHA-256 over `message` under this key.
    public func isValid(signature: some Collection<UInt8>, over message: some Collection<UInt8>) -> Bool {
        isValid(signature: signature, overDigest: SHA256.hash(message))
    }

    /// The same for a message whose SHA-256 is known.
    func isValid(signature: some Collection<UInt8>, overDigest digest: [UInt8]) -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        let result = unsafe withBytes(signature) { signature -> Int32 in
            guard unsafe EVP_PKEY_verify_init(context) == 1 else { return -1 }
            return unsafe EVP_PKEY_verify(context, signature.baseAddress, signature.count, digest, digest.count)
        }
        ERR_clear_error()
        return result == 1
    }

    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.point == right.point }
    public func hash(into hasher: inout Hasher) { hasher.combine(point) }
}
