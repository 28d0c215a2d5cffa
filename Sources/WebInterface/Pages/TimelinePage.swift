// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Every letter of a case in the order in which this node came to know it, with what is proved of its way.
struct TimelinePage {
    let call: Call
    let reference: String
    let words: DeskWords
    let ways: [LetterID: TransitItem<OutboxEntry>]

    static func show(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        let reference = caseID.text
        let history = try call.desk.history(of: caseID).filter { $0.letter.type == .step }
        let outbox = try call.desk.outbox(of: caseID)
        let page = TimelinePage(
            call: call, reference: reference, words: try call.procedure(caseID),
            ways: Dictionary(outbox.map { ($0.letter.id, $0) }) { first, _ in first })
        return Page(call: call, title: .timeline, caseReference: reference).response {
            call.ways(reference)
            E("ol", ["class": "thread"]) { for entry in history { page.item(entry) } }
            if call.account?.role == .supervisor {
                E("p") { E("a", ["href": "/cases/\(reference)/export"]) { call.say(.exportCase) } }
            }
        }
    }

    private func item(_ entry: HistoryEntry) -> HTML {
        let isOurs = entry.letter.direction == .out
        return E("li", ["class": entry.isVoid ? "void" : nil]) {
            E("p", ["class": "what"]) { words.title(of: entry) }
            E("p", ["class": "since"]) {
                isOurs
                    ? call.say(.fromUs, ["to": words.members(entry.to)])
                    : call.say(.fromOther, ["from": words.member(entry.letter.sender)])
                " · \(words.moment(entry.letter.sent))"
            }
            if let way = ways[entry.letter.id] {
                E("p") {
                    E("span", ["class": mark(way, entry), "aria-hidden": "true"]) { "" }; words.sentence(for: way)
                }
            } else {
                let state = words.mark(of: entry)
                if !state.isEmpty { E("p") { state } }
            }
            if call.account.map({ Access.casework.admits($0.role) }) == true {
                for (commitment, form) in entry.forms.sorted(by: { $0.key < $1.key }) {
                    E("form", ["method": "post", "action": "/cases/\(reference)/form"]) {
                        call.tokenField
                        E("input", ["type": "hidden", "name": "form", "value": commitment.hex])
                        E("button", ["class": "link"]) { call.say(.readForm, ["form": words.form(form)]) }
                    }
                }
            }
            E("details") {
                E("summary") { call.say(.proof) }
                E("p", ["class": "proof", "translate": "no"]) { "\(call.say(.letterId)) \(entry.letter.id.hex)" }
            }
        }
    }

    /// A shape for each state beside its words.
    private func mark(_ way: TransitItem<OutboxEntry>, _ entry: HistoryEntry) -> String {
        switch way.entry.state {
        case .waiting: "mark"
        case .stored:
            entry.receipts.isEmpty
                ? "mark unknown" : entry.receipts.contains { $0.state == .invalid } ? "mark bad" : "mark green"
        case .refused, .rejected: "mark bad"
        case .ended: "mark gone"
        }
    }
}
