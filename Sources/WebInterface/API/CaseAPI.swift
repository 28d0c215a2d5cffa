// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Cases for programs: where each stands, and what can be done. No form, no person.
enum CaseAPI {
    private struct List: Encodable {
        let cases: [Overview]
        /// Where the rest begins.
        let next: String?
    }

    private struct Overview: Encodable {
        let `case`: String
        let created, newest, words: String
        let lifecycle: [String]
        let ended, openedHere: Bool
        let unread, waiting: Int
        let ours, others: WaitReport?

        init(_ summary: CaseSummary, _ words: DeskWords, _ now: Instant) {
            let overview = summary.overview
            `case` = summary.caseID.text
            created = overview.created.rfc3339
            newest = overview.newest.rfc3339
            self.words = words.states(overview.lifecycle)
            lifecycle = overview.lifecycle
            ended = overview.hasEnded ?? false
            openedHere = overview.openedHere
            unread = overview.unread
            waiting = overview.waiting
            ours = summary.ours.map { WaitReport($0, words, now) }
            others = summary.others.map { WaitReport($0, words, now) }
        }
    }

    private struct WaitReport: Encodable {
        let kind: String
        let on: [String]
        let role: String?
        let since: String
        let due: String?
        let deadline: String?
        let events: [String]
        let letter: String?
        let words: String

        init(_ wait: Wait, _ words: DeskWords, _ now: Instant) {
            kind = wait.kind.rawValue
            on = wait.on.map(\.text)
            role = wait.role
            since = wait.since.rfc3339
            due = wait.due?.rfc3339
            deadline = wait.deadline
            events = wait.events
            letter = wait.letter?.hex
            self.words = words.sentence(for: wait, at: now)
        }
    }

    /// By pseudonym, so that pages stay what they are while letters come.
    static func list(_ call: Call, after last: CaseID?) throws -> WebResponse {
        let all = try call.desk.list(at: call.now).cases.sorted { $0.caseID < $1.caseID }
        let rest = all.drop { summary in last.map { summary.caseID <= $0 } ?? false }
        let page = rest.prefix(WebLimits.casesOfAnswer)
        try note(all.count, call)
        let cases = try page.map { Overview($0, try call.procedure(under: $0.overview.profile), call.now) }
        let next = rest.count > page.count ? page.last.map { "/api/v1/cases/after/\($0.caseID.text)" } : nil
        return .json(200, List(cases: cases, next: next))
    }

    /// What a program lists is taken away as by an export; noted once a working day, and when there is more to take.
    private static func note(_ count: Int, _ call: Call) throws {
        guard let program = call.program else { return }
        let since = call.now + -WebLimits.sessionSeconds
        let isNoted = try call.desk.store.read {
            try $0.hasNotedExport(of: count, by: call.name, program: program, since: since)
        }
        guard !isNoted else { return }
        try call.desk.store.write { try $0.note(export: count, by: call.name, program: program, at: call.now) }
    }

    private struct Board: Encodable {
        struct Checkpoint: Encodable {
            let track: String
            let states: [String]
            let standing, words: String
        }
        struct Awaited: Encodable { let event, form, letter, from, since: String }

        let `case`, root, words, profile: String
        /// Our newest letter of the case: what a step says that it has seen.
        let previous: String?
        let lifecycle: [String]
        let ended, child: Bool
        let parties: [String: [String]]
        let checkpoints: [Checkpoint]
        let tracks: [String: [String]]
        let waits: [WaitReport]
        let formsAwaited: [Awaited]
    }

    static func show(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        let view = try call.desk.view(of: caseID, at: call.now)
        let words = try call.procedure(caseID)
        return .json(
            200,
            Board(
                case: caseID.text, root: view.record.root.hex, words: words.states(view.state.lifecycle),
                profile: view.profile.hex, previous: view.record.lastOwn?.hex, lifecycle: view.state.lifecycle,
                ended: view.state.hasEnded ?? false, child: view.countsAsChild,
                parties: view.parties.mapValues { $0.map(\.text).sorted() },
                checkpoints: view.checkpoints.map {
                    Board.Checkpoint(
                        track: $0.track, states: $0.states, standing: $0.standing.rawValue, words: words.checkpoint($0))
                },
                tracks: view.state.tracks,
                waits: view.waits.map { WaitReport($0, words, call.now) },
                formsAwaited: view.formsAwaited.map {
                    Board.Awaited(
                        event: $0.event, form: $0.form, letter: $0.letter.hex, from: $0.from.text,
                        since: $0.since.rfc3339)
                }))
    }

    private struct Steps: Encodable {
        struct Entry: Encodable {
            let event, words: String
            let possible: Bool
            /// Why not, as a code and in words.
            let code, reason: String?
            let lanes, facts: [String]
            let form: String?
            let consents: [String]
        }
        let steps: [Entry]
    }

    /// Every step of this node, with what stands against it now.
    static func possible(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        let words = try call.procedure(caseID)
        return .json(
            200,
            Steps(
                steps: try call.desk.possible(in: caseID, at: call.now).map {
                    Steps.Entry(
                        event: $0.event, words: words.event($0.event), possible: $0.refusal == nil,
                        code: $0.refusal?.code, reason: $0.refusal.map(words.reason) ?? words.unsealable($0),
                        lanes: $0.lanes.map(\.rawValue).sorted(), facts: $0.facts, form: $0.form, consents: $0.consents)
                }))
    }
}
