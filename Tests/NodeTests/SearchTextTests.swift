// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Node

@Suite struct SearchTextTests {
    @Test func `letters of one look are one word in any encoding, other letters are not`() {
        #expect(SearchText.words("য\u{09BC}") == SearchText.words("\u{09DF}"))
        #expect(SearchText.words("ক\u{09C7}\u{09BE}") == SearchText.words("ক\u{09CB}"))
        #expect(SearchText.words("र\u{094D}\u{200D}य") == SearchText.words("र\u{094D}य"))
        #expect(SearchText.words("র\u{200D}\u{09CD}যাব") == SearchText.words("র\u{09CD}যাব"))
        #expect(SearchText.words("১২३४56") == ["123456"])
        #expect(SearchText.words("Asha-K, (আশা)") == ["asha", "k", "আশা"])
        #expect(SearchText.words("কমলা") != SearchText.words("কমল"))
        #expect(SearchText.words("कमला") != SearchText.words("कमल"))
    }

    @Test func `a skeleton leaves out the marks, and never the only letter`() {
        #expect(SearchText.skeleton("কমলা") == SearchText.skeleton("কমল"))
        #expect(SearchText.skeleton("शीला") == SearchText.skeleton("शिला"))
        #expect(SearchText.skeleton("কি") != SearchText.skeleton("কা"))
        #expect(SearchText.skeleton("কমলা") != SearchText.skeleton("কনলা"))
    }
}
