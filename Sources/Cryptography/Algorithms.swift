// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// The algorithms of the profile, fetched once: a fetch for each operation costs more than a short digest.
///
/// A closed list: there is no parameter by which another cipher or digest could come in.
@safe enum Algorithms {
    /// A fetched algorithm. @unchecked: set once, read only, and libcrypto counts its references atomically; lives
    /// as long as the process.
    @safe struct Fetched: @unchecked Sendable {
        let pointer: OpaquePointer

        /// Without these algorithms no letter can be made or read, so a libcrypto that lacks one is a broken
        /// installation.
        init(_ pointer: OpaquePointer?, _ name: String) {
            guard let pointer = unsafe pointer else { preconditionFailure("libcrypto has no \(name)") }
            unsafe self.pointer = pointer
        }
    }

    static let sha256 = unsafe Fetched(EVP_MD_fetch(nil, "SHA256", nil), "SHA256")  // <EVP_MD>
    static let gcm = unsafe Fetched(EVP_CIPHER_fetch(nil, "AES-256-GCM", nil), "AES-256-GCM")  // <EVP_CIPHER>
    static let wrap = unsafe Fetched(EVP_CIPHER_fetch(nil, "AES-256-WRAP", nil), "AES-256-WRAP")  // <EVP_CIPHER>
    static let hmac = unsafe Fetched(EVP_MAC_fetch(nil, "HMAC", nil), "HMAC")  // <EVP_MAC>
}

/// Calls `body` with the bytes of any collection in one piece; arrays and their slices are not copied.
func withBytes<Result>(_ bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = bytes.withContiguousStorageIfAvailable({ unsafe body($0) }) { return result }
    return unsafe Array(bytes).withUnsafeBufferPointer { unsafe body($0) }
}

/// Calls `body` with a password as C takes it. No copy is made that would have to be wiped; C is told the length, so that no
/// zero need follow.
func withPassword<Result>(_ password: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe (password.isEmpty ? [0] : password).withUnsafeBytes { bytes in
        guard let start = unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress else {
            preconditionFailure("an array that is not empty has an address")
        }
        return unsafe body(start)
    }
}
