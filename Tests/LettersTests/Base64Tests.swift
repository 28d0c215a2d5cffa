// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Testing

@Suite struct Base64Tests {
    @Test func `base64 is that of everybody else, and has one spelling`() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 151 + count) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(text) == bytes)
        }
        for odd in [
            "A", "AA", "AAA", "A===", "AA=A", "AB==", "AAB=", "AA=\n", "AA-_", " AAA", "====", "AA==AAAA", "অঅঅঅ",
        ] {
            #expect(Base64.decode(odd) == nil, "\(odd)")
        }
    }
}
