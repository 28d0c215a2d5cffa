// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Node

/// What waits, and on whom.
enum TodayPage {
    static func show(_ call: Call) throws -> WebResponse {
        guard let account = call.account, Access.sight.admits(account.role) else {
            return Page(call: call, title: .today).response { E("p") { call.say(.notYourWork) } }
        }
        let cases = try call.site.desk.cases().sorted { $0.newest > $1.newest }
        return Page(call: call, title: .today).response {
            if cases.isEmpty { E("p") { call.say(.noCases) } }
            E("ul", ["class": "rows"]) {
                for entry in cases {
                    E("li") {
                        E("span", ["class": "ref", "translate": "no"]) { CaseReference.text(entry.caseID) }
                        if entry.unread > 0 { E("b") { "\(call.say(.newLetters)): \(entry.unread)" } }
                    }
                }
            }
        }
    }
}
