// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Node
import Procedure
import Sealing

/// A draft with everything its pages ask: its case, its rules, the words for its reader.
struct DraftWork {
    let call: Call
    let form: DraftForm
    let words: DeskWords
    /// About an invented person: nothing of it is ever sealed.
    let isPractice: Bool
    /// Its case is not open yet: it opens it, or waits for the draft that does.
    let isBeforeCase: Bool

    var id: Digest { form.draft.id }
    /// For the frame of its pages.
    var practice: Digest? { isPractice ? id : nil }
    var caseID: CaseID { form.draft.caseID }
    private var content: ActDraft { form.draft.content }

    /// - Throws: ``WebFault`` `.notFound` for a draft that is not here.
    init(_ call: Call) throws {
        guard let id = Digest(hex: call.parameters["draft"] ?? ""),
            let draft = try call.desk.store.read({ try $0.draft(id) })
        else { throw WebFault.notFound }
        try Self.noteReading(of: draft, call)
        try self.init(call, draft)
    }

    /// What a colleague has typed is as much her data as a form: who looks at it is noted first, once a working day.
    private static func noteReading(of draft: DraftRecord, _ call: Call) throws {
        guard let reader = call.account?.name, reader != draft.content.by else { return }
        let since = call.now + -WebLimits.sessionSeconds
        guard
            try !call.desk.store.read({
                try $0.hasNoted(opening: draft.id, in: draft.caseID, by: reader, since: since)
            })
        else { return }
        try call.desk.store.write { try $0.note(opening: draft.id, in: draft.caseID, by: reader, at: call.now) }
    }

    init(_ call: Call, _ draft: DraftRecord) throws {
        self.call = call
        (isPractice, isBeforeCase) = try call.desk.store.read { transaction in
            (
                try transaction.isPractice(draft.caseID),
                try draft.content.opens || transaction.caseRecord(draft.caseID) == nil
            )
        }
        let network = call.desk.network
        let profile = isBeforeCase ? network.profileInForce : try call.profile(of: draft.caseID)
        guard let profile else { throw WebFault.unavailable }
        words = try call.procedure(isBeforeCase ? nil : draft.caseID)
        let key = try call.desk.store.keys.personKey()
        form = DraftForm(
            draft, profile: profile, catalogue: network.forms(of: profile.digest),
            isChild: isBeforeCase ? true : try call.desk.view(of: draft.caseID, at: call.now).countsAsChild,
            offset: words.offset
        ) { [caseID = draft.caseID] account in Person.code(of: account, in: caseID, key: key) }
    }

    /// The case as it stands in addresses; before it is open there is none.
    var reference: String? { isBeforeCase ? nil : caseID.text }

    /// The draft that this one waits for: it opens the case.
    func opening() throws -> DraftRecord? {
        guard isBeforeCase, !content.opens else { return nil }
        return try call.desk.store.read { try $0.drafts(of: caseID) }.first { $0.content.opens }
    }

    /// Nothing stands in it that nobody has looked at, and its case is there, or opens with it.
    var isReady: Bool { !form.questions.contains(where: form.isUnseen) && (content.opens || !isBeforeCase) }

    func schema(of event: String) -> FormSchema? {
        form.profile.event(event)?.form.flatMap { form.catalogue?.forms[$0] }
    }

