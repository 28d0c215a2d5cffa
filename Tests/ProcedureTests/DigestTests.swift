// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import Testing

@Suite struct DigestTests {
    @Test func `a digest is read from 64 lower-case hexadecimal digits, each in its place, and from nothing else`() {
        for place in 0..<64 {
            for byte in UInt8.min ... .max {
                var text = Array(repeating: UInt8(ascii: "0"), count: 64)
                text[place] = byte
                let digit: UInt8? =
                    switch byte {
                    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
                    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
                    default: nil
                    }
                var bytes = [UInt8](repeating: 0, count: 32)
                bytes[place / 2] = (digit ?? 0) << (place.isMultiple(of: 2) ? 4 : 0)
                let read = Digest(hex: text[...])
                #expect(read?.bytes == digit.map { _ in bytes })
                #expect(read.map { Array($0.hex.utf8) } ?? text == text)
            }
        }
        #expect(Digest(hex: String(repeating: "0", count: 63)) == nil)
        #expect(Digest(hex: String(repeating: "0", count: 65)) == nil)
    }
}
