// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// A filled form as bytes: the content of a sealed part of kind `form`.
///
/// `{"event":"DOSSIER","fields":{…},"form":"dossier"}`, UTF-8, keys sorted.
///
/// - SeeAlso: Protocols/Forms.md, "A filled form".
public enum FormDocument {
    /// Reads the outer shape only; whether the answers are right, the catalogue says.
    ///
    /// - Throws: ``LetterError`` `.formInvalid`.
    public static func read(_ bytes: [UInt8]) throws(LetterError) -> Form {
        var fields = FieldReader(try CanonicalJSON.readText(bytes), place: "form", failure: .formInvalid)
        let event = try fields.pattern("event", Patterns.event)
        let name = try fields.pattern("form", ProfilePatterns.form)
        guard case .object(let object) = try fields.value("fields") else {
            throw fields.fault("fields", "not an object")
        }
        try fields.finish()
        var values: [String: Form.Value] = [:]
        for (key, value) in object { values[key] = try read(value, place: key) }
        return Form(event: event, name: name, fields: values)
    }

    /// The bytes that are sealed.
    public static func bytes(of form: Form) -> [UInt8] {
        CanonicalJSON.writeText(
            .object([
                "event": .string(form.event), "form": .string(form.name),
                "fields": .object(form.fields.mapValues(json)),
            ]))
    }

    private static func read(_ value: JSONValue, place: String) throws(LetterError) -> Form.Value {
        switch value {
        case .string(let text): return .text(text)
        case .integer(let number): return .integer(number)
        case .bool:
            throw LetterError(
                .formInvalid, "\(Patterns.field.matches(place) ? place : "fields"): true and false are no answers")
        case .array(let array):
            var list: [Form.Value] = []
            for element in array { list.append(try read(element, place: place)) }
            return .list(list)
        case .object(let object):
            var item: [String: Form.Value] = [:]
            for (key, value) in object { item[key] = try read(value, place: key) }
            return .item(item)
        }
    }

    private static func json(_ value: Form.Value) -> JSONValue {
        switch value {
        case .text(let text): .string(text)
        case .integer(let number): .integer(number)
        case .list(let list): .array(list.map(json))
        case .item(let item): .object(item.mapValues(json))
        }
    }
}
