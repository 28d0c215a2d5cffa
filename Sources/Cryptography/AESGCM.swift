// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// AES-256-GCM, NIST SP 800-38D: records at rest, and the inside of a part.
public enum AESGCM {
    public static let keyBytes = 32
    public static let nonceBytes = 12
    public static let tagBytes = 16

    /// Encrypts a record.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - nonce: 12 bytes, never twice under one key; leave it out.
    ///   - associatedData: where the record belongs (table, id, version), so that it opens nowhere else.
    /// - Returns: nonce (12) ‖ ciphertext ‖ tag (16).
    public static func seal(
        _ plain: [UInt8], key: [UInt8], nonce: [UInt8] = SecureRandom.bytes(nonceBytes), associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        guard key.count == keyBytes, nonce.count == nonceBytes else {
            throw CryptographyError(.unsupported, "AES-256-GCM: key or nonce length")
        }
        var result: [UInt8] = []
        result.reserveCapacity(nonceBytes + plain.count + tagBytes)
        result += nonce
        result += plain
        let tag = try encrypt(
            &result, in: nonceBytes..<result.count, key: key, nonce: nonce, associatedData: associatedData)
        result += tag
        return result
    }

    /// Decrypts a record that ``seal(_:key:nonce:associatedData:)`` made.
    ///
    /// - Throws: ``CryptographyError`` `.cannotOpen`: another key, other associated data, or altered; nothing is
    ///   released.
    public static func open(_ sealed: [UInt8], key: [UInt8], associatedData: [UInt8]) throws(CryptographyError)
        -> [UInt8]
    {
        guard key.count == keyBytes else { throw CryptographyError(.unsupported, "AES-256-GCM: key length") }
        guard sealed.count >= nonceBytes + tagBytes else {
            throw CryptographyError(.cannotOpen, "AES-256-GCM: too short")
        }
        return try decrypt(
            sealed[nonceBytes..<sealed.count - tagBytes], key: key, nonce: sealed[..<nonceBytes],
            tag: sealed.suffix(tagBytes), associatedData: associatedData)
    }

    /// Encrypts `range` of `buffer` in place and returns the tag: a part is built where it will be sent from.
    static func encrypt(
        _ buffer: inout [UInt8], in range: Range<Int>, key: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        guard range.count <= Int(Int32.max), associatedData.count <= Int(Int32.max) else {
            throw CryptographyError(.unsupported, "AES-256-GCM: more than 2 GiB")
        }
        ERR_clear_error()
        var tag = [UInt8](repeating: 0, count: tagBytes)
        let good = unsafe buffer.withUnsafeMutableBufferPointer { whole -> Bool in
            guard let context = unsafe EVP_CIPHER_CTX_new() else { return false }
            defer { unsafe EVP_CIPHER_CTX_free(context) }
            let text = unsafe UnsafeMutableBufferPointer(rebasing: whole[range])
            var done: Int32 = 0
            return unsafe EVP_EncryptInit_ex2(context, Algorithms.gcm.pointer, key, nonce, nil) == 1
                && (associatedData.isEmpty
                    || EVP_EncryptUpdate(context, nil, &done, associatedData, Int32(associatedData.count)) == 1)
                && (text.isEmpty
                    || EVP_EncryptUpdate(context, text.baseAddress, &done, text.baseAddress, Int32(text.count)) == 1)
                && EVP_EncryptFinal_ex(context, &tag, &done) == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), &tag) == 1
        }
        guard good else { throw .takingErrorQueue(.outOfResources, "AES-256-GCM") }
        return tag
    }

    /// Decrypts into a buffer of its own, which is zeroed unless the tag agrees.
    ///
    /// - Parameter tag: exactly 16 bytes: OpenSSL would compare any shorter tag it is given.
    static func decrypt(
        _ text: ArraySlice<UInt8>, key: [UInt8], nonce: ArraySlice<UInt8>, tag: ArraySlice<UInt8>,
        associatedData: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        guard key.count == keyBytes, nonce.count == nonceBytes, tag.count == tagBytes else {
            throw CryptographyError(.cannotOpen, "AES-256-GCM: key, nonce or tag length")
        }
        guard text.count <= Int(Int32.max), associatedData.count <= Int(Int32.max) else {
            throw CryptographyError(.unsupported, "AES-256-GCM: more than 2 GiB")
        }
        var good = false
        var expected = Array(tag)
        let iv = Array(nonce)
        let plain = unsafe [UInt8](unsafeUninitializedCapacity: text.count) { out, count in
            guard let context = unsafe EVP_CIPHER_CTX_new() else { return }
            defer { unsafe EVP_CIPHER_CTX_free(context) }
            var done: Int32 = 0
            var end: UInt8 = 0
            good = unsafe text.withUnsafeBufferPointer { text in
                unsafe EVP_DecryptInit_ex2(context, Algorithms.gcm.pointer, key, iv, nil) == 1
                    && (associatedData.isEmpty
                        || EVP_DecryptUpdate(context, nil, &done, associatedData, Int32(associatedData.count)) == 1)
                    && (text.isEmpty
                        || EVP_DecryptUpdate(context, out.baseAddress, &done, text.baseAddress, Int32(text.count)) == 1)
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &expected) == 1
                    && EVP_DecryptFinal_ex(context, &end, &done) == 1
            }
            if good {
                count = text.count
            } else if !text.isEmpty {
                unsafe OPENSSL_cleanse(out.baseAddress, text.count)
            }
        }
        ERR_clear_error()  // a failed tag leaves nothing that helps
        guard good else { throw CryptographyError(.cannotOpen, "AES-256-GCM: the tag does not agree") }
        return plain
    }
}
