// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The id of a letter: SHA-256 of its slip's JSON, the bytes that are signed. A step is known by the letter that carries it.
public typealias LetterID = Digest

/// Why bytes from outside are not what they claim to be, found before anything is decrypted.
public struct LetterError: Error, Sendable, Equatable {
    /// What the caller does; the raw value is the code on the wire (Protocols/Letter.md, "Codes").
    public enum Code: String, Sendable, CaseIterable {
        case malformed = "slip.malformed"
        case version = "slip.version"
        /// The letter's pieces contradict each other, or the clock.
        case binding = "slip.binding"
        case formInvalid = "form.invalid"
        case partMismatch = "part.mismatch"
        case archiveMalformed = "courier.malformed"
        case profileInvalid = "profile.invalid"
    }

    public let code: Code
    /// The rule that was broken and where; never a value from the input.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
