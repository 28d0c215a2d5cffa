// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Membership
import Node
import Procedure

/// A step that somebody wants to take: which questions it asks, each saved by itself. Then comes ``SealPage``.
enum DraftPage {
    // MARK: Beginning

    /// Which cases this node's roles open.
    static func chooseOpening(_ call: Call) throws -> WebResponse { try chooseOpening(call, after: nil) }

    /// - Parameter error: why the file that came is not taken.
    static func chooseOpening(_ call: Call, after error: ImportError?) throws -> WebResponse {
        guard let profile = call.desk.network.profileInForce else { throw WebFault.unavailable }
        let words = try call.procedure()
        let roles = call.desk.network.directories.roles(of: call.desk.identity.member)
        let openings = profile.definition.opening.keys.sorted().filter { event in
            profile.event(event)?.by.contains(where: roles.contains) == true
        }
        return Page(call: call, title: .openCase, hasError: error != nil).response(status: error == nil ? 200 : 422) {
            if let error { ImportPage.faults(error, call, words) }
            E("form", ["method": "post", "action": "/cases/new", "class": "steps"]) {
                call.tokenField
                for event in openings { E("button", ["name": "event", "value": event]) { words.event(event) } }
            }
            ImportPage.form(call)
            E("h2") { call.say(.practise) }
            E("p") { call.say(.practiseHow) }
            E("form", ["method": "post", "action": "/cases/new", "class": "steps"]) {
                call.tokenField
                E("input", ["type": "hidden", "name": "practice", "value": "yes"])
                for event in openings {
                    E("button", ["name": "event", "value": event]) {
                        call.say(.practiceWhat, ["event": words.event(event)])
                    }
                }
            }
        }
    }

    static func open(_ call: Call) throws -> WebResponse {
        let event = call.form.value("event")
        guard call.desk.network.profileInForce?.definition.opening[event] != nil,
            let caseID = CaseID(random: SecureRandom.bytes(16))
        else { throw WebFault.badRequest }
        return try begin(call, event, in: caseID, opens: true, isPractice: call.form.has("practice"))
    }

    /// Goes on with the draft of this step that is there already.
    static func take(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        let event = call.form.value("event")
        guard try call.profile(of: caseID).event(event) != nil else { throw WebFault.badRequest }
        let own = try call.desk.store.read { try $0.drafts(of: caseID) }.first { $0.content.events.first == event }
        if let own { return .seeOther("/drafts/\(own.id.hex)") }
        return try begin(call, event, in: caseID, opens: false)
    }

    private static func begin(
        _ call: Call, _ event: String, in caseID: CaseID, opens: Bool, isPractice: Bool = false
    ) throws -> WebResponse {
        guard let id = Digest(SecureRandom.bytes(32)) else { throw WebFault.failed }
        var draft = DraftRecord(
            id: id, caseID: caseID, created: call.now, updated: call.now,
            content: ActDraft(events: [event], opens: opens, by: call.name))
        if isPractice {
            // Marked before there is anything that could be taken for a case.
            try call.desk.store.write { try $0.addPractice(caseID) }
            draft.content.answers = invented(try DraftWork(call, draft).form.questions, call)
        }
        try call.desk.store.write { [draft] in try $0.put(draft) }
        let work = try DraftWork(call, draft)
        guard work.addressedRoles.isEmpty, let first = work.form.next(after: nil) else {
            return .seeOther("/drafts/\(id.hex)")
        }
        return .seeOther("/drafts/\(id.hex)/\(first.address)")
    }

    /// What people would type themselves is made up already, and says so: no real name gets in by habit.
    private static func invented(_ questions: [Question], _ call: Call) -> [String: ActDraft.Answer] {
        questions.reduce(into: [:]) { answers, question in
            guard case .text = question.field.kind else { return }
            answers[question.key] = ActDraft.Answer(values: [call.say(.madeUp)], by: call.name)
        }
    }

    // MARK: The list of its questions

