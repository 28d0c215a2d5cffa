// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
public import Procedure

/// What people read about states and refusals, in English; pages translate by code. Never a value of a form.
public enum DeskWords {
    /// Why the procedure does not admit a step.
    public static func refusal(_ refusal: Refusal) -> String {
        let event = refusal.event.map { "\($0): " } ?? ""
        let detail = refusal.detail.map { " (\($0))" } ?? ""
        let words =
            switch refusal.reason {
            case .guardRed: "the guard \(refusal.guardName ?? "?") is red"
            case .wrongRole: "the sender's role does not do this"
            case .noEdge: "it leads nowhere from where the case stands"
            case .secondRoot: "the case has been opened already by another letter"
            case .noParty: "somebody concerned is no party of this case"
            case .afterEnd: "the case has ended"
            case .unknownCode: "the profile does not know this code"
            case .badFact: "a compulsory fact is missing or not one of its list"
            case .wrongLane: "it travels on another lane"
            case .badBasis: "no current consent covers the data, and the event names no other basis"
            case .shownDiffers: "what is shown is not what is sealed"
            case .unaware: "it leaves out a letter that its sender knows"
            case .otherProfile: "the case runs under another profile"
            case .badTime: "it happened later than it was told"
            case .stale: "a stop makes it void"
            }
        return event + words + detail
    }

    /// What a form's answer breaks: the field's path and the rule.
    public static func violation(_ violation: FormViolation) -> String {
        let words =
            switch violation.rule {
            case .missing: "missing"
            case .unknownField: "no such field"
            case .wrongType: "not of the field's type"
            case .unknownCode: "not one of the field's codes"
            case .tooMuch: "too long, too many or too great"
            case .tooLittle: "too few or too small"
            case .differsFromFact: "the step says otherwise"
            case .rule(let name): "rule \(name)"
            case .wrongForm: "not a form of this event"
            }
        return "\(violation.section.map { "\($0)/" } ?? "")\(violation.field): \(words)"
    }

    /// Why a part cannot be sealed.
    public static func cannotSeal(_ form: String, _ refusal: Refusal) -> String {
        "the form \(form) cannot be sealed: \(self.refusal(refusal))"
    }
}
