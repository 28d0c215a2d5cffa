// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// All forms of a profile.
///
/// - SeeAlso: Protocols/Forms.md.
public struct FormCatalogue: Hashable, Sendable {
    /// The profile that the forms belong to.
    public var profile: String
    public var version: String
    /// What a consent may be given or withheld for.
    public var dataClasses: Set<String>
    /// Those of them that say who she is: left out on paper unless somebody asks for them.
    public var naming: Set<String>
    public var forms: [String: FormSchema]

    public init(
        profile: String, version: String, dataClasses: Set<String>, naming: Set<String> = [],
        forms: [String: FormSchema]
    ) {
        self.profile = profile
        self.version = version
        self.dataClasses = dataClasses
        self.naming = naming
        self.forms = forms
    }

    /// Whether a field says who she is.
    public func names(_ field: FormSchema.Field) -> Bool { field.dataClass.map(naming.contains) ?? false }

    /// Every violation, none left out; empty when the form may be sealed.
    ///
    /// - Parameters:
    ///   - facts: of the event, where the form has fields of the same name: they must agree.
    ///   - isChild: whether she counts as a child; in doubt she does.
    public func validate(_ form: Form, facts: [String: FactValue] = [:], isChild: Bool) -> [FormViolation] {
        guard let schema = forms[form.name] else { return [FormViolation(field: form.name, rule: .wrongForm)] }
        return schema.validate(form.fields, facts: facts, isChild: isChild)
    }
}

