// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import COpenSSLShims

/// OpenSSL's own CMS functions, as the `openssl cms` command uses them: the second opinion of tests and self-test,
/// and the floor of the benchmarks. Never between a stranger and a letter: it accepts more than the profile.
@safe public final class StockCMS: @unchecked Sendable {
    // @unchecked: the pointer is set once, never leaves this module and is only read from; OpenSSL guards the caches
    // it fills in an X509 with the object's own lock.
    private let certificate: OpaquePointer  // <X509>
    private let key: PrivateKey?

    public init(certificate: Certificate, key: PrivateKey? = nil) throws(CryptographyError) {
        ERR_clear_error()
        let parsed = unsafe certificate.der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor: UnsafePointer<UInt8>? = buffer.baseAddress
            return unsafe d2i_X509(nil, &cursor, buffer.count)
        }
        guard let parsed = unsafe parsed else { throw .takingErrorQueue(.malformed, "certificate") }
        unsafe self.certificate = parsed
        self.key = key
    }

    deinit { unsafe X509_free(certificate) }

    /// `openssl cms -sign -cades -keyid -nodetach`.
    public func sign(_ content: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard let key else { throw CryptographyError(.wrongKey, "no key") }
        return try unsafe Self.take { out in
            unsafe kossl_cms_sign(certificate, key.pointer, OID.slipText, content, content.count, &out)
        }
    }

    /// `openssl cms -verify -CAfile root`: the content.
    public static func verify(_ file: [UInt8], root: StockCMS, at seconds: Int64) throws(CryptographyError) -> [UInt8] {
        try unsafe take { out in unsafe kossl_cms_verify(file, file.count, root.certificate, seconds, &out) }
    }

    /// `openssl cms -verify -noverify`: signature and digest without a chain.
    public static func verifySignature(_ file: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try unsafe take { out in unsafe kossl_cms_verify_signature(file, file.count, &out) }
    }

    /// `openssl cms -encrypt -aes-256-gcm -aes256-wrap -keyid -keyopt ecdh_kdf_md:sha256`.
    public func seal(_ plain: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try unsafe Self.take { out in unsafe kossl_cms_seal(certificate, plain, plain.count, &out) }
    }

    /// `openssl cms -decrypt`.
    public func open(_ file: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard let key else { throw CryptographyError(.wrongKey, "no key") }
        return try unsafe Self.take { out in unsafe kossl_cms_open(file, file.count, certificate, key.pointer, &out) }
    }

    private static func take(_ call: (inout UnsafeMutablePointer<UInt8>?) -> Int) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        var out: UnsafeMutablePointer<UInt8>?
        let count = unsafe call(&out)
        defer { unsafe kossl_free(out) }
        guard count >= 0, let start = unsafe out else { throw .takingErrorQueue(.cannotOpen, "CMS") }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }
}
