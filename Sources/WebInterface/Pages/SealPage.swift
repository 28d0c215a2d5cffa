// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import Node
import Procedure

/// A last look at a draft, as sealing would judge it, and the seal.
enum SealPage {
    /// Somebody sealed or changed the draft in the same moment.
    private struct Overtaken: Error {}

    static func check(_ call: Call) throws -> WebResponse { try check(DraftWork(call), after: nil) }

    static func seal(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        guard work.form.draft.letters.isEmpty else { return done(work) }
        guard call.form.value("seen") == (try work.seen()) else { return try check(work, after: nil, isNew: true) }
        guard work.isReady else { return try check(work, after: nil) }
        guard !work.isPractice else { return practised(work) }
        func alongside(_ transaction: CaseTransaction, _ result: ActResult) throws {
            // What goes is what was looked at, also when somebody answers between the two.
            guard var draft = try transaction.draft(work.id), draft.letters.isEmpty,
                draft.content == work.form.draft.content
            else { throw Overtaken() }
            draft.letters = result.letters
            draft.content.answers = [:]
            try transaction.put(draft)
        }
        do {
            if work.form.draft.content.opens {
                _ = try call.desk.openCase(work.act(), caseID: work.caseID, at: call.now, alongside: alongside)
            } else {
                _ = try call.desk.perform(work.act(), in: work.caseID, at: call.now, alongside: alongside)
            }
        } catch {
            // A second press shows what the first one did.
            let now = try DraftWork(call)
            guard now.form.draft.letters.isEmpty else { return done(now) }
            if error is Overtaken { return try check(now, after: nil, isNew: true) }
            guard let error = error as? DeskError else { throw error }
            return try check(now, after: error)
        }
        return done(try DraftWork(call))
    }

    /// Another person may now seal exactly this.
    static func approve(_ call: Call) throws -> WebResponse {
        let work = try DraftWork(call)
        guard work.form.draft.letters.isEmpty else { return done(work) }
        guard call.form.value("seen") == (try work.seen()), !work.isPractice else {
            return try check(work, after: nil, isNew: true)
        }
        guard work.isReady else { return try check(work, after: nil) }
        try call.site.signIn.confirm(call.name, code: call.form.value("code"), at: call.now)
        do {
            try call.desk.approve(
                work.act(), in: work.caseID, opens: work.form.draft.content.opens, at: call.now)
        } catch let error as DeskError { return try check(work, after: error) }
        return try check(work, after: nil)
    }

    /// The approval asks for the authenticator again: a screen that was left open approves nothing.
    static func wrongCode(_ call: Call, _: SignIn.Fault) throws -> WebResponse {
        try check(DraftWork(call), after: nil, hasWrongCode: true)
    }

