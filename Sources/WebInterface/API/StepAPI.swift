// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Node
import Procedure

/// Steps that programs start: judged and sealed as those of the page.
struct StepAPI {
    private let act: Act
    /// Our newest letter of the case, as the program read it.
    private let previous: LetterID?
    /// Drawn by the program: under one key one case is opened, however often it is asked for.
    private let key: CaseID?
    /// Only to be judged.
    private let isRehearsal: Bool

    static func open(_ call: Call) throws -> WebResponse {
        let step = try StepAPI(call)
        guard step.previous == nil else { throw APIFault(.badRequest, "previous: there is no case yet") }
        if step.isRehearsal {
            guard let caseID = CaseID(random: SecureRandom.bytes(16)) else { throw APIFault(.failed) }
            return try step.rehearsed(in: caseID, opens: true, call)
        }
        let caseID = try step.key.map { try Self.pseudonym(of: $0, call) }
        if let caseID, try call.desk.store.read({ try $0.caseRecord(caseID) }) != nil {
            throw APIFault(.repeated, in: caseID)
        }
        do {
            return .json(201, Made(try call.desk.openCase(step.act, caseID: caseID, at: call.now)))
        } catch let error as DeskError where error.code == .alreadyOpen {
            // The same request, come at the same time, waited for the one before it: it is told what that one opened.
            guard let caseID, try call.desk.store.read({ try $0.caseRecord(caseID) }) != nil else { throw error }
            throw APIFault(.repeated, in: caseID)
        }
    }

    /// Fixed by account and key, and by a secret of the node: no program chooses a pseudonym.
    private static func pseudonym(of key: CaseID, _ call: Call) throws -> CaseID {
        let code = HMACSHA256.code(
            Array("kheya case key\n\(call.name)\n\(key.text)".utf8), key: try call.desk.store.keys.accountKey())
        guard let caseID = CaseID(random: Array(code.prefix(16))) else { throw APIFault(.failed) }
        return caseID
    }

    static func perform(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        let step = try StepAPI(call)
        guard step.key == nil else { throw APIFault(.badRequest, "key: the case is there; use previous") }
        if step.isRehearsal { return try step.rehearsed(in: caseID, opens: false, call) }
        let result = try call.desk.perform(step.act, in: caseID, at: call.now) { transaction, result in
            // Within the transaction that seals: who did not see our newest letter does nothing twice.
            guard let expected = step.previous, let first = result.letters.first else { return }
            guard let letter = try transaction.letter(first), try StoredSlip.read(letter.slip).previous == expected
            else { throw APIFault(.changed) }
        }
        return .json(201, Made(result))
    }

    private func rehearsed(in caseID: CaseID, opens: Bool, _ call: Call) throws -> WebResponse {
        .json(200, Rehearsal(try call.desk.rehearse(act, in: caseID, opens: opens, at: call.now)))
    }

    private struct Made: Encodable {
        let `case`: String
        let letters, flags: [String]

        init(_ result: ActResult) {
            `case` = result.caseID.text
            letters = result.letters.map(\.hex)
            flags = result.flags.map(\.rawValue).sorted()
        }
    }

    private struct Rehearsal: Encodable {
        struct Letter: Encodable {
            struct Form: Encodable {
                let form: String
                let readers: [String]
            }
            let to: [String]
            let forms: [Form]
        }
        let letters: [Letter]

        init(_ planned: [PlannedLetter]) {
            letters = planned.map { letter in
                Letter(
                    to: letter.to.map(\.text),
                    forms: letter.forms.map { .init(form: $0.name, readers: $0.readers.map(\.text)) })
            }
        }
    }

    // MARK: Reading

    /// - Throws: APIFault `.unsupportedType`; ``LetterError`` naming the field, never its value.
    private init(_ call: Call) throws {
        let type = call.request.fields["content-type"] ?? ""
        guard type.prefix(while: { $0 != ";" }).lowercased() == "application/json" else {
            throw APIFault(.unsupportedType)
        }
        var fields = FieldReader(
            try CanonicalJSON.readText(call.request.body), place: "step", failure: .formInvalid)
        let events = try fields.list("events", limit: 16) { (entry: inout FieldReader) throws(LetterError) in
            try Self.event(&entry)
        }
        let forms = try fields.list("forms", limit: 16) { (entry: inout FieldReader) throws(LetterError) in
            try Self.form(&entry)
        }
        let to = try fields.array("to", limit: 16).map { value in
            guard case .string(let text) = value, let member = MemberID(text) else {
                throw fields.fault("to", "not a member")
            }
            return member
        }
        key = try fields.optional("key") { (entry: inout FieldReader) throws(LetterError) in
            guard let key = CaseID(try entry.string("key")) else {
                throw entry.fault("key", "not 32 hexadecimal digits")
            }
            return key
        }
        previous = try fields.optionalDigest("previous")
        isRehearsal =
            try fields.optional("rehearse") { (entry: inout FieldReader) throws(LetterError) in
                try entry.bool("rehearse")
            } ?? false
        try fields.finish()
        guard !events.isEmpty || !forms.isEmpty else { throw APIFault(.badRequest, "step: neither events nor forms") }
        var act = Act(events: events, forms: [], to: to, account: call.name)
        let codes = events.map(\.code) + forms.map(\.event)
        act.forms = forms.map(\.draft)
        // As at the page: a program does not choose on what she is spoken of.
        act.basis = try Self.profile(call)?.basis(of: codes) ?? .consent
        self.act = act
    }

    private static func event(_ entry: inout FieldReader) throws(LetterError) -> Event {
        let code = try entry.pattern("event", Patterns.event)
        var facts: [String: FactValue] = [:]
        let given = try entry.optionalObject("facts") { (entry: inout FieldReader) throws(LetterError) in entry.all() }
        for (name, value) in given ?? [] {
            guard Patterns.field.matches(name) else { throw entry.fault("facts", "not field names") }
            switch value {
            case .string(let text) where Patterns.fact.matches(text): facts[name] = .text(text)
            case .integer(let number): facts[name] = .integer(number)
            default: throw entry.fault("facts", "neither codes nor integers")
            }
        }
        let at = try entry.optional("at") { (entry: inout FieldReader) throws(LetterError) in
            guard let at = Instant(rfc3339: try entry.string("at")) else {
                throw entry.fault("at", "not a time like 2026-11-21T10:00:00Z")
            }
            return at
        }
        return Event(code: code, facts: facts, at: at)
    }

    /// The rules of the case in the address, or of a case that is opened now.
    private static func profile(_ call: Call) throws -> Profile? {
        call.parameters["case"] == nil
            ? call.desk.network.profileInForce : try call.profile(of: call.caseInAddress())
    }

    private static func form(
        _ entry: inout FieldReader
    ) throws(LetterError) -> (event: String, draft: FormDraft) {
        let event = try entry.pattern("event", Patterns.event)
        let form = try entry.pattern("form", Patterns.profile)
        let fields = try entry.object("fields") { (entry: inout FieldReader) throws(LetterError) in entry.all() }
        let draft = FormDraft(
            document: CanonicalJSON.writeText(
                .object([
                    "event": .string(event), "form": .string(form),
                    "fields": .object(Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }),
                ])))
        return (event, draft)
    }
}
