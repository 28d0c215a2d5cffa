// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Where she stands, what can be done, what cannot and why not, and who waits on whom.
struct CasePage {
    let call: Call
    let caseID: CaseID
    let reference: String
    let view: CaseView
    let possible: [PossibleAct]
    let profile: Profile
    let words: DeskWords

    static func show(_ call: Call) throws -> WebResponse { try CasePage(call, of: call.caseID()).response() }

    /// Somebody here has dealt with a letter: its sender is told.
    static func markActedOn(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        guard let letter = Digest(hex: call.form.value("letter")) else { throw WebFault.badRequest }
        guard try call.desk.letter(letter).entry.letter.caseID == caseID else { throw WebFault.notFound }
        _ = try call.desk.markActedOn(letter, account: call.name, at: call.now)
        return .seeOther("/cases/\(caseID.text)")
    }

    init(_ call: Call, of caseID: CaseID) throws {
        self.call = call
        self.caseID = caseID
        reference = caseID.text
        view = try call.desk.view(of: caseID, at: call.now)
        possible = try call.desk.possible(in: caseID, at: call.now)
        profile = try call.profile(of: caseID)
        words = try call.procedure(caseID)
    }

    private var mayAct: Bool { call.account.map { Access.casework.admits($0.role) } ?? false }

    private func response() throws -> WebResponse {
        let unread = try unread()
        let openings = mayAct ? try call.desk.store.read { try $0.openings(of: caseID, limit: WebLimits.rows) } : []
        let drafts = mayAct ? try call.desk.store.read { try $0.drafts(of: caseID) } : []
        return Page(
            call: call, title: .caseTitle, heading: call.say(.caseHeading, ["reference": CaseReference.text(caseID)]),
            caseReference: reference
        ).response {
            call.ways(reference)
            stage
            if mayAct {
                if !unread.isEmpty { self.unread(unread) }
                steps(drafts)
            }
            waits
            notPossible
            takesPart
            E("h2") { call.say(.keptHow) }
            E("ul") { for sentence in words.sentences(for: view.retention) { E("li") { sentence } } }
            if !openings.isEmpty {
                E("h2") { call.say(.whoRead) }
                E("ul") {
                    for opening in openings { E("li") { "\(opening.account) · \(words.moment(opening.at))" } }
                }
            }
        }
    }

    private var stage: HTML {
        E(
            "section",
            ["class": view.state.hasEnded == true ? "state ended" : "state", "aria-label": call.say(.whereSheStands)]
        ) {
            E("p", ["class": "stage"]) { words.states(view.state.lifecycle) }
            if let care = view.state.care { E("p", ["class": "hint"]) { words.care(care) } }
            if view.countsAsChild { E("p", ["class": "hint"]) { call.say(.child) } }
        }
    }

    // MARK: What can be done

    private func unread() throws -> [TransitItem<InboxEntry>] {
        try call.desk.inbox(of: caseID).filter {
            $0.letter.type == .step && $0.entry.state == .judged && $0.entry.acted == nil
        }
    }

    private func unread(_ items: [TransitItem<InboxEntry>]) -> HTML {
        group {
            E("h2") { call.say(.unreadHere) }
            E("ul", ["class": "rows"]) {
                for item in items {
                    E("li") {
                        E("p", ["class": "what"]) { title(of: item) }
                        E("p", ["class": "since"]) {
                            "\(words.member(item.letter.sender)) · \(words.moment(item.letter.sent))"
                        }
                        E("form", ["method": "post", "action": "/cases/\(reference)/acted"]) {
                            call.tokenField
                            E("input", ["type": "hidden", "name": "letter", "value": item.letter.id.hex])
                            E("button") { call.say(.dealtWith) }
                        }
                    }
                }
            }
        }
    }

    private func title(of item: TransitItem<InboxEntry>) -> String {
        let own = view.state.events.filter { $0.letter == item.letter.id }.map(\.event)
        return words.events(own.isEmpty ? item.shown : own)
    }

    private func steps(_ drafts: [DraftRecord]) -> HTML {
        let steps = possible.filter { $0.refusal == nil && kind(of: $0) == .progress }
        let tell = possible.filter { $0.refusal == nil && kind(of: $0) != .progress && !isWithdrawal($0) }
        return group {
            if !drafts.isEmpty {
                E("h2") { call.say(.begun) }
                E("ul", ["class": "rows"]) {
                    for draft in drafts {
                        E("li") {
                            E("a", ["class": "what", "href": "/drafts/\(draft.id.hex)"]) {
                                words.events(draft.content.events)
                            }
                            E("p", ["class": "since"]) { "\(draft.content.by) · \(words.moment(draft.updated))" }
                        }
                    }
                }
            }
            E("h2") { call.say(.nextSteps) }
            if steps.isEmpty { E("p") { call.say(.noStep) } }
            buttons(steps)
            E("p") { E("a", ["class": "button", "href": "/cases/\(reference)/consents"]) { call.say(.consents) } }
            if !tell.isEmpty {
                E("details") {
                    E("summary") { call.say(.tellSomething) }
                    E("p", ["class": "hint"]) { call.say(.tellHow) }
                    buttons(tell)
                }
            }
        }
    }

