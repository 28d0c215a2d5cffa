// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Every letter that its readers' nodes have not checked yet, and why.
enum OutboxPage {
    static func show(_ call: Call) throws -> WebResponse {
        let items = try call.desk.list(at: call.now).underWay
        return try Page(call: call, title: .outbox).response {
            E("p", ["class": "hint"]) { call.say(.outboxHow) }
            if items.isEmpty { E("p") { call.say(.allGone) } }
            try rows(items, call)
        }
    }

    /// - Parameter items: letters that not all of their readers' nodes have checked.
    static func rows(_ items: [LetterID], _ call: Call) throws -> HTML {
        let shown = try call.desk.outbox(Array(items.prefix(WebLimits.rows))).sorted { $0.letter.sent < $1.letter.sent }
        return try E("ul", ["class": "rows"]) {
            for item in shown {
                let words = try call.procedure(item.letter.caseID)
                E("li") {
                    E("p", ["class": "what"]) {
                        E("a", ["href": "/cases/\(item.letter.caseID.text)"]) {
                            CaseReference.html(item.letter.caseID)
                        }
                        item.shown.isEmpty ? "" : " · \(words.events(item.shown))"
                    }
                    E("p") { words.sentence(for: item) }
                    E("p", ["class": "since"]) {
                        "\(words.members(item.to)) · \(call.say(.since, ["time": words.moment(item.letter.sent)]))"
                    }
                }
            }
            if items.count > WebLimits.rows {
                try E("li") {
                    call.say(
                        .moreRows, ["count": try call.procedure().labels.number(Int64(items.count - WebLimits.rows))])
                }
            }
        }
    }
}