    /// SHA-256 of what the draft holds: a page that was made of it posts this.
    func seen() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Digest.sha256([UInt8](try encoder.encode(content))).hex
    }

    // MARK: Whom it goes to

    /// The roles of whom one holder has to be named: the opening's addressee, or the parties that an event asks in.
    var addressedRoles: Set<String> {
        for event in content.events {
            if content.opens, let opening = form.profile.definition.opening[event] { return [opening.addressee] }
            let asked = form.profile.definition.parties.filter { $0.event == event && $0.who == .addressee }.map(\.role)
            if !asked.isEmpty { return Set(asked) }
        }
        return []
    }

    /// Members who may be named.
    var members: [Member] {
        let own = call.desk.identity.member
        return call.desk.network.directories.members.filter { $0.id != own && $0.isActive(at: call.now) }
    }

    /// Who will read it, as far as that is known before it is sealed.
    var readers: Set<MemberID> {
        if let to = content.to.flatMap({ MemberID($0) }) { return [to] }
        guard !isBeforeCase, let view = try? call.desk.view(of: caseID, at: call.now) else { return [] }
        return Set(view.parties.values.joined()).subtracting([call.desk.identity.member])
    }

    /// References that steps of this case carry: the value, and which step and when.
    func references() throws -> [(String, String)] {
        var found: [(String, String)] = []
        for answer in content.answers where answer.value.values.count == 1 {
            let pieces = answer.key.split(separator: "/").map(String.init)
            if pieces.count == 2, let question = form.question(pieces[0], pieces[1]), question.field.kind == .id,
                let value = answer.value.values.first
            {
                found.append((value, words.event(question.event)))
            }
        }
        if !isBeforeCase {
            for entry in try call.desk.history(of: caseID).reversed() {
                for event in entry.events {
                    for (name, value) in event.facts.sorted(by: { $0.key < $1.key }) {
                        if case .text(let text) = value, form.profile.definition.facts[name]?.kind == .id {
                            found.append((text, "\(words.event(event.code)), \(words.moment(entry.letter.sent))"))
                        }
                    }
                }
            }
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0.0).inserted }
    }

    /// The letters of the case, newest first: id, and what it told when.
    func letters() throws -> [(String, String)] {
        guard !isBeforeCase else { return [] }
        return try call.desk.history(of: caseID).reversed().filter { $0.letter.type == .step }.map { entry in
            (entry.letter.id.hex, "\(words.title(of: entry)), \(words.moment(entry.letter.sent))")
        }
    }

    // MARK: The letter

    /// On what its forms are disclosed.
    var basis: Basis { form.profile.basis(of: content.events) }

    /// What the draft comes to.
    func act() -> Act {
        Act(
            events: content.events.map { Event(code: $0, facts: form.facts(of: $0)) },
            forms: content.events.compactMap { form.form(of: $0) }.map {
                FormDraft(document: FormDocument.bytes(of: $0), attachments: attachments(of: $0.event))
            },
            basis: basis, to: content.to.flatMap { MemberID($0) }.map { [$0] } ?? [], account: call.name)
    }

    /// The files that the answers about an event name.
    private func attachments(of event: String) -> [String: AttachmentOrigin] {
        form.questions.reduce(into: [:]) { result, question in
            guard question.event == event, case .file = question.field.kind,
                let kept = KeptFile(content.answers[question.key]?.values ?? [])
            else { return }
            result[kept.name.hex] = .upload(kept.name, draft: id)
        }
    }

    // MARK: Saving

    /// What makes the token with which a question's form may save its answer when its session has died.
    func token(_ question: Question) throws -> DraftToken {
        DraftToken(
            draft: id, question: question.key, session: call.sessionToken ?? [],
            key: HKDFSHA256.derive(
                from: try call.desk.store.keys.accountKey(), info: Array("kheya draft tokens".utf8), count: 32))
    }

    /// Saves the posted answer.
    ///
    /// - Parameter isLate: without a session: what is newer stays beside it, whoever answered.
    /// - Throws: UploadedFile.Fault for a file that is not taken; then nothing has changed.
    func save(_ question: Question, by account: String, isLate: Bool = false) throws {
        if form.takesFile(question) { return try saveFile(question, by: account, isLate: isLate) }
        try save(question, Self.values(call.form, question.field), by: account, isLate: isLate) { _ in }
    }

    /// Saves one answer; of two people who answer at once, both are kept until one is chosen.
    ///
    /// - Parameter alongside: in the same transaction, after it.
    func save(
        _ question: Question, _ values: [String], by account: String, isLate: Bool,
        alongside: (CaseTransaction) throws -> Void
    ) throws {
        let seen = Int(call.form.value("version")) ?? 0
        let choice = call.form.value("choose")
        // Somebody pressed the button: what came out of a file is hers now.
        let isLook = !isLate && !call.form.has("autosave")
        try call.desk.store.write { transaction in
            guard var draft = try transaction.draft(id), draft.letters.isEmpty else { throw WebFault.notFound }
            var answer = draft.content.answers[question.key] ?? ActDraft.Answer(values: [], by: account, version: 0)
            if let other = answer.other, !choice.isEmpty {
                if choice == "other" { (answer.values, answer.by) = (other, answer.otherBy ?? account) }
                (answer.other, answer.otherBy) = (nil, nil)
                answer.version += 1
            } else if answer.version > seen, isLate || answer.by != account, answer.values != values {
                (answer.other, answer.otherBy) = (values, account)
            } else if answer.values != values || answer.isImported == true && isLook {
                answer = ActDraft.Answer(values: values, by: account, version: answer.version + 1)
            }
            draft.content.answers[question.key] = answer
            draft.updated = call.now
            try transaction.put(draft)
            try alongside(transaction)
        }
    }

    /// The posted answer, as it was typed; nothing where every box is empty.
    private static func values(_ form: PostedForm, _ field: FormSchema.Field) -> [String] {
        let special = form.value("special")
        if field.isHers, FormSchema.herAnswers.contains(special) { return [special] }
        func boxes(_ names: [String]) -> [String] {
            let values = names.map { form.value($0).trimmed }
            return values.allSatisfy(\.isEmpty) ? [] : values
        }
        switch field.kind {
        case .date, .partialDate: return boxes(["year", "month", "day"])
        case .instant: return boxes(["year", "month", "day", "time"])
        case .codes: return form.all("answer").filter { !$0.isEmpty }
        case .list:
            let count = DraftForm.entries(form.has("entries") ? form.value("entries") : form.value("answer"))
            return count == 0 ? [] : [String(count)]
        case .money:
            let values = form.all("answer").map(\.trimmed)
            return values.allSatisfy(\.isEmpty) ? [] : values
        case .id where form.value("answer") == "new": return [Hex.text(SecureRandom.bytes(16))]
        default:
            let value = form.value("answer").trimmed
            return value.isEmpty ? [] : [value]
        }
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        let scalars = unicodeScalars.drop { $0.properties.isWhitespace }
        guard let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return String(scalars[...last])
    }
}
