// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// What waits, and on whom: alarms first, then what is ours, then what is others', then what has not gone.
struct TodayPage {
    let call: Call

    static func show(_ call: Call) throws -> WebResponse {
        guard let account = call.account else { throw WebFault.forbidden }
        var notice = try call.desk.notice(of: account)
        if try !call.desk.news(for: account.role, after: notice.mark, at: call.now).isEmpty {
            notice.looked = call.now
            try call.desk.store.write { [notice] in try $0.put(notice) }
        }
        guard account.role.seesCases else {
            return Page(call: call, title: .today).response { E("p") { call.say(.notYourWork) } }
        }
        return try TodayPage(call: call).response()
    }

    private func response() throws -> WebResponse {
        let list = try call.desk.list(at: call.now)
        let alarms = try call.desk.alarms()
        let (drafts, practice) =
            Access.casework.admits(call.account?.role ?? .readOnly) ? try DraftsPage.drafts(call) : ([], [])
        let waiting = list.underWay
        let words = try call.procedure()
        return try Page(call: call, title: .today).response {
            if !alarms.isEmpty {
                E("h2") { call.say(.stopsAndAlarms) }
                AuditPage.list(alarms, words, call)
            }
            if list.ours.isEmpty && list.others.isEmpty && drafts.isEmpty && waiting.isEmpty {
                E("p") { call.say(.nothingWaits) }
            }
            try section(.waitsOnUs, list.ours, \.ours)
            if !drafts.isEmpty {
                E("h2") { call.say(.begun) }
                DraftsPage.rows(drafts.prefix(WebLimits.rows), practice, words, call)
                if drafts.count > WebLimits.rows {
                    E("p") {
                        E("a", ["href": "/drafts"]) {
                            call.say(
                                .moreRows, ["count": words.labels.number(Int64(drafts.count - WebLimits.rows))])
                        }
                    }
                }
            }
            try section(.waitsOnOthers, list.others, \.others)
            if !waiting.isEmpty {
                E("h2") { call.say(.outbox) }
                try OutboxPage.rows(waiting, call)
            }
        }
    }

    private func section(_ word: Word, _ cases: [CaseSummary], _ wait: (CaseSummary) -> Wait?) throws -> HTML {
        guard !cases.isEmpty else { return .empty }
        return try group {
            E("h2") { call.say(word) }
            try E("ul", ["class": "rows"]) {
                for summary in cases.prefix(WebLimits.rows) {
                    if let wait = wait(summary) { try row(summary, wait) }
                }
                if cases.count > WebLimits.rows {
                    try E("li") {
                        try E("a", ["href": "/cases"]) {
                            call.say(
                                .moreRows,
                                ["count": try call.procedure().labels.number(Int64(cases.count - WebLimits.rows))])
                        }
                    }
                }
            }
        }
    }

    private func row(_ summary: CaseSummary, _ wait: Wait) throws -> HTML {
        let words = try call.procedure(under: summary.overview.profile)
        let isLate = wait.due.map { $0 < call.now } ?? false
        return E("li") {
            E("p", ["class": "what"]) {
                E("a", ["href": "/cases/\(summary.caseID.text)"]) { CaseReference.html(summary.caseID) }
            }
            E("p", ["class": isLate ? "late" : nil]) { words.sentence(for: wait, at: call.now) }
            E("p", ["class": "since"]) { call.say(.since, ["time": words.moment(wait.since)]) }
            call.stopWay(summary.caseID)
        }
    }
}
