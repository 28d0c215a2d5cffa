// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// What people read in one language: the names of a profile, help, and the sentences of the program. No program reads
/// meaning from it.
///
/// - SeeAlso: Protocols/Procedure.md, "Labels".
public struct ProfileLabels: Hashable, Sendable {
    public let profile: String
    /// BCP 47.
    public let language: String
    let texts: [String: String]

    /// Reads a file of labels: UTF-8 text, keys like `event.DOSSIER`, `guard.G_HOME_OK`, `field.her_wish`.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON or holds text that is not permitted, and for a
    ///   sentence that is missing or lacks a placeholder, naming its key.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        var fields = FieldReader(
            try CanonicalJSON.readText(bytes, limits: Self.limits), place: "labels", failure: .formInvalid)
        guard try fields.string("format") == "kheya-labels/1" else {
            throw fields.fault("format", "not kheya-labels/1")
        }
        profile = try fields.pattern("profile", Patterns.profile)
        language = try fields.pattern("language", LabelPatterns.language)
        _ = try fields.pattern("version", Patterns.version)
        guard case .object(let object) = try fields.value("labels") else {
            throw fields.fault("labels", "not an object")
        }
        try fields.finish()
        var texts: [String: String] = [:]
        for (key, value) in object.sorted(by: { $0.key < $1.key }) {
            guard LabelPatterns.key.matches(key) else { throw fields.fault("labels", "a key that no name can have") }
            guard case .string(let text) = value, text.utf8.contains(where: { $0 > 0x20 }) else {
                throw fields.fault(key, "not a text")
            }
            guard LabelTemplate.placeholders(of: text) == Self.fixed[key] ?? [] else {
                throw fields.fault(key, "not the placeholders of this label")
            }
            texts[key] = text
        }
        if let key = Self.fixed.keys.filter({ texts[$0] == nil }).min() { throw fields.fault(key, "missing") }
        self.texts = texts
        let digits = digitScalars
        guard digits.count == 10, Set(digits).count == 10 else {
            throw fields.fault("number.digits", "not ten different digits")
        }
        guard !singular.isEmpty else { throw fields.fault("number.one", "not numbers with spaces between them") }
    }

    /// The bytes whose SHA-256 the profile names: one spelling, however people write the file.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON.
    public static func canonicalBytes(ofSource source: [UInt8]) throws(LetterError) -> [UInt8] {
        CanonicalJSON.writeText(.object(try CanonicalJSON.readText(source, limits: limits)))
    }

    private static let limits = JSONLimits(bytes: 1_048_576, depth: 3, values: 20_000, stringBytes: 1_024, keyBytes: 64)

    /// The label of a name of this kind (`event`, `guard`, `field`, `value` …); `nil` where the language lacks it.
    public func label(_ kind: String, _ name: String) -> String? { texts["\(kind).\(name)"] }

    /// What every file of labels holds whatever its profile, each with its placeholders.
    static let fixed: [String: Set<String>] = {
        var result: [String: Set<String>] = ["number.digits": [], "number.one": []]
        for sentence in Sentence.allCases { result[sentence.key] = sentence.placeholders }
        for unit in CountedUnit.allCases {
            for form in ["one", "other"] { result["count.\(unit.rawValue).\(form)"] = ["count"] }
        }
        for month in 1...12 { result["month.\(month)"] = [] }
        for type in FormSchema.Field.Kind.names { result["type.\(type)"] = [] }
        return result
    }()
}

enum LabelPatterns {
    static let language = Pattern("a language", length: 2...16) {
        (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
    /// `value.25+`, `field.her_wish`, `help.home-report.met`.
    static let key = Pattern("a key of a label", length: 1...64) { (0x21...0x7A).contains($0) }
}