/// The fields of one form.
public struct FormSchema: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public indirect enum Kind: Hashable, Sendable {
            case code(Set<String>)
            /// Several codes, each once.
            case codes(Set<String>)
            /// ISO 3166-2, of the catalogue's list `regions`: `BD-13`.
            case region(Set<String>)
            /// BCP 47, of the catalogue's list `languages`: `bn`.
            case language(Set<String>)
            /// `YYYY-MM-DD`.
            case date
            /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`: as precisely as she knows.
            case partialDate
            /// POSIX seconds.
            case instant
            case integer
            /// ISO 4217 and an amount: `BDT 1200.50`.
            case money
            /// People's own words.
            case text
            case id
            case digest
            case member
            /// An attachment, by the commitment of its part: 64 hexadecimal digits.
            case file
            case list([Field])
        }

        public var name: String
        public var kind: Kind
        /// When it must be answered; absent: never. The field's siblings by name, and `child`.
        public var required: Guard?
        public var tier: Tier
        /// Absent for what says nothing about her.
        public var dataClass: String?
        public var section: String?
        /// An answer that comes from her: `declined` and `not_recalled` are answers too.
        public var isHers: Bool
        /// Of a list or number: at least; of a text: bytes.
        public var minimum: Int64?
        public var maximum: Int64?

        public init(
            name: String, kind: Kind, required: Guard?, tier: Tier, dataClass: String?, section: String?, isHers: Bool,
            minimum: Int64?,
            maximum: Int64?
        ) {
            self.name = name
            self.kind = kind
            self.required = required
            self.tier = tier
            self.dataClass = dataClass
            self.section = section
            self.isHers = isHers
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// A condition over several fields.
    public struct Rule: Hashable, Sendable {
        public var name: String
        /// The field that its violation names.
        public var field: String
        public var condition: Guard
        public init(name: String, field: String, condition: Guard) {
            self.name = name
            self.field = field
            self.condition = condition
        }
    }

    public var name: String
    /// The highest tier of its fields.
    public var tier: Tier
    public var fields: [Field]
    public var rules: [Rule]

    public init(name: String, tier: Tier, fields: [Field], rules: [Rule]) {
        self.name = name
        self.tier = tier
        self.fields = fields
        self.rules = rules
    }

    /// Answers to a field that comes from her, besides its own.
    public static let herAnswers: Set<String> = ["declined", "not_recalled"]
    /// `always` and the reserved name `child`.
    public static let always = Guard.all([])

    // MARK: what the filled form holds

    /// The highest tier among the fields that are filled.
    public func tier(of form: Form) -> Tier { present(form).map(\.tier).max() ?? .t0 }

    /// The data classes of the fields that are filled.
    public func dataClasses(of form: Form) -> Set<String> { Set(present(form).compactMap(\.dataClass)) }

    /// The attachments that the form names: path, commitment, and the field's tier and class.
    public func attachments(of form: Form) -> [(field: String, commitment: Digest, tier: Tier, dataClass: String?)] {
        var result: [(field: String, commitment: Digest, tier: Tier, dataClass: String?)] = []
        Self.walk(form.fields, fields, path: "") { path, field, value in
            if field.kind == .file, case .text(let text) = value, let digest = Digest(hex: text) {
                result.append((path, digest, field.tier, field.dataClass))
            }
        }
        return result
    }

    private func present(_ form: Form) -> [Field] {
        var result: [Field] = []
        Self.walk(form.fields, fields, path: "") { _, field, _ in result.append(field) }
        return result
    }

    private static func walk(
        _ values: [String: Form.Value], _ fields: [Field], path: String, _ visit: (String, Field, Form.Value) -> Void
    ) {
        for field in fields {
            guard let value = values[field.name] else { continue }
            visit(path + field.name, field, value)
            guard case .list(let inner) = field.kind, case .list(let items) = value else { continue }
            for (index, item) in items.enumerated() {
                if case .item(let values) = item {
                    walk(values, inner, path: "\(path)\(field.name).\(index + 1).", visit)
                }
            }
        }
    }

    // MARK: validation

    /// Every violation, in the order of the form.
    public func validate(_ values: [String: Form.Value], facts: [String: FactValue] = [:], isChild: Bool)
        -> [FormViolation]
    {
        var result: [FormViolation] = []
        Self.check(values, fields, path: "", section: nil, isChild: isChild, into: &result)
        for (name, fact) in facts.sorted(by: { $0.key < $1.key }) {
            guard let field = fields.first(where: { $0.name == name }), let value = values[name] else { continue }
            let agrees =
                switch (value, fact) {
                case (.text(let one), .text(let other)): one == other
                case (.integer(let one), .integer(let other)): one == other
                default: false
                }
            if !agrees { result.append(FormViolation(field: name, section: field.section, rule: .differsFromFact)) }
        }
        for rule in rules where !Self.holds(rule.condition, values, isChild: isChild) {
            result.append(
                FormViolation(
                    field: rule.field, section: fields.first { $0.name == rule.field }?.section, rule: .rule(rule.name))
            )
        }
        return result
    }

    private static func check(
        _ values: [String: Form.Value], _ fields: [Field], path: String, section: String?, isChild: Bool,
        into result: inout [FormViolation]
    ) {
        let known = Set(fields.map(\.name))
        for name in values.keys.sorted() where !known.contains(name) {
            result.append(FormViolation(field: path + name, section: section, rule: .unknownField))
        }
        for field in fields {
            let section = field.section ?? section
            guard let value = values[field.name] else {
                if let required = field.required, holds(required, values, isChild: isChild) {
                    result.append(FormViolation(field: path + field.name, section: section, rule: .missing))
                }
                continue
            }
            if let rule = violation(value, field) {
                result.append(FormViolation(field: path + field.name, section: section, rule: rule))
            } else if case .list(let inner) = field.kind, case .list(let items) = value {
                for (index, item) in items.enumerated() {
                    let place = "\(path)\(field.name).\(index + 1)"
                    guard case .item(let values) = item else {
                        result.append(FormViolation(field: place, section: section, rule: .wrongType))
                        continue
                    }
                    check(values, inner, path: place + ".", section: section, isChild: isChild, into: &result)
                }
            }
        }
    }

    private static func violation(_ value: Form.Value, _ field: Field) -> FormViolation.Rule? {
        if field.isHers, case .text(let text) = value, herAnswers.contains(text) { return nil }
        func bounds(_ count: Int64) -> FormViolation.Rule? {
            if let maximum = field.maximum, count > maximum { return .tooMuch }
            if let minimum = field.minimum, count < minimum { return .tooLittle }
            return nil
        }
        switch (field.kind, value) {
        case (.code(let codes), .text(let text)), (.region(let codes), .text(let text)),
            (.language(let codes), .text(let text)):
            return codes.contains(text) ? nil : .unknownCode
        case (.codes(let codes), .list(let list)):
            var seen: Set<String> = []
            for element in list {
                guard case .text(let text) = element else { return .wrongType }
                guard codes.contains(text) else { return .unknownCode }
                guard seen.insert(text).inserted else { return .wrongType }
            }
            return bounds(Int64(list.count))
        case (.list, .list(let list)): return bounds(Int64(list.count))
        case (.integer, .integer(let number)): return bounds(number)
        case (.instant, .integer): return nil
        case (.text, .text(let text)):
            // Blank is not an answer.
            guard text.utf8.contains(where: { $0 > 0x20 }) else { return .tooLittle }
            return text.utf8.count > field.maximum ?? 4_096 ? .tooMuch : nil
        case (.date, .text(let text)): return CivilDate(text) == nil ? .wrongType : nil
        case (.partialDate, .text(let text)):
            return CivilDate(text) == nil && CivilDate(text + "-01") == nil && CivilDate(text + "-01-01") == nil
                ? .wrongType : nil
        case (.money, .text(let text)): return isMoney(text) ? nil : .wrongType
        case (.id, .text(let text)):
            return ProfileDefinition.FactRule(kind: .id, tier: .t0, isShown: false).accepts(.text(text))
                ? nil : .wrongType
        case (.digest, .text(let text)), (.file, .text(let text)): return Digest(hex: text) == nil ? .wrongType : nil
        case (.member, .text(let text)): return MemberID(text) == nil ? .wrongType : nil
        default: return .wrongType
        }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isMoney(_ text: String) -> Bool {
        let pieces = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard pieces.count == 2, pieces[0].count == 3, pieces[0].allSatisfy(isUpper) else { return false }
        let amount = pieces[1].split(separator: 0x2E, omittingEmptySubsequences: false)
        return (1...2).contains(amount.count) && (1...12).contains(amount[0].count) && amount[0].allSatisfy(isDigit)
            && (amount.count == 1 || (amount[1].count == 2 && amount[1].allSatisfy(isDigit)))
    }

    /// Conditions over a form's own fields: `==` and `in`, of a list any element.
    private static func holds(_ condition: Guard, _ values: [String: Form.Value], isChild: Bool) -> Bool {
        func texts(_ name: GuardName) -> [String] {
            guard case .state(let field) = name else { return [] }
            if field == "child" { return [isChild ? "yes" : "no"] }
            switch values[field] {
            case .text(let text): return [text]
            case .list(let list): return list.compactMap { if case .text(let text) = $0 { text } else { nil } }
            default: return []
            }
        }
        switch condition {
        case .all(let list): return list.allSatisfy { holds($0, values, isChild: isChild) }
        case .any(let list): return list.contains { holds($0, values, isChild: isChild) }
        case .not(let inner): return !holds(inner, values, isChild: isChild)
        case .equals(let name, .code(let code)): return texts(name).contains(code)
        case .isIn(let name, let codes): return texts(name).contains(where: codes.contains)
        default: return false
        }
    }

    // MARK: the catalogue's own rules

    /// Reads a condition over `fields`: `always`, or `==`, `in`, `and`, `or`, `not` over names of fields and `child`.
    ///
    /// - Throws: ``ProfileError`` naming the place and what is unknown in it.
    public static func condition(_ text: String, fields: [Field], place: String) throws(ProfileError) -> Guard {
        if text == "always" { return always }
        let condition = try GuardParser.parse(text, place: place)
        try check(condition, fields: fields, place: place)
        return condition
    }

    private static func check(_ condition: Guard, fields: [Field], place: String) throws(ProfileError) {
        switch condition {
        case .all(let list), .any(let list): for inner in list { try check(inner, fields: fields, place: place) }
        case .not(let inner): try check(inner, fields: fields, place: place)
        case .equals(.state(let name), .code(let code)): try check(name, [code], fields: fields, place: place)
        case .isIn(.state(let name), let codes): try check(name, codes, fields: fields, place: place)
        default: throw ProfileError(.guardSyntax, place, "only fields of the form and codes")
        }
    }

    private static func check(_ name: String, _ codes: [String], fields: [Field], place: String) throws(ProfileError) {
        var known: Set<String>
        if name == "child" {
            known = ["yes", "no"]
        } else {
            switch fields.first(where: { $0.name == name })?.kind {
            case .code(let list), .codes(let list): known = list
            default: throw ProfileError(.unknownName, place, name)
            }
            known.formUnion(herAnswers)
        }
        for code in codes where !known.contains(code) { throw ProfileError(.unknownName, place, "\(name) == \(code)") }
    }
}
