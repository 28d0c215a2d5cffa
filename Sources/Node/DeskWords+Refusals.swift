// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Procedure

/// Why the desk did not do what was asked.
extension DeskWords {
    /// Why the procedure does not admit a step: `“Dossier sent” is not accepted: …`.
    public func sentence(for refusal: Refusal) -> String { labels.sentence(for: refusal) }

    /// The reason alone.
    public func reason(of refusal: Refusal) -> String { labels.reason(of: refusal) }

    /// One sentence for the error as a whole; what each field of a form breaks is in ``findings(in:)``.
    public func sentence(for error: DeskError) -> String {
        switch error.code {
        case .refused: error.refusal.map(labels.sentence(for:)) ?? labels.sentence(.nothingToSend)
        case .cannotSeal:
            labels.sentence(
                .cannotSeal,
                ["form": error.form.map { form($0.name) } ?? "", "reason": error.refusal.map(reason(of:)) ?? ""])
        case .formInvalid:
            error.form.map { labels.sentence(.formMistakes, ["form": form($0.name)]) }
                ?? labels.sentence(.formUnreadable)
        case .unknownCase: labels.sentence(.unknownCase)
        case .unknownLetter: labels.sentence(.unknownLetter)
        case .unknownAccount: labels.sentence(.unknownAccount)
        case .unknownMember: labels.sentence(.unknownMember)
        case .mixedLanes: labels.sentence(.mixedLanes)
        case .noRecipient: labels.sentence(.noRecipient)
        case .attachment: labels.sentence(.badAttachment)
        case .fileNotTaken: labels.sentence(.fileNotTaken)
        case .incomplete: labels.sentence(.incomplete)
        case .unknownProfile: labels.sentence(.noProfile)
        case .directoryExpired: labels.sentence(.directoryEnded)
        case .alreadyOpen: labels.sentence(.alreadyOpen)
        case .signatureTyped: labels.sentence(.signatureTyped)
        case .notApproved: labels.sentence(.notApproved)
        case .nothingToApprove: labels.sentence(.nothingToApprove)
        case .notOverdue: labels.sentence(.notOverdue)
        }
    }

    /// Each field of a form that is missing or wrong, by its name, with its section and what would be right.
    public func findings(in error: DeskError) -> [String] {
        error.violations.map { labels.sentence(for: $0, in: error.form) }
    }
}
