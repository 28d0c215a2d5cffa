// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import WebInterface

@Suite struct WordsTests {
    @Test(arguments: Words.languages)
    func `every language has every word, and no other, with the same holes`(language: String) {
        let words = Words.of(language)
        #expect(words.language == language)
        #expect(Set(words.texts.keys) == Set(Word.allCases.map(\.rawValue)))
        for word in Word.allCases {
            let text = words.texts[word.rawValue] ?? ""
            #expect(!text.isEmpty && text == text.precomposedStringWithCanonicalMapping, "\(word)")
            let holes = { (text: String) in Set(text.matches(of: /\{[a-z]*\}/).map { String($0.0) }) }
            #expect(holes(text) == holes(Words.of("en").texts[word.rawValue] ?? ""), "\(word)")
        }
    }

    @Test(arguments: ["bn", "hi"])
    func `no other language speaks English`(language: String) {
        let english = Words.of("en").texts
        for (word, text) in Words.of(language).texts {
            #expect(text != english[word], "\(word)")
        }
    }

    @Test func `what is filled in is not looked at again`() {
        #expect(Words.of("en").say(.welcomeName, ["name": "{name} <b>"]) == "Your account name is {name} <b>.")
    }
}

@Suite struct HTMLTests {
    @Test func `text is escaped byte by byte, whatever mark follows`() {
        for mark in ["", "\u{0301}", "\u{200D}", "\u{09BE}", "\u{093F}", "\u{FE0F}"] {
            for (raw, escaped) in [("\"", "&quot;"), ("'", "&#39;"), ("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")] {
                #expect(Array(HTML(raw + mark).text.utf8) == Array((escaped + mark).utf8), "\(raw) and a mark")
                let attribute = E("p", ["title": raw + mark]) { raw + mark }
                #expect(
                    Array(attribute.text.utf8) == Array("<p title=\"\(escaped)\(mark)\">\(escaped)\(mark)</p>".utf8))
            }
        }
    }
}
