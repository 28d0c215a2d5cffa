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

    /// Why a letter is where it is in the outbox, and what comes next.
    static func outbox(_ entry: OutboxEntry, to members: [MemberID], isStep: Bool, _ receipts: [ReceiptRecord])
        -> String
    {
        switch entry.state {
        case .waiting:
            let carried = entry.carried == nil ? "" : "; a copy was written to a stick"
            guard let code = entry.code else { return "waits for the next contact with the broker" + carried }
            let why =
                switch code {
                case "waiting": "the broker waits for letters before this one"
                case "no-progress": "the broker keeps asking for the same thing"
                default: "the broker said \(code)"
                }
            return "\(why); tried \(entry.tries) times, and again by itself" + carried
        case .stored:
            guard isStep else { return "with the broker" }
            return members.map { member in
                let own = receipts.filter { $0.sender == member }
                if own.contains(where: { $0.state == .acted }) { return "\(member) has acted on it" }
                guard let receipt = own.last else { return "with the broker; \(member) has not opened it yet" }
                switch receipt.state {
                case .valid: return "\(member) has opened it; in order"
                case .flagged: return "\(member) has opened it; recorded against the procedure"
                case .acted: return "\(member) has acted on it"
                case .invalid: return "\(member) could not take it (\(receipt.code ?? "?")): send it again, rightly"
                }
            }.joined(separator: "; ")
        case .refused: return "refused by the broker: \(entry.code ?? "?"); it does not count"
        case .rejected: return "the broker does not take it as a letter (\(entry.code ?? "?")): tell your operator"
        case .ended:
            switch entry.code.flatMap({ NoticeCode(rawValue: $0) }) {
            case .expired: return "given up: nobody fetched it in time; it does not count"
            case .withheld: return "withheld by the broker: a stop makes it void"
            case .seenPossibly: return "a stop makes it void; it may have been seen"
            case .gone: return "given up: the recipient has left the network"
            case nil: return "ended: \(entry.code ?? "?")"
            }
        }
    }

    /// Why a letter is where it is in the inbox.
    static func inbox(_ entry: InboxEntry, _ letter: LetterRecord) -> String {
        switch entry.state {
        case .stored: return "stored; about to be opened"
        case .waiting:
            switch entry.code {
            case "unknown-profile": return "waits for a profile that is not here yet"
            case "unknown-forms": return "waits for the profile's forms: take in its forms.json"
            case "directory-expired": return "waits for a newer directory"
            case "clock": return "waits: its clock is more than a day ahead of this machine's"
            default: return "waits for letters before it, which the broker is asked for"
            }
        case .unreadable: return "not authenticated; nothing of it counts"
        case .judged:
            guard letter.type == .step else { return "recorded" }
            let acted = entry.acted == nil ? "" : "; acted on"
            guard let code = entry.code else {
                return letter.state == .flagged ? "recorded against the procedure" + acted : "in order" + acted
            }
            switch code {
            case "part.cannot-open": return "a part did not open: ask its sender to send it again"
            case "form.invalid": return "its steps count; its form is not one of the profile: ask for it again"
            case "procedure.refused", "procedure.stale": return "not admitted; its steps do not count"
            default: return "not taken: \(code)"
            }
        }
    }
}
