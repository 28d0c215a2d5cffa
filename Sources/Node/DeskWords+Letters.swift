// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Letters
import Procedure

/// How far letters have come, and why.
extension DeskWords {
    /// What a letter is: its events, its forms, or what it says of another letter.
    public func title(of entry: HistoryEntry) -> String {
        if let about = entry.about { return "\(title(of: about)) (\(about.letter.hex.prefix(8))…)" }
        if !entry.events.isEmpty { return events(entry.events.map(\.code)) }
        guard entry.forms.isEmpty else { return Set(entry.forms.values).map(form).sorted().joined(separator: ", ") }
        return entry.isOpened ? "" : labels.sentence(.sealedHere)
    }

    public func events(_ codes: [String]) -> String { codes.map(event).joined(separator: ", ") }

    /// What a receipt, refusal or notice says.
    public func title(of about: About) -> String {
        if let state = about.state { return receipt(state, about.code) }
        return about.code.map(void) ?? ""
    }

    /// What became of a letter: why it is void, or what its receipts prove; and since when its forms are kept no longer.
    public func mark(of entry: HistoryEntry) -> String {
        let gone = entry.formsGone.map { labels.sentence(.formsGone, ["date": moment($0)]) }
        return [standing(of: entry), gone].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private func standing(of entry: HistoryEntry) -> String {
        if entry.isVoid { return entry.voids.first.map { labels.sentence(.void, ["reason": void($0.code)]) } ?? "" }
        if let refusal = entry.refusal { return labels.sentence(.void, ["reason": labels.reason(of: refusal)]) }
        return entry.receipts.map { "\(member($0.sender)): \(receipt($0.state, $0.code))" }.joined(separator: "; ")
    }

    /// Why a letter is where it is, and what comes next.
    public func sentence(for letter: LetterView) -> String {
        if let entry = letter.outbox {
            return sentence(for: entry, to: letter.entry.to, of: letter.slip.type, letter.entry.receipts)
        }
        return letter.inbox.map { sentence(for: $0, of: letter.entry.letter) } ?? labels.sentence(.known)
    }

    public func sentence(for item: TransitItem<OutboxEntry>) -> String {
        sentence(for: item.entry, to: item.to, of: item.letter.type, item.receipts)
    }

    public func sentence(for item: TransitItem<InboxEntry>) -> String { sentence(for: item.entry, of: item.letter) }

    private func sentence(
        for entry: OutboxEntry, to members: [MemberID], of type: LetterType, _ receipts: [ReceiptRecord]
    ) -> String {
        switch entry.state {
        case .waiting:
            let reason: String =
                switch entry.code {
                case nil: labels.sentence(.nextContact)
                case "waiting": labels.sentence(.earlierLetter)
                case "no-progress": labels.sentence(.noProgress)
                case "store.full", "case.full", "quota", "letter.held": labels.sentence(.brokerFull)
                case let code?: labels.sentence(.brokerLater, ["code": code])
                }
            let words = labels.sentence(.sealed, ["reason": reason, "time": moment(entry.due)])
            return entry.carried == nil ? words : "\(words); \(labels.sentence(.carried))"
        case .stored:
            guard type == .step, !members.isEmpty else { return labels.sentence(.relayed) }
            return members.map { member in
                let own = receipts.filter { $0.sender == member }
                guard let receipt = own.first(where: { $0.state == .acted }) ?? own.last else {
                    return labels.sentence(.relayed)
                }
                return "\(self.member(member)): \(self.receipt(receipt.state, receipt.code))"
            }.joined(separator: "; ")
        case .refused: return labels.sentence(.deliveryRefused, ["reason": reason(entry.code)])
        case .rejected: return labels.sentence(.rejected, ["reason": reason(entry.code)])
        case .ended: return void(entry.code ?? "", at: entry.settled)
        }
    }

    private func sentence(for entry: InboxEntry, of letter: LetterRecord) -> String {
        switch entry.state {
        case .stored: return labels.sentence(.aboutToOpen)
        case .waiting:
            switch entry.code {
            case "unknown-profile": return labels.sentence(.waitsForProfile)
            case "unknown-forms": return labels.sentence(.waitsForForms)
            case "directory-expired": return labels.sentence(.waitsForDirectory)
            case "clock": return labels.sentence(.waitsForClock)
            default: return labels.sentence(.waitsForLetters)
            }
        case .unreadable: return labels.sentence(.unreadable)
        case .judged:
            guard letter.type == .step else { return labels.sentence(.recorded) }
            switch entry.code {
            case nil:
                let words = labels.sentence(letter.state == .flagged ? .against : .inOrder)
                return entry.acted == nil ? words : "\(words); \(labels.sentence(.dealtWith))"
            case "part.cannot-open": return labels.sentence(.partUnopened)
            case "form.invalid": return labels.sentence(.formNotTaken)
            default: return labels.sentence(.notAdmitted)
            }
        }
    }

    /// What one receipt proves.
    public func receipt(_ state: About.State, _ code: String?) -> String {
        labels.sentence(Sentence(state), ["reason": reason(code)])
    }

    /// Why a signed refusal or notice makes a letter void.
    private func void(_ code: String, at ended: Instant? = nil) -> String {
        guard let notice = NoticeCode(rawValue: code) else { return reason(code) }
        return labels.sentence(Sentence(notice), ["date": ended.map(moment) ?? "…"])
    }

    private func void(_ code: String) -> String { void(code, at: nil) }

    /// A code of a slip or of the broker: a guard, a reason of the procedure, or a fault of the letter itself.
    private func reason(_ code: String?) -> String {
        guard let code else { return "?" }
        switch code {
        case "procedure.refused": return labels.name("refusal", Refusal.Reason.guardRed.rawValue)
        case "procedure.stale": return labels.name("refusal", Refusal.Reason.stale.rawValue)
        case "part.cannot-open": return labels.sentence(.partClosed)
        case "form.invalid": return labels.sentence(.formWrong)
        default: return labels.label("guard", code) ?? labels.name("refusal", code)
        }
    }
}
