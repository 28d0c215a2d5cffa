// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// The program's own words in one language: its sentences, what it counts, months, digits, and its closed lists (reasons,
/// flags, tiers, types of answers). A profile's words lie beside the profile, ``ProfileLabels``; these come with the
/// program, because a new sentence must not ask for a new profile.
///
/// `Words/words-<language>.json` hold them; a language is another file there.
///
/// - SeeAlso: Protocols/Procedure.md, "Words of the program".
public struct ProgramWords: Hashable, Sendable {
    /// BCP 47.
    public let language: String
    let texts: [String: String]

    /// The languages that this program speaks, BCP 47, sorted.
    public static var languages: [String] { all.keys.sorted() }

    /// The words of a language; English where this program does not speak it.
    public static func words(in language: String) -> ProgramWords {
        guard let words = all[language] ?? all["en"] else { preconditionFailure("no English words") }
        return words
    }

    private static let all: [String: ProgramWords] = {
        var result: [String: ProgramWords] = [:]
        for file in [
            PackageResources.words_bn_json, PackageResources.words_en_json, PackageResources.words_hi_json,
        ] {
            do throws(LetterError) {
                let words = try ProgramWords(file)
                result[words.language] = words
            } catch {
                preconditionFailure(error.reason)  // part of the program, and every test reads them
            }
        }
        return result
    }()

    /// Reads a file of words.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON or holds text that is not permitted; for a word
    ///   that is missing, unknown, or has other placeholders than its own, naming its key.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        var fields = FieldReader(
            try CanonicalJSON.readText(bytes, limits: ProfileLabels.limits), place: "words", failure: .formInvalid)
        guard try fields.string("format") == "kheya-words/1" else {
            throw fields.fault("format", "not kheya-words/1")
        }
        language = try fields.pattern("language", LabelPatterns.language)
        texts = try LabelTemplate.texts(&fields, "words", placeholders: Self.placeholders)
        try fields.finish()
        let keys = Set(texts.keys)
        if let key = Set(Self.placeholders.keys).subtracting(keys).min() { throw fields.fault(key, "missing") }
        if let key = keys.filter({ Self.placeholders[$0] == nil }).min() { throw fields.fault(key, "names nothing") }
        guard digits.count == 10, Set(digits).count == 10 else {
            throw fields.fault("number.digits", "not ten different digits")
        }
        guard !singular.isEmpty else { throw fields.fault("number.one", "not numbers with spaces between them") }
    }

    /// The ten digits, in order.
    var digits: [Unicode.Scalar] { Array((texts["number.digits"] ?? "").unicodeScalars) }

    /// The numbers that go with the singular.
    var singular: [Int64] { (texts["number.one"] ?? "").split(separator: " ").compactMap { Int64($0) } }

    /// Every key, with what its text must leave open.
    static let placeholders: [String: Set<String>] = {
        var result: [String: Set<String>] = ["number.digits": [], "number.one": []]
        for sentence in Sentence.allCases { result[sentence.key] = sentence.placeholders }
        for unit in CountedUnit.allCases {
            for form in ["one", "other"] { result["count.\(unit.rawValue).\(form)"] = ["count"] }
        }
        for month in 1...12 { result["month.\(month)"] = [] }
        for type in FormSchema.Field.Kind.names { result["type.\(type)"] = [] }
        // T4 is never sent; people read why.
        for tier in Tier.allCases.map(\.rawValue) + ["T4"] { result["tier.\(tier)"] = [] }
        for reason in Refusal.Reason.allCases { result["refusal.\(reason.rawValue)"] = [] }
        for flag in Flag.allCases { result["flag.\(flag.rawValue)"] = [] }
        return result
    }()
}
