// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import COpenSSLShims

/// A P-256 key pair. Signing, sealing and link keys are alike; the certificate says which one it is.
@safe public final class PrivateKey: @unchecked Sendable {
    // @unchecked: the pointer is set once, never leaves this module and is only read from.
    let pointer: OpaquePointer  // <EVP_PKEY>

    public let publicKey: PublicKey

    /// Takes the pointer over, also when it throws.
    init(owning pointer: OpaquePointer) throws(CryptographyError) {
        do {
            publicKey = try unsafe PublicKey(point: Self.point(of: pointer))
        } catch {
            unsafe EVP_PKEY_free(pointer)
            throw error
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// A fresh key from the system's randomness.
    public static func generate() throws(CryptographyError) -> PrivateKey {
        ERR_clear_error()
        guard let key = unsafe kossl_p256_generate() else { throw .takingErrorQueue(.outOfResources, "key generation") }
        return try unsafe PrivateKey(owning: key)
    }

    /// ECDSA with SHA-256 over `message`.
    ///
    /// - Returns: DER SEQUENCE of r and s, at most 72 bytes. Two signatures over one message differ.
    public func sign(_ message: some Collection<UInt8>) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        let digest = SHA256.hash(message)
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else {
            throw .takingErrorQueue(.outOfResources, "signing")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var good = false
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: 80) { out, count in
            var length = 80
            good =
                unsafe EVP_PKEY_sign_init(context) == 1
                && EVP_PKEY_sign(context, out.baseAddress, &length, digest, digest.count) == 1
            count = good ? length : 0
        }
        guard good else { throw .takingErrorQueue(.outOfResources, "signing") }
        return signature
    }

    /// The x coordinate that this key and `peer` agree on (ECDH, 32 bytes). The caller wipes it.
    func agree(with peer: PublicKey) throws(CryptographyError) -> [UInt8] {
        try unsafe Self.agree(pointer, with: peer)
    }

    /// `pointer` belongs to the caller.
    static func agree(_ pointer: OpaquePointer, with peer: PublicKey) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else {
            throw .takingErrorQueue(.outOfResources, "key agreement")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var good = false
        let secret = unsafe [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            var length = 32
            // No second check of the peer: PublicKey's init did it once, and it costs as much as the agreement
            // itself.
            good =
                unsafe EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer_ex(context, peer.pointer, 0) == 1
                && EVP_PKEY_derive(context, out.baseAddress, &length) == 1
            count = good ? length : 0
        }
        guard good, secret.count == 32 else { throw .takingErrorQueue(.cannotOpen, "key agreement") }
        return secret
    }

    /// A key for one agreement, and its public point.
    ///
    /// Made from this module's template, which spares the look-up of the curve.
    static func ephemeral(for peer: PublicKey) throws(CryptographyError) -> (secret: [UInt8], point: [UInt8]) {
        ERR_clear_error()
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, peer.pointer, nil) else {
            throw .takingErrorQueue(.outOfResources, "key agreement")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1, unsafe EVP_PKEY_keygen(context, &key) == 1,
            let key = unsafe key
        else {
            throw .takingErrorQueue(.outOfResources, "key agreement")
        }
        defer { unsafe EVP_PKEY_free(key) }
        return try unsafe (agree(key, with: peer), point(of: key))
    }

    private static func point(of pointer: OpaquePointer) throws(CryptographyError) -> [UInt8] {
        var good = false
        let point = unsafe [UInt8](unsafeUninitializedCapacity: 65) { out, count in
            var length = 0
            good = unsafe EVP_PKEY_get_octet_string_param(pointer, "pub", out.baseAddress, 65, &length) == 1
            count = good ? length : 0
        }
        guard good, point.count == 65 else { throw .takingErrorQueue(.malformed, "not a P-256 key") }
        return point
    }
}
