// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct FormTests {
    /// A form filled with the first answer that each compulsory field takes.
    static func filled(_ name: String, event: String, isChild: Bool = false) -> Form {
        var form = Form(event: event, name: name, fields: [:])
        for _ in 0..<8 {
            let missing = FormCatalogue.repatriation.validate(form, isChild: isChild)
            if missing.isEmpty { break }
            for violation in missing where violation.rule == .missing { fill(violation.field, &form.fields, name) }
        }
        return form
    }

    private static func fill(_ path: String, _ fields: inout [String: Form.Value], _ name: String) {
        guard let schema = FormCatalogue.repatriation.forms[name] else { return }
        let pieces = path.split(separator: ".").map(String.init)
        if pieces.count == 1 {
            if let field = schema.fields.first(where: { $0.name == pieces[0] }) { fields[pieces[0]] = answer(field) }
        } else if pieces.count == 3, let index = Int(pieces[1]), case .list(var items) = fields[pieces[0]],
            case .item(var item) = items[index - 1],
            case .list(let inner) = schema.fields.first(where: { $0.name == pieces[0] })?.kind,
            let field = inner.first(where: { $0.name == pieces[2] })
        {
            item[pieces[2]] = answer(field)
            items[index - 1] = .item(item)
            fields[pieces[0]] = .list(items)
        }
    }

    private static let preferred: Set<String> = [
        "none", "none_known", "none_found", "none_seen", "found", "reachable", "yes", "said_back", "not_needed",
        "return",
    ]

    static func answer(_ field: FormSchema.Field) -> Form.Value {
        func pick(_ codes: Set<String>) -> String {
            codes.contains("one_or_more") ? "one_or_more" : codes.intersection(preferred).min() ?? codes.min() ?? ""
        }
        switch field.kind {
        case .code(let codes): return .text(pick(codes))
        case .codes(let codes):
            return .list(Array(codes.sorted().prefix(max(1, Int(field.minimum ?? 1)))).map { .text($0) })
        case .region: return .text("BD-13")
        case .language: return .text("bn")
        case .date: return .text("2026-03-01")
        case .partialDate: return .text("2004")
        case .instant: return .integer(1_772_000_000)
        case .integer: return .integer(field.minimum ?? 1)
        case .money: return .text("INR 1200")
        case .text: return .text("words")
        case .id: return .text(String(Digest.named("id").hex.prefix(32)))
        case .digest, .file: return .text(Digest.named("file").hex)
        case .member: return .text("bd:practice-ngo")
        case .list(let inner):
            let item = Dictionary(
                uniqueKeysWithValues: inner.filter { $0.required == FormSchema.always }.map { ($0.name, answer($0)) })
            return .list(Array(repeating: .item(item), count: max(1, Int(field.minimum ?? 1))))
        }
    }

    private static var event: [String: String] {
        var result: [String: String] = [:]
        for name in Profile.repatriation.eventNames {
            if let form = Profile.repatriation.event(name)?.form { result[form] = name }
        }
        return result
    }

    @Test(arguments: FormCatalogue.repatriation.forms.keys.sorted())
    func `each form can be filled, written, read and found right`(name: String) throws {
        let form = Self.filled(name, event: Self.event[name] ?? "QUESTION")
        #expect(FormCatalogue.repatriation.validate(form, isChild: false) == [])
        #expect(try FormDocument.read(FormDocument.bytes(of: form)) == form)
    }

    @Test(arguments: FormCatalogue.repatriation.forms.keys.sorted())
    func `an empty form names every compulsory field`(name: String) throws {
        let schema = try #require(FormCatalogue.repatriation.forms[name])
        let missing = FormCatalogue.repatriation.validate(
            Form(event: "QUESTION", name: name, fields: [:]), isChild: false
        ).filter { $0.rule == .missing }
        #expect(
            Set(missing.map(\.field)).isSuperset(
                of: schema.fields.filter { $0.required == FormSchema.always }.map(\.name)))
    }

    @Test(arguments: FormCatalogue.repatriation.forms.keys.sorted())
    func `each answer outside its field's type or list is named`(name: String) throws {
        let schema = try #require(FormCatalogue.repatriation.forms[name])
        let form = Self.filled(name, event: Self.event[name] ?? "QUESTION")
        for field in schema.fields where field.kind != .text {
            var wrong = form
            wrong.fields[field.name] = .item([:])
            #expect(
                FormCatalogue.repatriation.validate(wrong, isChild: false).contains {
                    $0.field == field.name && $0.rule == .wrongType
                }, "\(field.name)")
            if case .code = field.kind {
                wrong.fields[field.name] = .text("no_such_code")
                #expect(
                    FormCatalogue.repatriation.validate(wrong, isChild: false).contains {
                        $0.field == field.name && $0.rule == .unknownCode
                    })
            }
        }
    }

    @Test(arguments: [
        ("A", "visited_on"), ("B", "home_identity_match"), ("D", "family_willing"), ("E", "family_violence"),
        ("F", "traffickers_near"),
        ("G", "community_violence"), ("H", "service_mental_health"), ("I", "other_options"), ("J", "finding"),
        ("K", "person"),
    ])
    func `a home report without a compulsory section is incomplete, and the section is named`(
        section: String, field: String
    ) {
        var form = Self.filled("home-report", event: "HOME_INV_REPORT")
        form.fields[field] = nil
        let violations = FormCatalogue.repatriation.validate(form, isChild: false)
        #expect(violations.contains(FormViolation(field: field, section: section, rule: .missing)))
    }

    @Test func `a willing family with violence in it is not a safe home`() {
        var form = Self.filled("home-report", event: "HOME_INV_REPORT")
        form.fields["family_willing"] = .text("yes")
        form.fields["finding"] = .text("safe_now")
        form.fields["family_violence"] = .text("suspected")
        #expect(FormCatalogue.repatriation.validate(form, isChild: false).map(\.rule) == [.rule("willing_is_not_safe")])
    }

    @Test func `at least two options were explained, one of them not the family`() {
        var form = Self.filled("return-decision", event: "RETURN_CONSENT")
        form.fields["explained_options"] = .list([.text("family")])
        #expect(
            FormCatalogue.repatriation.validate(form, isChild: false).map(\.rule) == [
                .tooLittle, .rule("one_option_not_family"),
            ])
        form.fields["explained_options"] = .list([.text("family"), .text("kin")])
        #expect(
            FormCatalogue.repatriation.validate(form, isChild: false).map(\.rule) == [.rule("one_option_not_family")])
    }

    @Test func `a child's own words are compulsory, and she may decline`() {
        var form = Self.filled("consent", event: "SHARE_CONSENT_FULL")
        #expect(FormCatalogue.repatriation.validate(form, isChild: true).map(\.field) == ["assent_words"])
        form.fields["assent_words"] = .text("declined")
        #expect(FormCatalogue.repatriation.validate(form, isChild: true) == [])
    }

    @Test func `a blank is no answer`() {
        var form = Self.filled("return-decision", event: "RETURN_CONSENT")
        form.fields["her_wish"] = .text(" \n\t")
        #expect(FormCatalogue.repatriation.validate(form, isChild: false).map(\.field) == ["her_wish"])
    }

    @Test func `a form that contradicts its step is named`() {
        let form = Self.filled("home-report", event: "HOME_INV_REPORT")
        var facts = form.facts(of: .repatriation)
        #expect(facts["family_violence"] == .text("none_found"))
        #expect(FormCatalogue.repatriation.validate(form, facts: facts, isChild: false) == [])
        facts["family_violence"] = .text("established")
        #expect(
            FormCatalogue.repatriation.validate(form, facts: facts, isChild: false).map(\.rule) == [.differsFromFact])
    }

    @Test func `an unknown field is named with its place in the list`() {
        var form = Self.filled("preview", event: "REFERRAL_OFFER")
        form.fields["name"] = .text("somebody")
        #expect(
            FormCatalogue.repatriation.validate(form, isChild: false) == [
                FormViolation(field: "name", rule: .unknownField)
            ])
        var home = Self.filled("home-report", event: "HOME_INV_REPORT")
        home.fields["carers"] = .list([
            .item([
                "relation": .text("mother"), "willing": .text("maybe"), "able": .text("yes"),
                "knows_what_happened": .text("no"),
            ])
        ])
        #expect(
            FormCatalogue.repatriation.validate(home, isChild: false) == [
                FormViolation(field: "carers.1.willing", section: "D", rule: .unknownCode)
            ])
    }

    @Test func `tier and data classes follow from what is filled, attachments from the fields that name them`() throws {
        let schema = try #require(FormCatalogue.repatriation.forms["dossier"])
        var form = Self.filled("dossier", event: "DOSSIER")
        #expect(schema.tier(of: form) == .t3)
        #expect(!schema.dataClasses(of: form).contains("photo"))
        #expect(schema.attachments(of: form).isEmpty)
        form.fields["photo"] = .text(Digest.named("photo").hex)
        #expect(schema.dataClasses(of: form).contains("photo"))
        #expect(schema.attachments(of: form).map(\.field) == ["photo"])
    }

    @Test func `nothing that a preview asks identifies her`() throws {
        let schema = try #require(FormCatalogue.repatriation.forms["preview"])
        #expect(schema.fields.allSatisfy { $0.tier <= .t1 && $0.kind != .text && $0.kind != .file })
    }

    @Test(arguments: ["true", "null", "1.5", "-3"])
    func `values that are no answers are refused`(value: String) {
        #expect(throws: LetterError(.formInvalid, "")) {
            try FormDocument.read(
                Array("{\"event\":\"DOSSIER\",\"fields\":{\"discreet\":\(value)},\"form\":\"dossier\"}".utf8))
        }
    }

    @Test(arguments: [
        ("\"type\": \"code\"", "\"type\": \"colour\""),
        ("\"required\": \"always\"", "\"required\": \"sometimes == yes\""),
        ("\"class\": \"address\"", "\"class\": \"soul\""), ("\"list\": \"yes_no\"", "\"list\": \"maybe\""),
    ])
    func `a catalogue with an unknown type, condition, class or list is refused`(old: String, new: String) throws {
        let source = String(decoding: try Protocols.bytes("Profiles/in-bd-repatriation/forms.json"), as: UTF8.self)
        let changed = source.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != source)
        #expect(throws: LetterError(.profileInvalid, "")) { try FormsDocument.read(Array(changed.utf8)) }
    }
}
