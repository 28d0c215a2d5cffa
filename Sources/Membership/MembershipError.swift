// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a document, a signer, an enrolment or a home is not accepted.
public struct MembershipError: Error, Sendable, Equatable {
    /// What the caller does. Protocols/Membership.md, "Codes".
    public enum Code: String, Sendable, CaseIterable {
        // A directory or profile letter from outside.
        /// Not a document of Membership.md.
        case directoryMalformed = "directory.malformed"
        /// A format that this reader does not know.
        case directoryVersion = "directory.version"
        /// Well formed, and contradicts itself, its slip or its authority.
        case directoryBinding = "directory.binding"
        /// Not signed by the pinned root of the authority it speaks for.
        case directorySignature = "directory.signature"
        /// An older version than the one held: ignore it.
        case directoryOlder = "directory.older"
        /// The version that is held, with other content: the authority, or its key, speaks twice. Tell a person.
        case directoryConflict = "directory.conflict"
        /// Out of date: fetch the newer one. Until then normal letters wait.
        case directoryExpired = "directory.expired"
        /// Dated more than 24 hours ahead of the reader's clock.
        case directoryAhead = "directory.ahead"
        /// Signed, and in force by no directory held here.
        case profileNotInForce = "profile.not-in-force"

        // A letter.
        case signerNotPermitted = "signer.not-permitted"
        /// An addressee that no directory has, or that is no active member.
        case recipientUnknown = "recipient.unknown"
        /// No certificate to seal to, or not one of the addressee's.
        case recipientCertificate = "recipient.certificate"

        // Enrolment, at the authority and at home.
        case enrolmentMalformed = "enrolment.malformed"
        case enrolmentRefused = "enrolment.refused"
        /// The certificates are not there yet.
        case notAdmitted = "home.not-admitted"
        /// Wrong passphrase or key file, or a damaged key.
        case locked = "home.locked"
        case homeMalformed = "home.malformed"
        /// A secret that others may read.
        case homeUnsafe = "home.unsafe"
        /// The file system said no.
        case homeFile = "home.file"
        /// libcrypto gave up.
        case outOfResources = "out-of-resources"
    }

    public let code: Code
    /// For the operator, with the cure where there is one; member ids and dates, never a person, never a value from a
    /// stranger.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The code a peer sees: all that concerns a directory or profile is one.
    public var wire: String {
        code.rawValue.hasPrefix("directory.") || code == .profileNotInForce ? "directory.refused" : code.rawValue
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