    /// What is owed first, then by what it moves: the case itself, each checkpoint, each consent, the rest.
    private func buttons(_ acts: [PossibleAct]) -> HTML {
        let owed = Set(
            view.waits.filter { $0.kind == .step && $0.on.contains(call.desk.identity.member) }.flatMap(\.events))
        let tracks = profile.definition.tracks
        // What she decides on has a page of its own.
        let others = acts.filter { act in
            let home = profile.event(act.event)?.home.flatMap { tracks[$0] }
            return !owed.contains(act.event) && (home?.group != .consent || kind(of: act) != .progress)
        }
        let groups = Dictionary(grouping: others) { act in
            profile.event(act.event)?.home.flatMap { tracks[$0] == nil ? nil : $0 } ?? ""
        }.sorted { left, right in place(left.key) < place(right.key) }
        return E("form", ["method": "post", "action": "/cases/\(reference)/do", "class": "grouped"]) {
            call.tokenField
            row(acts.filter { owed.contains($0.event) }, isMain: true)
            for (track, acts) in groups {
                E("div", ["class": "track"]) {
                    if !track.isEmpty { E("h3") { words.track(track) } }
                    row(acts, isMain: false)
                }
            }
        }
    }

    private func row(_ acts: [PossibleAct], isMain: Bool) -> HTML {
        group {
            if !acts.isEmpty {
                E("div", ["class": "steps"]) {
                    for act in acts {
                        E("button", ["name": "event", "value": act.event, "class": isMain ? "button main" : nil]) {
                            words.event(act.event)
                        }
                    }
                }
            }
        }
    }

    private func place(_ track: String) -> String {
        guard let group = profile.definition.tracks[track]?.group else { return "" }
        return "\(ProfileDefinition.Track.Group.allCases.firstIndex(of: group) ?? 9) \(track)"
    }

    private func kind(of act: PossibleAct) -> ProfileDefinition.EventRule.Kind? { profile.event(act.event)?.kind }
    private func isWithdrawal(_ act: PossibleAct) -> Bool { profile.event(act.event)?.isWithdrawal ?? false }

    // MARK: Who waits on whom

    private var waits: HTML {
        let steps = view.waits.filter { $0.kind == .step }.sorted { ($0.due ?? $0.since) < ($1.due ?? $1.since) }
        let letters = words.sentences(for: view.waits.filter { $0.kind != .step && $0.kind != .us }, at: call.now)
        return group {
            if !steps.isEmpty || !letters.isEmpty || !view.formsAwaited.isEmpty {
                E("h2") { call.say(.whoWaits) }
                E("ul", ["class": "rows"]) {
                    for wait in steps {
                        E("li") {
                            E("p", ["class": isLate(wait) ? "late" : "what"]) {
                                words.sentence(for: wait, at: call.now)
                            }
                            E("p", ["class": "since"]) {
                                call.say(.since, ["time": words.moment(wait.since)])
                                if let name = wait.deadline { " · \(words.deadline(name))" }
                            }
                        }
                    }
                    for sentence in letters { E("li") { E("p") { sentence } } }
                    for form in view.formsAwaited { E("li") { E("p") { words.sentence(for: form) } } }
                }
            }
        }
    }

    private func isLate(_ wait: Wait) -> Bool { wait.due.map { $0 < call.now } ?? false }

    // MARK: What cannot be done

    private var notPossible: HTML {
        let blocked = possible.filter { $0.refusal?.reason == .guardRed }
        return group {
            if !blocked.isEmpty, view.state.hasEnded != true {
                E("details", ["class": "blocked"]) {
                    E("summary") { "\(call.say(.notPossible)) (\(words.labels.number(Int64(blocked.count))))" }
                    E("ul", ["class": "rows"]) {
                        for act in blocked {
                            E("li") {
                                E("p", ["class": "what"]) { words.event(act.event) }
                                if let refusal = act.refusal {
                                    E("p") { words.reason(of: refusal) }
                                    let who = Remedy(profile: profile).roles(for: refusal).map(holder).joined(
                                        separator: ", ")
                                    if !who.isEmpty {
                                        E("p", ["class": "since"]) { call.say(.changedBy, ["who": who]) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// A role, with the member that holds it in this case.
    private func holder(_ role: String) -> String {
        guard let members = view.parties[role], !members.isEmpty else { return words.role(role) }
        return "\(words.role(role)) (\(words.members(members)))"
    }

    private var takesPart: HTML {
        group {
            E("h2") { call.say(.takesPart) }
            E("dl") {
                for (role, members) in view.parties.sorted(by: { $0.key < $1.key }) where !members.isEmpty {
                    E("dt") { words.role(role) }
                    E("dd") { words.members(members) }
                }
            }
        }
    }
}
