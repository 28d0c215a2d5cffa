// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// The node's own trail, without any case: how far its letters have come, and what somebody should look at.
enum AuditPage {
    static func show(_ call: Call) throws -> WebResponse { try response(call) }

    /// - Parameter fault: why the bundle that came is not taken.
    static func response(_ call: Call, fault: Word? = nil) throws -> WebResponse {
        let words = try call.procedure()
        let counts = try call.desk.list(at: call.now).sent
        let alarms = try call.desk.alarms()
        let bundle = BundlePage(call: call, words: words, fault: fault)
        return Page(call: call, title: .audit, hasError: fault != nil).response(status: fault == nil ? 200 : 422) {
            call.errorSummary(fault.map { [("file", call.say($0))] } ?? [])
            E("p", ["class": "hint"]) { call.say(.auditHow) }
            E("h2") { call.say(.auditLetters) }
            E("dl") {
                for (state, word) in [
                    (OutboxEntry.State.waiting, Word.wayWaiting), (.stored, .wayStored), (.refused, .wayRefused),
                    (.rejected, .wayRejected), (.ended, .wayEnded),
                ] {
                    E("dt") { call.say(word) }
                    E("dd") { words.labels.number(Int64(counts[state] ?? 0)) }
                }
            }
            E("h2") { call.say(.alarms) }
            if alarms.isEmpty { E("p") { call.say(.noAlarms) } }
            list(alarms, words, call)
            bundle.ownTrail
            bundle.bundle
        }
    }

    /// Newest first, one row for each kind and member: nobody fills the page with many of hers.
    static func list(_ alarms: [Alarm], _ words: DeskWords, _ call: Call) -> HTML {
        var groups: [(newest: Alarm, count: Int64)] = []
        for alarm in alarms {
            if let index = groups.firstIndex(where: { $0.newest.kind == alarm.kind && $0.newest.member == alarm.member }
            ) {
                groups[index].count += 1
            } else {
                groups.append((alarm, 1))
            }
        }
        return group {
            E("ul", ["class": "rows"]) {
                for (alarm, count) in groups.prefix(WebLimits.rows) {
                    E("li") {
                        E("p", ["class": "late"]) { call.say(alarm.kind.word) }
                        E("p", ["class": "since"]) {
                            words.moment(alarm.at)
                            if let member = alarm.member { " · \(words.member(member))" }
                            if alarm.kind == .signIn, let name = alarm.detail { " · \(name)" }
                            if count > 1 { " · \(call.say(.moreRows, ["count": words.labels.number(count - 1)]))" }
                        }
                    }
                }
            }
            if groups.count > WebLimits.rows {
                E("p") {
                    call.say(.moreRows, ["count": words.labels.number(Int64(groups.count - WebLimits.rows))])
                }
            }
        }
    }
}

extension Alarm.Kind {
    var word: Word {
        switch self {
        case .gap: .alarmGap
        case .conflict: .alarmConflict
        case .unreadable: .alarmUnreadable
        case .invalid: .alarmInvalid
        case .rejected: .alarmRejected
        case .strangeReceipt: .alarmStrangeReceipt
        case .clock: .alarmClock
        case .notTrusted: .alarmNotTrusted
        case .document: .alarmDocument
        case .logForged: .alarmLogForged
        case .logUnwitnessed: .alarmLogUnwitnessed
        case .signIn: .alarmSignIn
        }
    }
}
