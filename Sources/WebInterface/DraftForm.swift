// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// One question of a draft: a field of an event's form, or a fact that its form does not ask.
struct Question: Sendable {
    let event: String
    /// Within the event: `her_wish`, `carers.1.willing`.
    let path: String
    let field: FormSchema.Field
    let isFact: Bool

    /// Of its answer in the draft.
    var key: String { "\(event)/\(path)" }
    var address: String { key }
    /// Its entries are questions of their own.
    var isList: Bool { if case .list = field.kind { true } else { false } }
}

/// A draft against its profile: which questions it asks, what the answers come to, and what is wrong with them.
struct DraftForm: Sendable {
    let draft: DraftRecord
    let profile: Profile
    let catalogue: FormCatalogue?
    let isChild: Bool
    /// Seconds east of Greenwich of the clock that people here read.
    let offset: Int64
    /// The person's code in this case: her signature under a form.
    let person: @Sendable (String) -> String
    let questions: [Question]
    /// Signatures of a second person: nobody answers them, the desk writes them when that person has approved.
    private let signatures: Set<String>

    init(
        _ draft: DraftRecord, profile: Profile, catalogue: FormCatalogue?, isChild: Bool, offset: Int64,
        person: @escaping @Sendable (String) -> String
    ) {
        self.draft = draft
        self.profile = profile
        self.catalogue = catalogue
        self.isChild = isChild
        self.offset = offset
        self.person = person
        let signatures = profile.secondSignatures
        self.signatures = signatures
        questions = draft.content.events.flatMap { event in
            let fields = Self.asked(
                profile.event(event)?.form.flatMap { catalogue?.forms[$0] }?.fields ?? [], signatures)
            let facts = profile.compulsoryFacts(of: event).filter { name in
                !signatures.contains(name) && !fields.contains { $0.name == name }
            }
            return facts.compactMap { Self.fact($0, of: event, profile) }
                + Self.flattened(fields, event: event, prefix: "", draft.content)
        }
    }

    /// Fields that somebody answers.
    private static func asked(_ fields: [FormSchema.Field], _ signatures: Set<String>) -> [FormSchema.Field] {
        fields.filter { $0.kind != .digest || !signatures.contains($0.name) }
    }

    func question(_ event: String, _ path: String) -> Question? {
        questions.first { $0.event == event && $0.path == path }
    }

    /// The next question that has no answer and is asked now; `nil` after the last.
    func next(after question: Question?) -> Question? {
        let start = question.flatMap { asked in questions.firstIndex { $0.key == asked.key } }.map { $0 + 1 } ?? 0
        let missing = self.missing
        return questions[start...].first { isUnseen($0) || !isAnswered($0) && isAsked($0, missing) }
    }

    /// Its answer came out of a file, and nobody has looked at it yet.
    func isUnseen(_ question: Question) -> Bool { draft.content.answers[question.key]?.isImported == true }

    /// A conditional field whose condition does not hold is not asked. A paper that a fact may go without is asked for all the same.
    func isAsked(_ question: Question, _ missing: Set<String>) -> Bool {
        question.field.required == nil || missing.contains(question.key)
            || question.field.required == FormSchema.always && form(of: question.event) == nil
    }

    /// Whether it may stay without an answer, as far as the others go.
    func isOptional(_ question: Question, _ missing: Set<String>) -> Bool {
        !isAnswered(question) && !missing.contains(question.key)
    }

    /// A file answers it: the question asks for one, or for the fingerprint of an attested paper, which is taken from its scan.
    func takesFile(_ question: Question) -> Bool {
        switch question.field.kind {
        case .file: true
        case .digest: profile.definition.attestedFacts.contains(question.field.name)
        default: false
        }
    }

    func isAnswered(_ question: Question) -> Bool { !(draft.content.answers[question.key]?.values ?? []).isEmpty }

    /// Keys of compulsory questions without an answer.
    var missing: Set<String> {
        Set(
            draft.content.events.flatMap { event in
                violations(of: event).filter { $0.rule == .missing }.map { "\(event)/\($0.field)" }
            })
    }

    // MARK: What the answers come to

    /// The facts of an event: those its form answers by the same name, and those asked by themselves.
    func facts(of event: String) -> [String: FactValue] {
        var facts = filled(event)?.facts(of: profile) ?? [:]
        for question in questions where question.event == event && question.isFact {
            switch value(question.key, question.field) {
            case .text(let text): facts[question.path] = .text(text)
            case .integer(let number): facts[question.path] = .integer(number)
            default: break
            }
        }
        return facts
    }

    /// The form of an event, as far as it is filled in; `nil` where the event has none, and where a fact goes without its paper.
    func form(of event: String) -> Form? {
        guard let form = filled(event), let rule = profile.event(event) else { return nil }
        let own = form.fields.keys.contains { !profile.compulsoryFacts(of: event).contains($0) }
        return own || rule.lanes.contains(.normal) ? form : nil
    }

    private func filled(_ event: String) -> Form? {
        guard let name = profile.event(event)?.form, let schema = catalogue?.forms[name] else { return nil }
        return Form(event: event, name: name, fields: values(Self.asked(schema.fields, signatures), "\(event)/"))
    }

