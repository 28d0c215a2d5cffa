// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
public import Letters

/// Why a slip or a part was not made or not opened.
public struct SealingError: Error, Sendable, Equatable {
    /// What the caller does; the raw value is the code of the vectors and of refusals. A peer sees one text for all
    /// of `part.*`.
    public enum Code: String, Sendable, CaseIterable {
        /// Longer than a file of its kind may be.
        case gateSize = "gate.size"
        /// Not our DER.
        case gateMalformed = "gate.malformed"
        /// DER of another shape.
        case gateProfile = "gate.profile"
        case signatureInvalid = "signature.invalid"
        /// The certificate is not one that may sign: unknown, revoked, expired, or for another use.
        case signerNotPermitted = "signer.not-permitted"
        case slipMalformed = "slip.malformed"
        case slipVersion = "slip.version"
        case slipBinding = "slip.binding"
        /// A part that is not the one the slip names, by digest, size class or list.
        case partMismatch = "part.mismatch"
        /// Every cause alike: another key, an altered byte, a header that contradicts the slip, a wrong commitment.
        case partCannotOpen = "part.cannot-open"
        /// Our own side: content that no part can hold, or a certificate of another kind.
        case cannotSeal = "part.cannot-seal"
    }

    public let code: Code
    /// For our own log: the rule that was broken. Never a value from the input.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Keeps the code that the reader of the slip gave.
    public init(_ error: LetterError) {
        let code: Code =
            switch error.code {
            case .version: .slipVersion
            case .binding: .slipBinding
            case .partMismatch: .partMismatch
            default: .slipMalformed
            }
        self.init(code, error.reason)
    }

    init(_ code: Code, _ error: CryptographyError) { self.init(code, error.reason) }

    init(_ error: DERError) {
        switch error {
        case .malformed: self.init(.gateMalformed, error.reason)
        case .profile: self.init(.gateProfile, error.reason)
        }
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
