// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct FormTests {
    /// A form filled with the first answer that each compulsory field takes.
    static func filled(
        _ name: String, event: String, isChild: Bool = false, of catalogue: FormCatalogue = .repatriation
    ) -> Form {
        var form = Form(event: event, name: name, fields: [:])
        for _ in 0..<8 {
            let missing = catalogue.validate(form, isChild: isChild)
            if missing.isEmpty { break }
            for violation in missing where violation.rule == .missing {
                fill(violation.field, &form.fields, catalogue.forms[name])
            }
        }
        return form
    }

    private static func fill(_ path: String, _ fields: inout [String: Form.Value], _ schema: FormSchema?) {
        guard let schema else { return }
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
        "return", "counsellor",
    ]

    static func answer(_ field: FormSchema.Field) -> Form.Value {
        func pick(_ codes: Set<String>) -> String {
            codes.contains("one_or_more") ? "one_or_more" : codes.intersection(preferred).min() ?? codes.min() ?? ""
        }
        switch field.kind {
        case .code(let codes): return .text(pick(codes))
        case .codes(let codes):
            return .list(Array(codes.sorted().prefix(max(1, Int(field.minimum ?? 1)))).map { .text($0) })
        case .region(let codes), .language(let codes): return .text(pick(codes))
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

    /// Every form of every profile, with an event that it belongs to.
    struct Blank: Sendable, CustomTestStringConvertible {
        let shipped: ShippedProfile
        let schema: FormSchema
        let event: String
        var testDescription: String { "\(shipped.id) \(schema.name)" }
        var filled: Form { FormTests.filled(schema.name, event: event, of: shipped.catalogue) }

        static let all: [Blank] = ShippedProfile.all.flatMap { shipped in
            shipped.catalogue.forms.values.sorted { $0.name < $1.name }.map { schema in
                let event = shipped.profile.eventNames.first { shipped.profile.event($0)?.form == schema.name }
                return Blank(shipped: shipped, schema: schema, event: event ?? "")
            }
        }
    }

    @Test(arguments: Blank.all)
    func `each form can be filled, written, read and found right`(blank: Blank) throws {
        #expect(!blank.event.isEmpty)
        let form = blank.filled
        #expect(blank.shipped.catalogue.validate(form, isChild: false) == [])
        #expect(try FormDocument.read(FormDocument.bytes(of: form)) == form)
    }

    @Test(arguments: Blank.all)
    func `an empty form names every compulsory field`(blank: Blank) {
        let missing = blank.shipped.catalogue.validate(
            Form(event: blank.event, name: blank.schema.name, fields: [:]), isChild: false
        ).filter { $0.rule == .missing }
        #expect(
            Set(missing.map(\.field)).isSuperset(
                of: blank.schema.fields.filter { $0.required == FormSchema.always }.map(\.name)))
    }

    @Test(arguments: Blank.all)
    func `each answer outside its field's type or list, and each field that is none, is named`(blank: Blank) {
        let form = blank.filled
        func violations(_ name: String, _ value: Form.Value) -> [FormViolation] {
            var wrong = form
            wrong.fields[name] = value
            return blank.shipped.catalogue.validate(wrong, isChild: false).filter { $0.field == name }
        }
        for field in blank.schema.fields where field.kind != .text {
            #expect(violations(field.name, .item([:])).contains { $0.rule == .wrongType }, "\(field.name)")
            switch field.kind {
            case .code, .region, .language:
                #expect(
                    violations(field.name, .text("no_such_code")).contains { $0.rule == .unknownCode }, "\(field.name)")
            case .codes:
                #expect(
                    violations(field.name, .list([.text("no_such_code")])).contains { $0.rule == .unknownCode },
                    "\(field.name)")
            default: break
            }
        }
        #expect(violations("no_such_field", .text("x")).map(\.rule) == [.unknownField])
    }

    /// Codes that are well formed but none of the list: `xx` is no language here, `BD-65` no district.
    @Test(arguments: [
        ("consent", "language", "xx"), ("consent", "language", "bn-IN"), ("home-report", "language", "de"),
        ("dossier", "district", "BD-65"), ("home-request", "district", "US-CA"),
        ("preview", "destination_region", "IN-ZZ"),
    ])
    func `an unknown language or region is refused at its field, never taken for a neighbour`(
        name: String, field: String, code: String
    )
        throws
    {
        let blank = try #require(Blank.all.first { $0.shipped.id == "in-bd-repatriation" && $0.schema.name == name })
        var form = blank.filled
        form.fields[field] = .text(code)
        #expect(
            FormCatalogue.repatriation.validate(form, isChild: false).map { [$0.field, "\($0.rule)"] } == [
                [field, "unknownCode"]
            ])
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

    /// However willing the family is: each of these alone keeps a report from calling the home safe.
    @Test(arguments: [
        ("family_violence", "suspected", "willing_is_not_safe"),
        ("family_violence", "not_checkable", "willing_is_not_safe"),
        ("family_complicity", "suspected", "willing_is_not_safe"),
        ("community_violence", "established", "willing_is_not_safe"),
        ("community_violence", "not_checkable", "willing_is_not_safe"),
        ("traffickers_near", "known", "willing_is_not_safe"),
        ("traffickers_near", "not_checkable", "willing_is_not_safe"),
        ("forced_marriage_risk", "suspected", "willing_is_not_safe"),
        ("services", "not_reachable", "willing_is_not_safe"), ("services", "not_checkable", "willing_is_not_safe"),
        ("address_found", "not_found", "found_before_judged"),
        ("home_identity_match", "not_matched", "found_before_judged"),
        ("visit_mode", "uniformed", "found_before_judged"), ("visit_mode", "remote", "found_before_judged"),
        ("other_options", "none", "options_agree"),
    ])
    func `a willing family alone never makes a home safe`(field: String, answer: String, rule: String) {
        for catalogue in ShippedProfile.all.map(\.catalogue) where catalogue.forms["home-report"] != nil {
            var form = Self.filled("home-report", event: "HOME_INV_REPORT", of: catalogue)
            form.fields["family_willing"] = .text("yes")
            form.fields["finding"] = .text("safe_now")
            form.fields["visit_mode"] = .text("plain_clothes")
            form.fields["home_identity_match"] = .text("photo")
            #expect(catalogue.validate(form, isChild: false) == [])
            form.fields[field] = .text(answer)
            let broken = catalogue.validate(form, isChild: false).map(\.rule)
            #expect(broken.contains(.rule(rule)), "\(catalogue.profile): \(broken)")
        }
    }

    /// The eight services one by one, danger from traffickers, violence in family and community: unanswered is incomplete.
    @Test(arguments: [
        "service_health", "service_mental_health", "service_schooling_or_training", "service_livelihood",
        "service_financial_services", "service_housing", "service_legal_aid", "service_welfare_scheme", "services",
        "traffickers_near", "family_violence", "community_violence", "community_violence_basis",
        "family_violence_basis",
    ])
    func `a home report with an open question is not complete`(field: String) {
        for catalogue in ShippedProfile.all.map(\.catalogue) where catalogue.forms["home-report"] != nil {
            var form = Self.filled("home-report", event: "HOME_INV_REPORT", of: catalogue)
            form.fields[field] = nil
            #expect(catalogue.validate(form, isChild: false).contains { $0.field == field && $0.rule == .missing })
            if field.hasPrefix("service_") {
                form.fields[field] = .list([.item(["exists": .text("yes")])])
                let open = catalogue.validate(form, isChild: false).map(\.field)
                #expect(Set(open).isSuperset(of: ["\(field).1.minutes", "\(field).1.cost", "\(field).1.reachable"]))
            }
        }
    }

    @Test func `a care plan goes through all five components with her`() {
        var form = Self.filled("care-plan", event: "CARE_PLAN")
        #expect(FormCatalogue.repatriation.validate(form, isChild: false) == [])
        form.fields["components"] = .list(["health", "education", "livelihood", "social"].map { .text($0) })
        #expect(FormCatalogue.repatriation.validate(form, isChild: false).map(\.field) == ["components"])
    }

    /// Group journeys: what a sheet tells of a person rests on her own consent. It has no place for a name, and of the others of the
    /// same organisation for nothing but their cases.
    @Test func `a movement sheet has no field for who somebody is, nor for what another needs`() throws {
        let schema = try #require(FormCatalogue.repatriation.forms["movement"])
        func names(_ fields: [FormSchema.Field]) -> [String] {
            fields.flatMap { field in
                if case .list(let inner) = field.kind { [field.name] + names(inner) } else { [field.name] }
            }
        }
        #expect(
            Set(names(schema.fields)) == [
                "movement_ref", "date", "border_post", "escort", "cost_payer", "alias", "needs_on_road", "people",
                "case", "linked",
            ])
        let others = try #require(schema.fields.first { $0.name == "people" })
        #expect(Set(names([others])) == ["people", "case", "linked"])
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

    /// A preview names nobody, so its consent has no place for words of hers; every other consent of a child does.
    @Test func `a child's own words are compulsory, and she may decline`() {
        var form = Self.filled("consent", event: "SHARE_CONSENT_FULL")
        form.fields["code"] = .text("C2")
        #expect(FormCatalogue.repatriation.validate(form, isChild: true).map(\.field) == ["assent_words"])
        form.fields["assent_words"] = .text("declined")
        #expect(FormCatalogue.repatriation.validate(form, isChild: true) == [])
        form.fields["code"] = .text("C1")
        form.fields["assent_words"] = nil
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
