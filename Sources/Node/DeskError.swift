// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Why the desk did not do what a caseworker asked. Nothing was written.
public struct DeskError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// The procedure does not admit it; ``DeskError/refusal`` names the guard or reason.
        case refused
        /// No current consent covers the data, and the event names no other basis.
        case cannotSeal = "cannot-seal"
        /// A form is not what the profile asks for; ``DeskError/findings`` names the fields.
        case formInvalid = "form-invalid"
        case unknownCase = "unknown-case"
        case unknownLetter = "unknown-letter"
        case unknownAccount = "unknown-account"
        case unknownMember = "unknown-member"
        /// The events belong to different lanes; one letter has one lane.
        case mixedLanes = "mixed-lanes"
        /// Nobody is there who may read it.
        case noRecipient = "no-recipient"
        /// An attachment cannot be read, is too large, or is named by no form.
        case attachment
        /// Ancestors of the case are missing here: the node must fetch first.
        case incomplete
        /// The profile of the case is not known here.
        case unknownProfile = "unknown-profile"
        /// The directory has expired and the letter is no stop, fact or withdrawal.
        case directoryExpired = "directory-expired"
        /// The person has one live case already.
        case alreadyOpen = "already-open"
    }

    public let code: Code
    /// For the people concerned: names of guards, events, fields; never a value of a form.
    public let reason: String
    public let refusal: Refusal?
    /// Fields of a form and the rule that each breaks.
    public let findings: [String]

    public init(_ code: Code, _ reason: String, refusal: Refusal? = nil, findings: [String] = []) {
        self.code = code
        self.reason = reason
        self.refusal = refusal
        self.findings = findings
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code && left.refusal == right.refusal }
}
