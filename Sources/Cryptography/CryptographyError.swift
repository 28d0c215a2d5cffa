// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Why a cryptographic operation did not give a result.
public struct CryptographyError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// Bytes that are not what they claim to be, or of a shape outside our profile.
        case malformed
        /// A key file that this password does not open. A damaged file looks the same.
        case wrongPassword
        /// Key and certificate do not belong together.
        case wrongKey
        /// A wrapped key or ciphertext that does not authenticate.
        case cannotOpen
        /// A request that proves no possession of its key.
        case invalidSignature
        /// An argument outside the documented limits.
        case unsupported
        /// libcrypto gave up: out of memory, or broken.
        case outOfResources
    }

    /// What the caller does.
    public let code: Code
    /// For our own log: the rule, or OpenSSL's words. Never a value from the input.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    /// Takes what the failed call left in OpenSSL's error queue.
    ///
    /// The queue belongs to the thread, so this is called in the same synchronous function as the C call it
    /// explains; after an `await` it would be another thread's.
    static func takingErrorQueue(_ code: Code, _ what: String) -> CryptographyError {
        var reasons: [String] = []
        while case let error = ERR_get_error(), error != 0 {
            var text = [CChar](repeating: 0, count: 256)
            unsafe ERR_error_string_n(error, &text, text.count)
            reasons.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return CryptographyError(code, reasons.isEmpty ? what : "\(what): \(reasons.joined(separator: "; "))")
    }
}
