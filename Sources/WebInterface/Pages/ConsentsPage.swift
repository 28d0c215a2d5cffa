// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Each thing that she decides on, by itself: how it stands, and one press to ask her or to take it back.
///
/// The decisions are the profile's consents; several may stand on one track.
struct ConsentsPage {
    let call: Call
    let caseID: CaseID
    let view: CaseView
    let profile: Profile
    let words: DeskWords
    let possible: [PossibleAct]

    static func show(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        return try ConsentsPage(
            call: call, caseID: caseID, view: try call.desk.view(of: caseID, at: call.now),
            profile: try call.profile(of: caseID), words: try call.procedure(caseID),
            possible: try call.desk.possible(in: caseID, at: call.now)
        ).response()
    }

    private func response() throws -> WebResponse {
        let reference = caseID.text
        let history = try call.desk.history(of: caseID).filter { $0.letter.type == .step }
        let tracks = Dictionary(grouping: profile.definition.consents.keys.sorted()) {
            profile.definition.consents[$0]?.track ?? ""
        }.sorted { ($0.value.first ?? "") < ($1.value.first ?? "") }
        return try Page(call: call, title: .consents, caseReference: reference).response {
            call.ways(reference)
            E("p", ["class": "hint"]) { call.say(.consentsHow) }
            for (track, names) in tracks { try card(track, names, history, reference) }
        }
    }

    private func card(_ track: String, _ names: [String], _ history: [HistoryEntry], _ reference: String) throws -> HTML
    {
        let text = try ReadAloud(call: call, profile: profile, decisions: names).text(in: call.language)
        let states = view.state.tracks[track] ?? []
        let checkpoint = view.checkpoints.first { $0.track == track }
        // A decision that is no settled checkpoint, for the preview alone, is a decision all the same.
        let standing = checkpoint.flatMap { $0.standing == .open ? nil : $0.standing }
        let mark = TrackMark(states, of: track, standing: standing, in: profile)
        let own = history.flatMap { entry in
            entry.events.filter { profile.event($0.code)?.home == track }.map { ($0.code, entry) }
        }
        let acts = possible.filter { profile.event($0.event)?.home == track && $0.refusal == nil }
        let runs = mark != .open && mark != .stopped
        return E("section", ["class": "card", "aria-label": words.track(track)]) {
            E("h2") { words.track(track) }
            E("p", ["class": mark == .stopped ? "late" : "what"]) {
                mark.html
                words.states(states, of: track)
                if let until = checkpoint?.until, mark == .settled {
                    E("span", ["class": "since"]) { " · \(call.say(.until, ["time": words.moment(until)]))" }
                }
            }
            E("ul", ["class": "hint"]) { for name in names { E("li") { words.labels.name("consent", name) } } }
            if !text.text.isEmpty {
                E("details") {
                    E("summary") { call.say(.readAloud) }
                    text
                }
            }
            if call.account.map({ Access.casework.admits($0.role) }) == true {
                E("form", ["method": "post", "action": "/cases/\(reference)/do", "class": "steps"]) {
                    call.tokenField
                    for act in acts where profile.event(act.event)?.isWithdrawal == false {
                        E("button", ["name": "event", "value": act.event]) { words.event(act.event) }
                    }
                }
            }
            if runs {
                E("form", ["method": "post", "action": "/cases/\(reference)/stop", "class": "steps"]) {
                    call.tokenField
                    for act in acts where profile.event(act.event)?.isWithdrawal == true {
                        E("button", ["name": "what", "value": act.event, "class": "button stop"]) {
                            words.event(act.event)
                        }
                    }
                }
            }
            if !own.isEmpty {
                E("details") {
                    E("summary") { call.say(.timeline) }
                    E("ul") {
                        for (event, entry) in own.reversed() {
                            E("li", ["class": entry.isVoid ? "void" : nil]) {
                                words.event(event)
                                E("span", ["class": "since"]) {
                                    " · \(words.member(entry.letter.sender)) · \(words.moment(entry.letter.sent))"
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