    /// - Parameter isNew: it is not what the page showed from which it was sealed or approved.
    private static func check(
        _ work: DraftWork, after refused: DeskError?, isNew: Bool = false, hasWrongCode: Bool = false
    )
        throws -> WebResponse
    {
        guard work.form.draft.letters.isEmpty else { return done(work) }
        let (call, words, content) = (work.call, work.words, work.form.draft.content)
        var errors = content.events.flatMap { event in
            work.form.violations(of: event).map { violation in
                (place: "\(work.id.hex)/\(event)/\(violation.field)", text: sentence(violation, event, work))
            }
        }
        for question in work.form.questions where work.form.isUnseen(question) {
            let field = question.field.name
            let name = question.isFact ? words.fact(field) : words.labels.name("field", field)
            errors.append(("\(work.id.hex)/\(question.address)", "\(name): \(call.say(.importUnseen))"))
        }
        if !work.addressedRoles.isEmpty, content.to == nil {
            errors.insert(("\(work.id.hex)#to", call.say(.toWhom)), at: 0)
        }
        if let opening = try work.opening() { errors.insert((opening.id.hex, call.say(.importOpensFirst)), at: 0) }
        var planned: [PlannedLetter] = []
        var refusal = refused
        var approval: Approval?
        if errors.isEmpty, refusal == nil {
            do {
                approval = try call.desk.approval(
                    of: work.act(), in: work.caseID, opens: content.opens, at: call.now)
                planned = try call.desk.rehearse(work.act(), in: work.caseID, opens: content.opens, at: call.now)
            } catch let error as DeskError {
                refusal = error
            }
        }
        return try Page(
            call: call, title: .checkAnswers, caseReference: work.reference,
            hasError: isNew || refusal != nil || hasWrongCode, practice: work.practice
        ).response(status: isNew ? 409 : refusal == nil && !hasWrongCode ? 200 : 422) {
            if hasWrongCode { call.errorSummary([("code", call.say(.codeRefused))]) }
            if isNew { E("p", ["class": "errors", "role": "alert"]) { call.say(.changedMeanwhile) } }
            if !errors.isEmpty {
                E("div", ["class": "errors"]) {
                    E("h2") { call.say(.cannotGo) }
                    E("ul") {
                        for error in errors {
                            E("li") {
                                E("a", ["href": "/drafts/\(error.place)"]) { error.text }
                            }
                        }
                    }
                }
            }
            if let refusal { explain(refusal, work) }
            E("h2") { call.say(.whatGoes) }
            for event in content.events { answers(event, work) }
            E("h2") { call.say(.toWhom) }
            E("p") { words.members(planned.isEmpty ? work.readers : Set(planned.flatMap(\.to))) }
            E("h2") { call.say(.underConsent) }
            consents(work)
            leftOut(planned, work)
            if errors.isEmpty, refusal == nil {
                if let approval, !work.isPractice { try secondPerson(approval, work) }
                if work.isPractice {
                    try post("seal", .practiceEnd, work)
                } else if approval?.isCompulsory != true || approval?.accounts.isEmpty == false {
                    try post("seal", .sealIt, work)
                }
            }
            E("p") { E("a", ["href": "/drafts/\(work.id.hex)"]) { call.say(.taskList) } }
        }
    }

