// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// What waits, and on whom: alarms first, then what is ours, then what is others', then what has not gone.
struct TodayPage {
    let call: Call

    /// A case with its longest wait of one kind.
    struct Row {
        let caseID: CaseID
        let wait: Wait
        let words: DeskWords
    }

    static func show(_ call: Call) throws -> WebResponse {
        guard let account = call.account, Access.sight.admits(account.role) else {
            return Page(call: call, title: .today).response { E("p") { call.say(.notYourWork) } }
        }
        return try TodayPage(call: call).response()
    }

    private func response() throws -> WebResponse {
        let (ours, others) = try rows()
        let alarms = try call.desk.alarms()
        let drafts =
            Access.casework.admits(call.account?.role ?? .readOnly) ? try call.desk.store.read { try $0.drafts() } : []
        let waiting = try call.desk.outbox().filter { $0.letter.type == .step && OutboxPage.isUnderWay($0) }
        let words = try call.procedure()
        return try Page(call: call, title: .today).response {
            if !alarms.isEmpty {
                E("h2") { call.say(.stopsAndAlarms) }
                AuditPage.list(alarms, words, call)
            }
            if ours.isEmpty && others.isEmpty && drafts.isEmpty && waiting.isEmpty {
                E("p") { call.say(.nothingWaits) }
            }
            section(.waitsOnUs, ours)
            if !drafts.isEmpty {
                E("h2") { call.say(.begun) }
                E("ul", ["class": "rows"]) {
                    for draft in drafts.prefix(WebLimits.rows) {
                        E("li") {
                            E("a", ["class": "what", "href": "/drafts/\(draft.id.hex)"]) {
                                words.events(draft.content.events)
                            }
                            E("p", ["class": "since"]) { "\(draft.content.by) · \(words.moment(draft.updated))" }
                        }
                    }
                }
            }
            section(.waitsOnOthers, others)
            if !waiting.isEmpty {
                E("h2") { call.say(.outbox) }
                try OutboxPage.rows(waiting, call)
            }
        }
    }

    /// One row a case and side, the longest wait first.
    private func rows() throws -> (ours: [Row], others: [Row]) {
        var (ours, others): ([Row], [Row]) = ([], [])
        let member = call.desk.identity.member
        for overview in try call.desk.cases() where overview.hasEnded != true || overview.unread > 0 {
            let words = try call.procedure(overview.caseID)
            let waits = try call.desk.view(of: overview.caseID, at: call.now).waits.filter {
                $0.kind == .step || $0.kind == .us
            }
            let sides = [waits.filter { $0.on.contains(member) }, waits.filter { !$0.on.contains(member) }]
            for (side, waits) in zip([0, 1], sides) {
                // What is due first; where nothing is, what has waited longest.
                guard
                    let wait = waits.min(by: { ($0.due ?? $0.since + 31_536_000) < ($1.due ?? $1.since + 31_536_000) })
                else { continue }
                let row = Row(caseID: overview.caseID, wait: wait, words: words)
                if side == 0 { ours.append(row) } else { others.append(row) }
            }
        }
        return (ours.sorted { $0.wait.since < $1.wait.since }, others.sorted { $0.wait.since < $1.wait.since })
    }

    private func section(_ word: Word, _ rows: [Row]) -> HTML {
        group {
            if !rows.isEmpty {
                E("h2") { call.say(word) }
                E("ul", ["class": "rows"]) {
                    for row in rows.prefix(WebLimits.rows) { self.row(row) }
                    if rows.count > WebLimits.rows {
                        E("li") {
                            E("a", ["href": "/cases"]) {
                                call.say(
                                    .moreRows,
                                    ["count": rows[0].words.labels.number(Int64(rows.count - WebLimits.rows))])
                            }
                        }
                    }
                }
            }
        }
    }

    private func row(_ row: Row) -> HTML {
        let isLate = row.wait.due.map { $0 < call.now } ?? false
        return E("li") {
            E("p", ["class": "what"]) {
                E("a", ["href": "/cases/\(row.caseID.text)"]) { CaseReference.html(row.caseID) }
            }
            E("p", ["class": isLate ? "late" : nil]) { row.words.sentence(for: row.wait, at: call.now) }
            E("p", ["class": "since"]) { call.say(.since, ["time": row.words.moment(row.wait.since)]) }
        }
    }
}
