// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// What people read in one language: the names of a profile, help, and the words of the program (``ProgramWords``). No
/// program reads meaning from it.
///
/// - SeeAlso: Protocols/Procedure.md, "Labels".
public struct ProfileLabels: Hashable, Sendable {
    /// The profile whose names these are; `nil` where there are none.
    public let profile: String?
    /// BCP 47.
    public let language: String
    let texts: [String: String]
    let words: ProgramWords

    /// Reads a file of labels: UTF-8 text, keys like `event.DOSSIER`, `guard.G_HOME_OK`, `field.her_wish`.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON or holds text that is not permitted, naming the
    ///   key.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        var fields = FieldReader(
            try CanonicalJSON.readText(bytes, limits: Self.limits), place: "labels", failure: .formInvalid)
        guard try fields.string("format") == "kheya-labels/1" else {
            throw fields.fault("format", "not kheya-labels/1")
        }
        profile = try fields.pattern("profile", Patterns.profile)
        language = try fields.pattern("language", LabelPatterns.language)
        _ = try fields.pattern("version", Patterns.version)
        texts = try LabelTemplate.texts(&fields, "labels", placeholders: [:])
        try fields.finish()
        words = .words(in: language)
    }

    /// The words of the program alone, where no labels of a profile are here: its names then stand as they are.
    ///
    /// - Parameter language: BCP 47; English where the program does not speak it.
    public init(language: String) {
        words = .words(in: language)
        self.language = words.language
        profile = nil
        texts = [:]
    }

    /// The bytes whose SHA-256 the profile names: one spelling, however people write the file.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON.
    static func canonicalBytes(ofSource source: [UInt8]) throws(LetterError) -> [UInt8] {
        CanonicalJSON.writeText(.object(try CanonicalJSON.readText(source, limits: limits)))
    }

    static let limits = JSONLimits(bytes: 1_048_576, depth: 3, values: 20_000, stringBytes: 1_024, keyBytes: 64)

    /// What the procedure is, in its own words: a reconstruction says that it is one. `nil` where its labels are not here.
    public var procedure: String? { texts["profile"] }

    /// The label of a name of this kind (`event`, `guard`, `field`, `value`, `refusal` …); `nil` where the language lacks
    /// it.
    public func label(_ kind: String, _ name: String) -> String? {
        let key = "\(kind).\(name)"
        return texts[key] ?? words.texts[key]
    }
}

enum LabelPatterns {
    static let language = Pattern("a language", length: 2...16) {
        (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
    /// `value.25+`, `field.her_wish`, `help.home-report.met`.
    static let key = Pattern("a key of a label", length: 1...64) { (0x21...0x7A).contains($0) }
}
