// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// All that was begun and not sealed, the newest first, what belongs to one case together.
enum DraftsPage {
    static func show(_ call: Call) throws -> WebResponse {
        let (drafts, practice) = try drafts(call)
        let words = try call.procedure()
        return Page(call: call, title: .begun).response {
            if drafts.isEmpty { E("p") { call.say(.nothingWaits) } }
            rows(drafts[...], practice, words, call)
        }
    }

    /// - Returns: the drafts, and which of their cases are practice.
    static func drafts(_ call: Call) throws -> (drafts: [DraftRecord], practice: Set<CaseID>) {
        try call.desk.store.read { transaction in
            let drafts = try transaction.drafts().sorted {
                ($1.updated, $0.caseID, $0.content.opens ? 0 : 1) < ($0.updated, $1.caseID, $1.content.opens ? 0 : 1)
            }
            return (drafts, try Set(drafts.map(\.caseID).filter(transaction.isPractice)))
        }
    }

    static func rows(
        _ drafts: ArraySlice<DraftRecord>, _ practice: Set<CaseID>, _ words: DeskWords, _ call: Call
    ) -> HTML {
        E("ul", ["class": "rows"]) {
            for draft in drafts {
                E("li") {
                    E("a", ["class": "what", "href": "/drafts/\(draft.id.hex)"]) { words.events(draft.content.events) }
                    if practice.contains(draft.caseID) {
                        E("p", ["class": "practice"]) { call.say(.practiceMark) }
                    } else {
                        E("p", ["class": "since"]) { CaseReference.html(draft.caseID) }
                    }
                    if draft.content.answers.values.contains(where: { $0.isImported == true }) {
                        E("p", ["class": "since"]) { call.say(.importUnseen) }
                    }
                    E("p", ["class": "since"]) { "\(draft.content.by) · \(words.moment(draft.updated))" }
                }
            }
        }
    }
}
