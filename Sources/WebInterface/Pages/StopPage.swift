// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// She wants to stop: one press leads here, one more records it. No reason, no approval, no undo.
struct StopPage {
    let call: Call
    let caseID: CaseID
    let reference: String
    let words: DeskWords
    /// Withdrawals of what she has ever decided on: what still runs on her consent.
    let running: [String]

    static func show(_ call: Call) throws -> WebResponse { try StopPage(call).ask() }

    /// Each withdrawal is a letter of its own: who may read one need not read another. Urgent letters go before all others.
    static func record(_ call: Call) throws -> WebResponse {
        let page = try StopPage(call)
        let asked = call.form.value("what")
        let events = page.running.filter { asked == "everything" || $0 == asked }
        guard !events.isEmpty else { return try page.ask() }
        // Each is tried, whatever becomes of the others: what cannot go must not keep what can.
        var failed: [String: any Error] = [:]
        for event in events {
            do {
                _ = try call.desk.perform(
                    Act(events: [Event(code: event)], account: call.name), in: page.caseID, at: call.now)
            } catch { failed[event] = error }
        }
        // Pressed twice, or ended by the one before it: what runs no more is stopped.
        let running = failed.isEmpty ? [] : (try? StopPage(call))?.running ?? events
        return page.done(events, failed.filter { running.contains($0.key) })
    }

    // MARK: From a page that is about no case

    static func choose(_ call: Call) throws -> WebResponse { try chosen(call) }

    static func find(_ call: Call) throws -> WebResponse {
        let asked = call.form.value("reference")
        let found = try CaseReference.find(asked, in: call.desk.store)
        if found.count == 1 { return .seeOther("/cases/\(found[0].text)/stop") }
        return try chosen(call, among: found, wrong: found.isEmpty ? asked : nil)
    }

    /// - Parameters:
    ///   - found: the cases that are called so, where there are several; empty: all.
    ///   - wrong: what was typed and is no reference of a case here.
    private static func chosen(_ call: Call, among found: [CaseID] = [], wrong: String? = nil) throws -> WebResponse {
        let cases = try call.desk.list(at: call.now).cases.lazy.filter { summary in
            found.isEmpty ? summary.overview.hasEnded != true : found.contains(summary.caseID)
        }.prefix(WebLimits.cases)
        let error = wrong.map { _ in call.say(.notFoundCase) }
        return try Page(call: call, title: .stopTitle, heading: call.say(.sheWantsToStop), hasError: wrong != nil)
            .response(status: wrong == nil ? 200 : 404) {
                call.errorSummary(error.map { [("reference", $0)] } ?? [])
                E("p") { call.say(.stopFindHow) }
                E("form", ["method": "post", "action": "/stop", "class": "find"]) {
                    call.tokenField
                    call.textField("reference", .stopFind, value: wrong ?? "", error: error)
                    E("button", ["class": "button stop main"]) { call.say(.goOn) }
                }
                try E("ul", ["class": "rows"]) {
                    for overview in cases.map(\.overview) {
                        let words = try call.procedure(under: overview.profile)
                        E("li") {
                            E("a", ["class": "what", "href": "/cases/\(overview.caseID.text)/stop"]) {
                                CaseReference.html(overview.caseID)
                            }
                            E("p") { words.states(overview.lifecycle) }
                        }
                    }
                }
            }
    }

    private init(_ call: Call) throws {
        self.call = call
        caseID = try call.caseID()
        reference = caseID.text
        words = try call.procedure(caseID)
        let profile = try call.profile(of: caseID)
        let tracks = try call.desk.view(of: caseID, at: call.now).state.tracks
        running = try call.desk.possible(in: caseID, at: call.now).filter { act in
            guard act.refusal == nil, let rule = profile.event(act.event), rule.isWithdrawal, let home = rule.home
            else {
                return false
            }
            let states = tracks[home] ?? []
            return states != profile.definition.tracks[home].map { [$0.initial] }
                && TrackMark(states, of: home, in: profile) != .stopped
        }.map(\.event)
    }

    private func ask() throws -> WebResponse {
        let heading = call.say(.stopHeading, ["reference": CaseReference.text(caseID)])
        return Page(call: call, title: .stopTitle, heading: heading, caseReference: reference).response {
            if running.isEmpty {
                E("p") { call.say(.stopNothing) }
                E("p") { E("a", ["class": "button", "href": "/cases/\(reference)"]) { call.say(.backToCase) } }
            } else {
                E("p") { call.say(.stopHow) }
                E("form", ["method": "post", "action": "/cases/\(reference)/stop"]) {
                    call.tokenField
                    E("fieldset") {
                        E("legend") { call.say(.stopWhat) }
                        choice("everything", call.say(.stopEverything), isChosen: true)
                        for event in running { choice(event, words.event(event), isChosen: false) }
                    }
                    E("button", ["class": "button stop main"]) { call.say(.stopNow) }
                }
            }
        }
    }

    private func choice(_ value: String, _ label: String, isChosen: Bool) -> HTML {
        E("label", ["class": "choice"]) {
            E("input", ["type": "radio", "name": "what", "value": value, "checked": isChosen ? "" : nil])
            E("span") { label }
        }
    }

    private func done(_ events: [String], _ failed: [String: any Error]) -> WebResponse {
        let heading = call.say(failed.isEmpty ? .stopDone : .stopNotDone)
        return Page(
            call: call, title: .stopTitle, heading: heading, caseReference: reference, hasError: !failed.isEmpty
        )
        .response(status: failed.isEmpty ? 200 : 503) {
            if !failed.isEmpty {
                E("div", ["class": "errors", "role": "alert"]) {
                    E("ul") {
                        for event in events {
                            if let error = failed[event] { E("li") { "\(words.event(event)): \(reason(error))" } }
                        }
                    }
                    E("p") { call.say(.stopNotDoneHow) }
                }
                E("p") {
                    E("a", ["class": "button stop", "href": "/cases/\(reference)/stop"]) { call.say(.stopTitle) }
                }
            }
            if failed.count < events.count {
                if !failed.isEmpty { E("h2") { call.say(.stopDone) } }
                E("ul") { for event in events where failed[event] == nil { E("li") { words.event(event) } } }
                E("p") { call.say(.stopDoneHow) }
            }
            E("p") { E("a", ["class": "button", "href": "/cases/\(reference)/timeline"]) { call.say(.timeline) } }
        }
    }

    private func reason(_ error: any Error) -> String {
        (error as? DeskError).map(words.sentence(for:)) ?? call.say(.faultFailed)
    }
}
