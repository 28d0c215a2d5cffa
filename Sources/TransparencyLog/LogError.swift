// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why bytes of a log are not what they claim to be.
public struct LogError: Error, Sendable, Equatable {
    /// What the caller does; the raw value stands in vectors and reports (Protocols/Log.md §6).
    public enum Code: String, Sendable, CaseIterable {
        /// Not of the format, or past a limit. Trying again changes nothing.
        case malformed = "log.malformed"
        /// A known key's signature does not verify: the whole note is worth nothing.
        case signatureInvalid = "log.signature-invalid"
        /// The log that this policy knows has not signed.
        case unsigned = "log.unsigned"
        /// A proof that does not lead to the root.
        case proofInvalid = "log.proof-invalid"
        /// Everything verifies, but it is about something else: another log, letter, slip file.
        case binding = "log.binding"
        /// Two trees of one log that contradict each other. Signed by the log, it is evidence: keep both.
        case inconsistent = "log.inconsistent"
        /// A policy by which a log would be its own witness, or that counts one key twice.
        case policy = "log.policy"
    }

    public let code: Code
    /// For our own log: the rule; never a value from the input.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