    /// What is wrong or missing in the answers about an event, in the order of its questions.
    func violations(of event: String) -> [FormViolation] {
        var result: [FormViolation] = []
        let form = form(of: event)
        // Without its paper a fact is told by its own facts, which the form would ask.
        let facts = form == nil ? Set(profile.compulsoryFacts(of: event)) : []
        for question in questions where question.event == event && !isAnswered(question) {
            if question.isFact || facts.contains(question.path) {
                result.append(FormViolation(field: question.path, rule: .missing))
            }
        }
        guard let form, let catalogue else { return result }
        let fields = catalogue.forms[form.name]?.fields ?? []
        let written = Set(fields.map(\.name)).subtracting(Self.asked(fields, signatures).map(\.name))
        return result
            + catalogue.validate(FormAttachments.standIn(form), facts: [:], isChild: isChild).filter {
                !written.contains($0.field)
            }
    }

    /// The answer to a question as its form will hold it; what is not of its type as it was typed.
    func answer(_ question: Question) -> Form.Value? { value(question.key, question.field) }

    private func values(_ fields: [FormSchema.Field], _ prefix: String) -> [String: Form.Value] {
        var result: [String: Form.Value] = [:]
        for field in fields { result[field.name] = value(prefix + field.name, field) }
        return result
    }

    /// An answer as the form holds it. What cannot be read as its type stays text, and the form says what would be right.
    private func value(_ key: String, _ field: FormSchema.Field) -> Form.Value? {
        guard let answer = draft.content.answers[key], let first = answer.values.first else { return nil }
        if field.isHers, FormSchema.herAnswers.contains(first) { return .text(first) }
        switch field.kind {
        case .codes: return .list(answer.values.map { .text($0) })
        case .integer:
            let digits = Digits.folded(first)
            return Int64(digits).map { .integer($0) } ?? .text(first)
        case .money: return .text(answer.values.map(Digits.folded).joined(separator: " "))
        case .date, .partialDate: return .text(Self.date(answer.values))
        case .instant:
            guard let day = CivilDate(Self.date(answer.values)),
                let seconds = Self.clock(answer.values.dropFirst(3).first)
            else { return .text(first) }
            return .integer((day.start(offset: offset) + seconds).seconds)
        case .digest:
            if let file = KeptFile(answer.values) { return .text(file.digest.hex) }
            return .text(first == Self.mine ? person(answer.by) : first)
        case .list(let inner):
            return .list(
                (1...max(1, entries(first))).prefix(entries(first)).map { number in
                    .item(values(inner, "\(key).\(number)."))
                })
        case .file: return .text(FormAttachments.text(naming: first))
        case .code, .region, .language, .text, .id, .member: return .text(first)
        }
    }

    /// For a digest: the signature of whoever answers.
    static let mine = "mine"
    private func entries(_ text: String) -> Int { Self.entries(text) }

    static func entries(_ text: String) -> Int { min(max(Int(text) ?? 0, 0), 50) }

    /// Year, month, day as typed, in any script's digits: `2026-03-05`, as precisely as they are there.
    private static func date(_ values: [String]) -> String {
        let pieces = values.prefix(3).map(Digits.folded)
        var text: [String] = []
        for (piece, width) in zip(pieces, [4, 2, 2]) where !piece.isEmpty {
            text.append(String(repeating: "0", count: max(0, width - piece.utf8.count)) + piece)
        }
        return text.joined(separator: "-")
    }

    /// `14:05` in seconds.
    private static func clock(_ text: String?) -> Int64? {
        let pieces = Digits.folded(text ?? "").utf8.split(separator: 0x3A).compactMap {
            Int64(String(decoding: $0, as: UTF8.self))
        }
        guard pieces.count == 2, (0...23).contains(pieces[0]), (0...59).contains(pieces[1]) else { return nil }
        return pieces[0] * 3_600 + pieces[1] * 60
    }

    // MARK: Questions

    private static func fact(_ name: String, of event: String, _ profile: Profile) -> Question? {
        guard let rule = profile.definition.facts[name] else { return nil }
        let kind: FormSchema.Field.Kind =
            switch rule.kind {
            case .codes(let codes): .code(Set(codes))
            case .id: .id
            case .date: .date
            case .instant: .instant
            case .member: .member
            case .digest: .digest
            }
        let field = FormSchema.Field(
            name: name, kind: kind, required: FormSchema.always, tier: rule.tier, dataClass: nil, section: nil,
            isHers: false, minimum: nil, maximum: nil)
        return Question(event: event, path: name, field: field, isFact: true)
    }

    private static func flattened(
        _ fields: [FormSchema.Field], event: String, prefix: String, _ content: ActDraft
    ) -> [Question] {
        fields.flatMap { field -> [Question] in
            let question = Question(event: event, path: prefix + field.name, field: field, isFact: false)
            guard case .list(let inner) = field.kind else { return [question] }
            let count = entries(content.answers[question.key]?.values.first ?? "")
            return [question]
                + (1...max(1, count)).prefix(count).flatMap { number in
                    flattened(inner, event: event, prefix: "\(question.path).\(number).", content)
                }
        }
    }
}
