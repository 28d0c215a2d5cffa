// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Words of people's own text, as search compares them. Protocols/Web.md, "Search".
enum SearchText {
    /// Words in one spelling: Unicode's NFC with composed letters, lower case, digits of any script as 0–9, without the joiners that only change
    /// how letters look.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func end() {
            guard !word.isEmpty else { return }
            words.append(String(word).precomposedStringWithCanonicalMapping)
            word = String.UnicodeScalarView()
        }
        for scalar in text.precomposedStringWithCanonicalMapping.lowercased().unicodeScalars {
            let properties = scalar.properties
            switch properties.generalCategory {
            case .decimalNumber:
                if let value = properties.numericValue, let digit = Unicode.Scalar(0x30 + UInt32(value)) {
                    word.append(digit)
                }
            case .lowercaseLetter, .otherLetter, .modifierLetter, .titlecaseLetter, .uppercaseLetter, .nonspacingMark,
                .spacingMark, .letterNumber:
                word.append(scalar)
            case .format: continue  // U+200C, U+200D and their like
            default: end()
            }
        }
        end()
        return words
    }

    /// What is left of a word when the marks that people write differently are gone: vowel signs, nasal signs, the joining sign. কমলা and কমল
    /// are then one; words of one letter stay as they are.
    static func skeleton(_ word: String) -> String {
        var bare = String.UnicodeScalarView()
        for scalar in word.decomposedStringWithCanonicalMapping.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .spacingMark: continue
            default: bare.append(scalar)
            }
        }
        return bare.count > 1 ? String(bare) : word
    }
}
