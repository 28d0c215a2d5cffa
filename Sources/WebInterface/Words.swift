// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The words of the page in one language: `Resources/words-LANGUAGE.json`, a text for each Word.
///
/// Names and sentences of the procedure are not here: they are labels of its profile, and the program's own.
struct Words: Sendable {
    /// BCP 47, in the order in which they are offered, each with its own name.
    static let languages = ["en", "bn", "hi"]
    static let names = ["en": "English", "bn": "বাংলা", "hi": "हिन्दी"]

    let language: String
    let texts: [String: String]

    /// English for a language that the page does not speak.
    static func of(_ language: String) -> Words { all[language] ?? all["en"] ?? Words(language: "en", texts: [:]) }

    /// A word with its holes filled: `{name}`. What is filled in is not looked at again.
    func say(_ word: Word, _ values: [String: String] = [:]) -> String {
        var text = texts[word.rawValue] ?? word.rawValue
        guard !values.isEmpty else { return text }
        var result = ""
        while let open = text.utf8.firstIndex(of: 0x7B), let close = text.utf8[open...].firstIndex(of: 0x7D) {
            let name = String(text[text.utf8.index(after: open)..<close])
            result += String(text[..<open]) + (values[name] ?? "…")
            text = String(text[text.utf8.index(after: close)...])
        }
        return result + text
    }

    private static let all: [String: Words] = {
        let files = [
            "en": PackageResources.words_en_json, "bn": PackageResources.words_bn_json,
            "hi": PackageResources.words_hi_json,
        ]
        return files.reduce(into: [:]) { result, file in
            let texts = try? JSONDecoder().decode([String: String].self, from: Data(file.value))
            result[file.key] = Words(language: file.key, texts: texts ?? [:])
        }
    }()
}
