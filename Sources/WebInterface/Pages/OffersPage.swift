// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Cases that another member opened towards us and that nobody here has answered: what they tell without a name, and our answers.
enum OffersPage {
    static func show(_ call: Call) throws -> WebResponse {
        let offers = try call.desk.list(at: call.now).offers.prefix(WebLimits.rows).map(\.overview)
        return try Page(call: call, title: .offers).response {
            E("p", ["class": "hint"]) { call.say(.offersHow) }
            if offers.isEmpty { E("p") { call.say(.noOffers) } }
            for offer in offers { try card(offer, call) }
        }
    }

    private static func card(_ offer: CaseOverview, _ call: Call) throws -> HTML {
        let words = try call.procedure(offer.caseID)
        let profile = try call.profile(of: offer.caseID)
        let reference = offer.caseID.text
        let view = try call.desk.view(of: offer.caseID, at: call.now)
        let letters = try call.desk.history(of: offer.caseID).filter { $0.letter.type == .step }
        // Answers are the events that lead the case itself on, and are ours.
        let answers = try call.desk.possible(in: offer.caseID, at: call.now).filter {
            $0.refusal == nil && profile.event($0.event)?.home == "lifecycle"
        }
        let due = view.waits.filter { $0.kind == .step && $0.on.contains(call.desk.identity.member) }.compactMap(\.due)
            .min()
        let title = "\(call.say(.caseTitle)) \(CaseReference.text(offer.caseID))"
        return try E("section", ["class": "card offer", "aria-label": title]) {
            E("h2") { E("a", ["href": "/cases/\(reference)"]) { CaseReference.html(offer.caseID) } }
            E("p", ["class": "since"]) {
                call.say(.offerFrom, ["from": words.members(Set(letters.map(\.letter.sender)))])
                if let due { " · \(call.say(.answerBy, ["time": words.moment(due)]))" }
            }
            for letter in letters {
                for (commitment, name) in letter.forms.sorted(by: { $0.key < $1.key }) {
                    // A form of the offer's own tier names nobody; what does is read from the timeline, and noted.
                    if let schema = call.desk.network.forms(of: profile.digest)?.forms[name], schema.tier <= .t1 {
                        let form = try FormDocument.read(call.desk.form(commitment, in: offer.caseID))
                        FormPage.answers(form.fields, schema.fields, words)
                    }
                }
            }
            if Access.casework.admits(call.account?.role ?? .readOnly) {
                E("form", ["method": "post", "action": "/cases/\(reference)/do", "class": "steps"]) {
                    call.tokenField
                    for act in answers {
                        E("button", ["name": "event", "value": act.event]) { words.event(act.event) }
                    }
                }
            }
        }
    }
}