    private static func post(_ what: String, _ word: Word, _ work: DraftWork) throws -> HTML {
        try E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/\(what)"]) {
            work.call.tokenField
            E("input", ["type": "hidden", "name": "seen", "value": try work.seen()])
            if what == "approve" {
                work.call.textField("code", .code, hint: .codeNow, autocomplete: "one-time-code", mode: "numeric")
            }
            E("button", ["class": "button main"]) { work.call.say(word) }
        }
    }

    /// Who else has looked at exactly this; whoever has not may approve it.
    private static func secondPerson(_ approval: Approval, _ work: DraftWork) throws -> HTML {
        let call = work.call
        return try group {
            E("h2") { call.say(.secondPerson) }
            E("p") { call.say(.secondPersonHow) }
            if approval.hasOwn { E("p") { call.say(.approvedByYou) } } else { try post("approve", .approveIt, work) }
            if !approval.accounts.isEmpty {
                E("p") {
                    work.words.labels.sentence(.approved, ["names": approval.accounts.joined(separator: ", ")])
                }
            }
        }
    }

    private static func sentence(_ violation: FormViolation, _ event: String, _ work: DraftWork) -> String {
        let labels = work.words.labels
        if let schema = work.schema(of: event), schema.fields.contains(where: { violation.field.hasPrefix($0.name) }) {
            return labels.sentence(for: violation, in: schema)
        }
        return labels.sentence(.missing, ["field": work.words.fact(violation.field)])
    }

    private static func answers(_ event: String, _ work: DraftWork) -> HTML {
        let words = work.words
        return group {
            E("h3") { words.event(event) }
            E("dl") {
                for question in work.form.questions where question.event == event {
                    if let value = work.form.answer(question), !question.isList {
                        let label =
                            question.isFact
                            ? words.fact(question.field.name) : words.labels.name("field", question.field.name)
                        E("dt") { label }
                        E("dd") {
                            FormPage.text(value, question.field, words) { _ in
                                HTML(
                                    KeptFile(work.form.draft.content.answers[question.key]?.values ?? [])
                                        .map(work.text(of:)) ?? "")
                            }
                            " "
                            E(
                                "a",
                                [
                                    "href": "/drafts/\(work.id.hex)/\(question.address)",
                                    "aria-label": work.call.say(.changeWhat, ["field": label]),
                                ]
                            ) { work.call.say(.change) }
                        }
                    }
                }
            }
        }
    }

    private static func consents(_ work: DraftWork) -> HTML {
        if let other = [Basis.emergency: Word.basisEmergency, .law: .basisLaw][work.basis] {
            return E("p", ["class": "late"]) { work.call.say(other) }
        }
        let names = Set(work.form.draft.content.events.flatMap { work.form.profile.event($0)?.consents ?? [] }).sorted()
        return group {
            if names.isEmpty { E("p") { work.call.say(.noConsentNeeded) } }
            E("ul") { for name in names { E("li") { work.words.labels.name("consent", name) } } }
        }
    }

    /// Forms that some of the readers of their letter do not get.
    private static func leftOut(_ planned: [PlannedLetter], _ work: DraftWork) -> HTML {
        let forms = planned.flatMap { letter in
            letter.forms.compactMap { form -> (String, Set<MemberID>)? in
                let without = Set(letter.to).subtracting(form.readers)
                return without.isEmpty ? nil : (form.name, without)
            }
        }
        return group {
            if !forms.isEmpty {
                E("h2") { work.call.say(.leftOut) }
                E("ul") {
                    for (name, members) in forms {
                        E("li") {
                            work.call.say(
                                .notFor, ["form": work.words.form(name), "who": work.words.members(members)])
                        }
                    }
                }
            }
        }
    }

    /// Why it cannot go, and the steps of ours that would change that, to be sent in the same letter.
    private static func explain(_ error: DeskError, _ work: DraftWork) -> HTML {
        let (call, words) = (work.call, work.words)
        let roles = call.desk.network.directories.roles(of: call.desk.identity.member)
        let remedies =
            error.refusal.map { refusal in
                Remedy(profile: work.form.profile).events(for: refusal).filter { event in
                    !work.form.draft.content.events.contains(event)
                        && work.form.profile.event(event)?.by.contains(where: roles.contains) == true
                }
            } ?? []
        return E("div", ["class": "errors", "role": "alert"]) {
            E("h2") { call.say(.cannotGo) }
            E("p") { words.sentence(for: error) }
            E("ul") { for finding in words.findings(in: error) { E("li") { finding } } }
            if !remedies.isEmpty {
                E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/add", "class": "steps"]) {
                    call.tokenField
                    for event in remedies {
                        E("button", ["name": "event", "value": event]) {
                            call.say(.addStep, ["event": words.event(event)])
                        }
                    }
                }
            }
        }
    }

    /// Where a real one would now wait to go.
    private static func practised(_ work: DraftWork) -> WebResponse {
        let call = work.call
        return Page(call: call, title: .practise, practice: work.practice).response {
            E("p") { call.say(.practiceDone, ["who": work.words.members(work.readers)]) }
            E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/discard"]) {
                call.tokenField
                E("button", ["class": "button main"]) { call.say(.practiceDelete) }
            }
            E("p") { E("a", ["href": "/drafts/\(work.id.hex)"]) { call.say(.taskList) } }
        }
    }

    static func done(_ work: DraftWork) -> WebResponse {
        let reference = work.caseID.text
        return Page(call: work.call, title: .sealed, caseReference: reference).response {
            E("p") { work.words.events(work.form.draft.content.events) }
            E("p") { work.call.say(.sealedHow) }
            E("p") { E("a", ["class": "button main", "href": "/cases/\(reference)"]) { work.call.say(.backToCase) } }
        }
    }
}
