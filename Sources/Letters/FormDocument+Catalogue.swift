// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The forms of a profile as a file: JSON, printable ASCII, closed keys.
///
/// - SeeAlso: Protocols/Forms.md, "Fields".
public enum FormsDocument {
    /// - Throws: ``LetterError`` `.malformed` for what is no such JSON, `.profileInvalid` naming the form and field at
    ///   fault.
    public static func read(_ bytes: [UInt8]) throws(LetterError) -> FormCatalogue {
        var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "forms", failure: .profileInvalid)
        guard try fields.string("format") == "kheya-forms/1" else { throw fields.fault("format", "not kheya-forms/1") }
        let classes = Set(try fields.strings("data_classes", limit: 64, ProfilePatterns.name))
        guard case .object(let lists) = try fields.value("code_lists") else {
            throw fields.fault("code_lists", "not an object")
        }
        var reader = Reader(classes: classes, lists: [:])
        for (name, value) in lists { reader.lists[name] = try Reader.codes(value, "code_lists.\(name)") }
        guard case .object(let forms) = try fields.value("forms") else { throw fields.fault("forms", "not an object") }
        var catalogue = FormCatalogue(
            profile: try fields.pattern("profile", Patterns.profile),
            version: try fields.pattern("version", Patterns.version),
            dataClasses: classes, naming: Set(try fields.strings("naming", limit: 64, ProfilePatterns.name)),
            forms: [:])
        try fields.finish()
        if let unknown = catalogue.naming.subtracting(classes).min() {
            throw LetterError(.profileInvalid, "forms.naming: unknown data class \(unknown)")
        }
        for (name, value) in forms {
            guard ProfilePatterns.form.matches(name), case .object(let object) = value else {
                throw fields.fault("forms", "not a form")
            }
            var entry = FieldReader(object, place: "forms.\(name)", failure: .profileInvalid)
            catalogue.forms[name] = try reader.form(name, &entry)
            try entry.finish()
        }
        return catalogue
    }

    /// Compares the catalogue with the profile: every form of either is in both, under the same tier.
    ///
    /// - Throws: ``LetterError`` `.profileInvalid` naming the form.
    public static func check(_ catalogue: FormCatalogue, against profile: Profile) throws(LetterError) {
        let tiers = profile.definition.forms
        guard catalogue.profile == profile.id else { throw LetterError(.profileInvalid, "forms: of another profile") }
        for name in Set(tiers.keys).union(catalogue.forms.keys).sorted()
        where tiers[name] != catalogue.forms[name]?.tier {
            throw LetterError(.profileInvalid, "forms.\(name): not in both, or under another tier")
        }
    }

    private struct Reader {
        let classes: Set<String>
        var lists: [String: Set<String>]

        static func codes(_ value: JSONValue, _ place: String) throws(LetterError) -> Set<String> {
            guard case .array(let array) = value, !array.isEmpty else {
                throw LetterError(.profileInvalid, "\(place): not a list of codes")
            }
            var result: Set<String> = []
            for element in array {
                guard case .string(let code) = element, ProfilePatterns.name.matches(code), result.insert(code).inserted
                else {
                    throw LetterError(.profileInvalid, "\(place): not a code, or twice")
                }
            }
            return result
        }

        func form(_ name: String, _ entry: inout FieldReader) throws(LetterError) -> FormSchema {
            let tier = try entry.code("tier", Tier.self)
            let fields = try self.fields(&entry, place: "forms.\(name)")
            if let high = fields.first(where: { Self.highest($0) > tier }) {
                throw entry.fault(high.name, "above the form's tier")
            }
            let place = entry.place
            let rules = try entry.list("rules", limit: 32) { (rule: inout FieldReader) throws(LetterError) in
                let name = try rule.pattern("name", Patterns.field)
                let condition = try rule.string("condition")
                return FormSchema.Rule(
                    name: name, field: try rule.pattern("field", Patterns.field),
                    condition: try self.condition(condition, fields, "\(place).rules.\(name)"))
            }
            for rule in rules where !fields.contains(where: { $0.name == rule.field }) {
                throw entry.fault("rules", "unknown field \(rule.field)")
            }
            return FormSchema(name: name, tier: tier, fields: fields, rules: rules)
        }

        private static func highest(_ field: FormSchema.Field) -> Tier {
            guard case .list(let inner) = field.kind else { return field.tier }
            return inner.map(highest).max().map { max($0, field.tier) } ?? field.tier
        }

        private func condition(_ text: String, _ fields: [FormSchema.Field], _ place: String) throws(LetterError)
            -> Guard
        {
            do {
                return try FormSchema.condition(text, fields: fields, place: place)
            } catch {
                throw LetterError(.profileInvalid, "\(error.code.rawValue) at \(error.place): \(error.reason)")
            }
        }

        /// Two passes: a condition may name a field that stands below it.
        private func fields(_ entry: inout FieldReader, place: String) throws(LetterError) -> [FormSchema.Field] {
            var conditions: [String: String] = [:]
            var fields = try entry.list("fields", limit: 200) { (field: inout FieldReader) throws(LetterError) in
                try self.field(&field, place: place, conditions: &conditions)
            }
            guard Set(fields.map(\.name)).count == fields.count else {
                throw LetterError(.profileInvalid, "\(place): a field stands twice")
            }
            for index in fields.indices {
                if let text = conditions[fields[index].name] {
                    fields[index].required = try condition(text, fields, "\(place).\(fields[index].name)")
                }
            }
            return fields
        }

        private func field(
            _ entry: inout FieldReader, place: String, conditions: inout [String: String]
        ) throws(LetterError) -> FormSchema.Field {
            let name = try entry.pattern("name", Patterns.field)
            let kind = try kind(&entry, place: "\(place).\(name)")
            if entry.has("required") { conditions[name] = try entry.string("required") }
            let dataClass = entry.has("class") ? try entry.string("class") : nil
            if let dataClass, !classes.contains(dataClass) {
                throw LetterError(.profileInvalid, "\(place).\(name): unknown data class")
            }
            return FormSchema.Field(
                name: name, kind: kind, required: nil, tier: try entry.code("tier", Tier.self), dataClass: dataClass,
                section: entry.has("section") ? try entry.pattern("section", ProfilePatterns.name) : nil,
                isHers: entry.has("hers") ? try entry.bool("hers") : false, minimum: try entry.optionalInteger("min"),
                maximum: try entry.optionalInteger("max"))
        }

        private func kind(_ entry: inout FieldReader, place: String) throws(LetterError) -> FormSchema.Field.Kind {
            switch try entry.string("type") {
            case "code": return .code(try codes(&entry, place))
            case "codes": return .codes(try codes(&entry, place))
            case "region": return .region(try list("regions", place))
            case "language": return .language(try list("languages", place))
            case "date": return .date
            case "partial_date": return .partialDate
            case "instant": return .instant
            case "int": return .integer
            case "money": return .money
            case "text": return .text
            case "id": return .id
            case "digest": return .digest
            case "member": return .member
            case "file": return .file
            case "list": return .list(try fields(&entry, place: place))
            default: throw LetterError(.profileInvalid, "\(place): unknown type")
            }
        }

        private func codes(_ entry: inout FieldReader, _ place: String) throws(LetterError) -> Set<String> {
            if entry.has("codes") { return try Self.codes(try entry.value("codes"), place) }
            return try list(try entry.string("list"), place)
        }

        private func list(_ name: String, _ place: String) throws(LetterError) -> Set<String> {
            guard let list = lists[name] else { throw LetterError(.profileInvalid, "\(place): unknown list") }
            return list
        }
    }
}

extension ProfilePatterns {
    static let form = Pattern("a form's name", length: 1...40) {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
}