    static func show(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        guard work.form.draft.letters.isEmpty else { return SealPage.done(work) }
        let missing = work.form.missing
        let words = work.words
        let aloud = try work.readAloud(isOpen: true)
        return Page(
            call: call, title: .draftTitle, heading: words.events(work.form.draft.content.events),
            caseReference: work.reference, practice: work.practice
        ).response {
            aloud
            if !work.addressedRoles.isEmpty { recipient(work) }
            for event in work.form.draft.content.events {
                let questions = work.form.questions.filter {
                    $0.event == event && (work.form.isAnswered($0) || work.form.isAsked($0, missing))
                }
                E("h2") { words.event(event) }
                E("ul", ["class": "rows plain"]) {
                    for question in questions {
                        E("li") {
                            E("span") {
                                E(
                                    "span",
                                    [
                                        "class": work.form.isAnswered(question) && !work.form.isUnseen(question)
                                            ? "mark green" : "mark",
                                        "aria-hidden": "true",
                                    ]
                                ) { "" }
                                E("a", ["href": "/drafts/\(work.id.hex)/\(question.address)"]) {
                                    question.isFact
                                        ? words.fact(question.field.name)
                                        : words.labels.name("field", question.field.name)
                                }
                                if work.form.isUnseen(question) {
                                    E("span", ["class": "since"]) { " · \(call.say(.importUnseen))" }
                                } else if !work.form.isAnswered(question) {
                                    E("span", ["class": "since"]) {
                                        " · \(call.say(work.form.isOptional(question, missing) ? .optional : .notStarted))"
                                    }
                                }
                            }
                        }
                    }
                }
            }
            E("p") {
                E("a", ["class": "button main", "href": "/drafts/\(work.id.hex)/check"]) { call.say(.checkAnswers) }
            }
            E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/discard"]) {
                call.tokenField
                E("button", ["class": "link"]) { call.say(work.isPractice ? .practiceDelete : .discard) }
            }
        }
    }

    private static func recipient(_ work: DraftWork) -> HTML {
        let call = work.call
        return E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/to", "class": "card"]) {
            call.tokenField
            E("fieldset", ["id": "to"]) {
                E("legend") { call.say(.toWhom) }
                for member in work.members where !work.addressedRoles.isDisjoint(with: member.roles) {
                    E("label", ["class": "choice"]) {
                        E(
                            "input",
                            [
                                "type": "radio", "name": "to", "value": member.id.text,
                                "checked": work.form.draft.content.to == member.id.text ? "" : nil,
                            ])
                        E("span") { member.name }
                    }
                }
            }
            E("button", ["class": "button main"]) { call.say(.saveGoOn) }
        }
    }

    static func setRecipient(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        let to = call.form.value("to")
        guard work.members.contains(where: { $0.id.text == to }) else { throw WebFault.badRequest }
        try change(work) { $0.to = to }
        let next = work.form.next(after: nil)
        return .seeOther("/drafts/\(work.id.hex)/\(next?.address ?? "check")")
    }

    static func add(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        let event = call.form.value("event")
        guard work.form.profile.event(event) != nil, !work.form.draft.content.events.contains(event),
            work.form.draft.content.events.count < 8
        else { throw WebFault.badRequest }
        // Before the others: what it brings is what they wait for.
        try change(work) { $0.events.insert(event, at: 0) }
        let next = try DraftWork(call).form.next(after: nil)
        return .seeOther("/drafts/\(work.id.hex)/\(next?.address ?? "check")")
    }

    static func discard(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        guard work.form.draft.letters.isEmpty else { return SealPage.done(work) }
        guard !work.isPractice else {
            try call.desk.store.endPractice(work.caseID)
            return .seeOther("/")
        }
        try call.desk.store.write { transaction in
            // Somebody may have sealed it meanwhile.
            guard let draft = try transaction.draft(work.id), draft.letters.isEmpty else { throw WebFault.notFound }
            // What waits for a case that is not opened goes with the draft that would have opened it.
            let opens = try draft.content.opens && transaction.caseRecord(work.caseID) == nil
            let waiting = opens ? try transaction.drafts(of: work.caseID) : []
            for id in [work.id] + waiting.map(\.id) { try transaction.removeDraft(id) }
        }
        return .seeOther(work.reference.map { "/cases/\($0)" } ?? "/cases")
    }

    private static func change(_ work: DraftWork, _ body: (inout ActDraft) -> Void) throws {
        try work.call.desk.store.write { transaction in
            guard var draft = try transaction.draft(work.id), draft.letters.isEmpty else { throw WebFault.notFound }
            body(&draft.content)
            draft.updated = work.call.now
            try transaction.put(draft)
        }
    }

    // MARK: Answering

    static func ask(_ call: Call) throws -> WebResponse {
        let (work, question) = try asked(call)
        guard work.form.draft.letters.isEmpty else { return SealPage.done(work) }
        return try QuestionPage(work: work, question: question).response()
    }

    static func answer(_ call: Call) throws -> WebResponse {
        let (work, question) = try asked(call)
        guard work.form.draft.letters.isEmpty else { return SealPage.done(work) }
        if call.form.has("offset") { return piece(try work.takePiece()) }
        do { try work.save(question, by: call.name) } catch let fault as UploadedFile.Fault {
            return try QuestionPage(work: work, question: question, fault: fault).response()
        }
        let saved = try DraftWork(call)
        if call.form.has("autosave") { return note(saved) }
        let wrong = saved.form.violations(of: question.event).first { $0.field == question.path && $0.rule != .missing }
        if wrong != nil || saved.form.draft.content.answers[question.key]?.other != nil {
            return try QuestionPage(work: saved, question: question, violation: wrong).response()
        }
        if case .list = question.field.kind, call.form.has("entries"), let next = saved.form.next(after: question) {
            return .seeOther("/drafts/\(saved.id.hex)/\(next.address)")
        }
        let next = saved.form.next(after: question) ?? saved.form.next(after: nil)
        return .seeOther("/drafts/\(saved.id.hex)/\(next?.address ?? "check")")
    }

    /// A form whose session died saves its answer for whoever was asked, and nothing else: no signature, no choice between two.
    ///
    /// - Returns: `nil` where the post is no such form.
    static func saveLate(_ call: Call) throws -> WebResponse? {
        let token = call.form.value(Field.draftToken)
        guard call.parameters["field"] != nil, call.sessionToken != nil, let name = DraftToken.name(in: token),
            let account = try call.desk.store.read({ try $0.account(name) }), account.state == .active,
            Access.casework.admits(account.role)
        else { return nil }
        let (work, question) = try asked(call)
        guard try work.token(question).agrees(token, with: account, at: call.now), work.form.draft.letters.isEmpty,
            !call.form.has("choose"), question.field.kind != .digest || work.form.takesFile(question)
        else { return nil }
        if call.form.has("offset") { return piece(try work.takePiece()) }
        do { try work.save(question, by: account.name, isLate: true) } catch is UploadedFile.Fault {
            return SignInPage(call: call).response(status: 401)
        }
        if call.form.has("autosave") { return note(work) }
        return SignInPage(call: call, note: .savedLate).response(status: 401)
    }

    /// The file that answers a question, as it will be sealed.
    static func file(_ call: Call) throws -> WebResponse {
        let (work, question) = try asked(call)
        let (kind, bytes) = try work.file(question)
        return .file(bytes, kind)
    }

    /// Where the next piece of a file begins.
    private static func piece(_ offset: Int64) -> WebResponse {
        WebResponse(200, fields: ["content-type": "text/plain; charset=utf-8"], body: Array(String(offset).utf8))
    }

    private static func note(_ work: DraftWork) -> WebResponse {
        let text = work.call.say(.saved, ["time": work.words.moment(work.call.now)])
        return WebResponse(200, fields: ["content-type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    private static func asked(_ call: Call) throws -> (DraftWork, Question) {
        let work = try DraftWork(call)
        guard let question = work.form.question(call.parameters["event"] ?? "", call.parameters["field"] ?? "") else {
            throw WebFault.notFound
        }
        return (work, question)
    }
}
