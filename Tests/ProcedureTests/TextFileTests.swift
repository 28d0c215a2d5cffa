// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Testing

/// A file of texts that people read: the labels of a profile, or the words of the program.
struct TextFile: Sendable, CustomTestStringConvertible {
    let name: String
    let language: String
    let texts: [String: String]
    let bytes: [UInt8]

    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8]) throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        self.name = name
        self.bytes = bytes
        language = try #require(object["language"] as? String)
        texts = try #require(object["labels"] as? [String: String] ?? object["words"] as? [String: String])
    }

    /// The file with other texts.
    func bytes(_ change: (inout [String: String]) -> Void) throws -> [UInt8] {
        var object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        var texts = self.texts
        change(&texts)
        object[object["words"] == nil ? "labels" : "words"] = texts
        return [UInt8](try JSONSerialization.data(withJSONObject: object, options: [.withoutEscapingSlashes]))
    }

    static let words: [TextFile] = read {
        let folder = Protocols.folder.deletingLastPathComponent().appendingPathComponent("Sources/Letters/Words")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .map { try TextFile($0.lastPathComponent, [UInt8](Data(contentsOf: $0))) }
    }

    static let all: [TextFile] = read {
        try WordedProfile.all.flatMap { worded in
            try worded.files.map { try TextFile("\(worded.folder)/\($0.key)", $0.value) }
        } + words
    }

    private static func read(_ files: () throws -> [TextFile]) -> [TextFile] {
        do { return try files().sorted { $0.name < $1.name } } catch { fatalError("\(error)") }
    }
}

/// The words of the program: complete in each of its languages.
@Suite struct ProgramWordsTests {
    @Test func `the program speaks English, Bangla and Hindi, as its files say`() throws {
        #expect(ProgramWords.languages == ["bn", "en", "hi"])
        #expect(TextFile.words.map(\.language) == ["bn", "en", "hi"])
        for file in TextFile.words { #expect(try ProgramWords(file.bytes) == .words(in: file.language)) }
        #expect(ProgramWords.words(in: "ta").language == "en")
    }

    @Test func `a word that is missing, strange or leaves another thing open is refused by its key`() throws {
        let hindi = try #require(TextFile.words.last)
        for (key, text, rule) in [
            ("sentence.missing", nil, "missing"), ("month.13", "माह", "names nothing"),
            ("number.digits", "०१२३४५६७८", "not ten different digits"),
            ("number.one", "one", "not numbers with spaces between them"),
            ("sentence.too-great", "“{field}” वाला उत्तर बड़ा है।", "not the placeholders of this label"),
            ("sentence.missing", "“{feld}”: उत्तर नहीं है।", "not the placeholders of this label"),
            ("sentence.missing", "“{field}”: {reason}", "not the placeholders of this label"),
            ("sentence.missing", "{field", "not the placeholders of this label"),
            ("sentence.missing", "{field}}", "not the placeholders of this label"),
            ("sentence.missing", "{}", "not the placeholders of this label"),
            ("count.day.one", "एक दिन", "not the placeholders of this label"),
            ("refusal.stale", "\n ", "not a text"),
        ] as [(String, String?, String)] {
            let bytes = try hindi.bytes { $0[key] = text }
            let error = #expect(throws: LetterError.self) { try ProgramWords(bytes) }
            #expect(error?.reason == "words.\(key): \(rule)", "\(text ?? "")")
        }
    }
}

/// What the words are, wherever people read them.
@Suite struct TextFileTests {
    /// Acronyms and codes that people use as they are.
    private static let latin: Set<String> = [
        "CWC", "NOC", "NID", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "T", "a", "b", "c",
    ]
    private static let scripts = ["bn": 0x0980...0x09FF, "hi": 0x0900...0x097F]

    @Test(arguments: TextFile.all)
    func `a translation is in its own script, no English left, and composed in one way`(file: TextFile) throws {
        guard let script = Self.scripts[file.language] else { return }
        for (key, text) in file.texts {
            // `A`, `C6a`, `12-15`.
            let isCode = key.hasPrefix("value.") && text.unicodeScalars.count <= 5
            let bare = text.replacingOccurrences(of: "\\{[a-z]+\\}", with: " ", options: .regularExpression)
            for word in bare.unicodeScalars.split(whereSeparator: {
                !(0x41...0x5A).contains($0.value) && !(0x61...0x7A).contains($0.value)
            }) {
                #expect(Self.latin.contains(String(String.UnicodeScalarView(word))), "\(file.name) \(key): \(text)")
            }
            let letters = bare.unicodeScalars.filter { $0.properties.isAlphabetic && $0.value > 0x7F }
            #expect(letters.allSatisfy { script.contains(Int($0.value)) }, "\(file.name) \(key): \(text)")
            let isForm = key.hasPrefix("sentence.") || key == "number.one" || key == "number.digits"
            #expect(!letters.isEmpty || isCode || isForm, "\(file.name) \(key): \(text)")
            // By scalars: strings compare equal in any composition.
            let composed = text.precomposedStringWithCanonicalMapping.unicodeScalars
            #expect(text.unicodeScalars.elementsEqual(composed), "\(file.name) \(key): not NFC")
        }
    }

    @Test(arguments: TextFile.all)
    func `nobody reads the name of a code`(file: TextFile) {
        for (key, text) in file.texts {
            #expect(text.range(of: "[A-Z]_[A-Z]", options: .regularExpression) == nil, "\(file.name) \(key): \(text)")
        }
    }

    @Test(arguments: TextFile.all)
    func `nobody is called a victim, but where the law's own status is meant`(file: TextFile) throws {
        let status: Set<String> = [
            "guard.G_VICTIM_NOT_ACCUSED", "fact.victim_status", "field.victim_status", "value.not_a_victim",
            "value.victim_scheme",
        ]
        for (key, text) in file.texts where !status.contains(key) {
            for word in ["victim", "ভুক্তভোগী", "ভিকটিম", "पीड़ित", "विक्टिम"] {
                #expect(!text.lowercased().contains(word), "\(file.name) \(key): \(text)")
            }
        }
    }

    /// A visit to her home is no police matter.
    @Test(arguments: TextFile.all)
    func `the visit to her home is not worded as the police would`(file: TextFile) throws {
        guard let word = ["bn": "তদন্ত", "hi": "तफ़तीश"][file.language] else { return }
        for (key, text) in file.texts where key != "value.investigation" {
            #expect(!text.contains(word), "\(file.name) \(key): \(text)")
        }
    }

    /// Half of a page in other digits reads as a mistake. Everyday Hindi of forms has 0–9.
    @Test(arguments: TextFile.all)
    func `Bangla texts have Bangla digits, Hindi texts have no Devanagari digits`(file: TextFile) throws {
        guard let foreign = ["bn": 0x30...0x39, "hi": 0x0966...0x096F][file.language] else { return }
        for (key, text) in file.texts where key != "number.one" {
            let bare = text.replacingOccurrences(of: "[CT][0-9]", with: "", options: .regularExpression)
            #expect(!bare.unicodeScalars.contains { foreign.contains(Int($0.value)) }, "\(file.name) \(key): \(text)")
        }
    }
}
