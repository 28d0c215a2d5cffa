// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import COpenSSLShims

extension PrivateKey {
    /// Reads a PKCS#8 `PrivateKeyInfo` (RFC 5208), DER, unencrypted.
    ///
    /// - Throws: ``CryptographyError`` `.malformed`, also for a key of another curve.
    public convenience init(pkcs8: [UInt8]) throws(CryptographyError) {
        ERR_clear_error()
        let info = unsafe pkcs8.withUnsafeBufferPointer { buffer -> OpaquePointer? in  // <PKCS8_PRIV_KEY_INFO>
            guard let start = buffer.baseAddress, buffer.count <= 4_096 else { return nil }
            var cursor: UnsafePointer<UInt8>? = unsafe start
            guard let info = unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, buffer.count) else { return nil }
            guard unsafe cursor == start + buffer.count else {
                unsafe PKCS8_PRIV_KEY_INFO_free(info)
                return nil
            }
            return unsafe info
        }
        guard let info = unsafe info else { throw .takingErrorQueue(.malformed, "not a PKCS#8 key") }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        guard let key = unsafe EVP_PKCS82PKEY(info) else { throw .takingErrorQueue(.malformed, "not a PKCS#8 key") }
        guard unsafe EVP_PKEY_is_a(key, "EC") == 1, unsafe Self.curve(of: key) == "prime256v1" else {
            unsafe EVP_PKEY_free(key)
            throw CryptographyError(.malformed, "not a P-256 key")
        }
        try unsafe self.init(owning: key)
    }

    /// PKCS#8 `PrivateKeyInfo`, DER, unencrypted: for the TLS library. Wipe it after use.
    public func pkcs8() throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        guard let info = unsafe EVP_PKEY2PKCS8(pointer) else { throw .takingErrorQueue(.outOfResources, "PKCS#8") }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        var out: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &out)
        guard count > 0, let start = unsafe out else { throw .takingErrorQueue(.outOfResources, "PKCS#8") }
        defer {
            unsafe OPENSSL_cleanse(start, Int(count))
            unsafe kossl_free(start)
        }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    /// `ENCRYPTED PRIVATE KEY`: PKCS#8, PBES2 with scrypt and AES-256-CBC (RFC 8018, 7914). `openssl pkey` opens it.
    ///
    /// Blocks for as long as `cost` says.
    public func encryptedPEM(password: [UInt8], cost: ScryptCost = .keyFile) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        guard let info = unsafe EVP_PKEY2PKCS8(pointer) else { throw .takingErrorQueue(.outOfResources, "PKCS#8") }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        guard let algorithm = unsafe PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nil, 0, nil, cost.n, cost.r, cost.p)
        else {
            throw .takingErrorQueue(.unsupported, "PBES2")
        }
        let made = unsafe withPassword(password) { unsafe PKCS8_set0_pbe($0, Int32(password.count), info, algorithm) }
        guard let sealed = unsafe made else {
            unsafe X509_ALGOR_free(algorithm)
            throw .takingErrorQueue(.outOfResources, "PBES2")
        }
        defer { unsafe X509_SIG_free(sealed) }
        var out: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509_SIG(sealed, &out)
        guard count > 0, let start = unsafe out else { throw .takingErrorQueue(.outOfResources, "PKCS#8") }
        defer { unsafe kossl_free(start) }
        return PEM.write(
            unsafe Array(UnsafeBufferPointer(start: start, count: Int(count))), label: "ENCRYPTED PRIVATE KEY")
    }

    /// Opens a file that ``encryptedPEM(password:cost:)`` or `openssl pkcs8 -topk8` made.
    ///
    /// - Throws: ``CryptographyError`` `.malformed` when it is no such file, `.wrongPassword` when it does not open.
    public convenience init(encryptedPEM pem: [UInt8], password: [UInt8]) throws(CryptographyError) {
        let der = try PEM.read(pem, label: "ENCRYPTED PRIVATE KEY")
        ERR_clear_error()
        let sealed = unsafe der.withUnsafeBufferPointer { buffer -> OpaquePointer? in  // <X509_SIG>
            guard buffer.count <= 4_096 else { return nil }
            var cursor: UnsafePointer<UInt8>? = buffer.baseAddress
            return unsafe d2i_X509_SIG(nil, &cursor, buffer.count)
        }
        guard let sealed = unsafe sealed else { throw .takingErrorQueue(.malformed, "not an encrypted PKCS#8 key") }
        defer { unsafe X509_SIG_free(sealed) }
        let opened = unsafe withPassword(password) { unsafe PKCS8_decrypt(sealed, $0, Int32(password.count)) }
        guard let info = unsafe opened else {
            throw .takingErrorQueue(.wrongPassword, "the key file does not open")
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        guard let key = unsafe EVP_PKCS82PKEY(info) else {
            throw .takingErrorQueue(.wrongPassword, "the key file does not open")
        }
        guard unsafe EVP_PKEY_is_a(key, "EC") == 1, unsafe Self.curve(of: key) == "prime256v1" else {
            unsafe EVP_PKEY_free(key)
            throw CryptographyError(.malformed, "not a P-256 key")
        }
        try unsafe self.init(owning: key)
    }

    private static func curve(of pointer: OpaquePointer) -> String {
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        guard unsafe EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1 else { return "" }
        return String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
