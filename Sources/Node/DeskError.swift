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
        /// A form is not what the profile asks for; ``DeskError/violations`` names the fields.
        case formInvalid = "form-invalid"
        case unknownCase = "unknown-case"
        case unknownLetter = "unknown-letter"
        case unknownAccount = "unknown-account"
        case unknownMember = "unknown-member"
        /// The events belong to different lanes; one letter has one lane.
        case mixedLanes = "mixed-lanes"
        /// Nobody is there who may read it.
        case noRecipient = "no-recipient"
        /// An attachment cannot be read, or is named by no form.
        case attachment
        /// An attachment is a damaged or too large picture, or nothing that may be attached. Protocols/Forms.md section 5.1.
        case fileNotTaken = "file-not-taken"
        /// Ancestors of the case are missing here: the node must fetch first.
        case incomplete
        /// The profile of the case is not known here.
        case unknownProfile = "unknown-profile"
        /// The directory has expired and the letter is no stop, fact or withdrawal.
        case directoryExpired = "directory-expired"
        /// The person has one live case already.
        case alreadyOpen = "already-open"
        /// A second person's signature was typed; the node alone writes it.
        case signatureTyped = "signature-typed"
        /// A second person has not approved exactly this.
        case notApproved = "not-approved"
        /// No step of this asks for a second person.
        case nothingToApprove = "nothing-to-approve"
    }

    public let code: Code
    /// For a log: codes of guards, events, fields; never a value of a form. What people read is
    /// ``DeskWords/sentence(for:)-(DeskError)``.
    public let reason: String
    public let refusal: Refusal?
    /// The form that is wrong or cannot be sealed.
    public let form: FormSchema?
    /// What its fields break.
    public let violations: [FormViolation]
    /// The same in codes: `F/traffickers_near: missing`.
    public var findings: [String] { violations.map(\.codes) }

    public init(
        _ code: Code, _ reason: String, refusal: Refusal? = nil, form: FormSchema? = nil,
        violations: [FormViolation] = []
    ) {
        self.code = code
        self.reason = reason
        self.refusal = refusal
        self.form = form
        self.violations = violations
    }

    /// No letter of a practice case is ever made.
    static var practice: DeskError { DeskError(.unknownCase, "a practice case") }

    /// The procedure does not admit it.
    init(_ refusal: Refusal) { self.init(.refused, refusal.codes, refusal: refusal) }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code && left.refusal == right.refusal }
}
