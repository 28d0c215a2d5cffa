// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Testing

@Suite struct TextJSONTests {
    private func read(_ text: String) throws -> [String: JSONValue] { try CanonicalJSON.readText(Array(text.utf8)) }

    @Test(arguments: ["ক্‍ষ", "র‌্যাব", "আশা", "क्‍ष", "नहीं", "Ana O'Neil", "line\\nbreak"])
    func `correct words in three scripts are accepted`(word: String) throws {
        let object = try read("{\"name\": \"\(word)\"}")
        let written = CanonicalJSON.writeText(.object(object))
        #expect(try CanonicalJSON.readText(written) == object)
    }

    @Test(arguments: [
        "a\u{202E}b", "a\u{2066}b", "a\u{200F}b", "a\u{200B}b", "\u{FEFF}a", "a\u{200D}b", "a\u{0007}b", "a\u{E000}b",
        "a\u{0378}b",
    ])
    func `characters that hide or turn text around are refused`(word: String) {
        #expect(throws: LetterError(.formInvalid, "")) { try read("{\"name\":\"\(word)\"}") }
    }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":null}"#, #"{"a":1.0}"#, #"{"a":-1}"#, #"{"a":"\u0041"}"#, #"{"a":1,}"#, #"{"a":1} x"#,
        #"["a"]"#, "",
        #"{"a":"#, #"{"a":01}"#, "{'a':1}",
    ])
    func `what two readers could read in two ways is refused`(text: String) {
        #expect(throws: LetterError(.formInvalid, "")) { try read(text) }
    }

    @Test func `text that is not in normal form C is refused`() throws {
        // U+09DC is excluded from composition: its normal form is the letter with its dot.
        #expect(throws: LetterError(.formInvalid, "")) { try read("{\"name\":\"\u{09DC}\"}") }
        _ = try read("{\"name\":\"\u{09A1}\u{09BC}\"}")
    }

    @Test func `depth, values and bytes are bounded before anything is built`() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(throws: LetterError(.formInvalid, "")) { try read("{\"a\":" + deep) }
        let wide = "{\"a\":[" + Array(repeating: "1", count: 30_000).joined(separator: ",") + "]}"
        #expect(throws: LetterError(.formInvalid, "")) { try read(wide) }
        let long = "{\"a\":\"" + String(repeating: "x", count: 2_000_000) + "\"}"
        #expect(throws: LetterError(.formInvalid, "")) { try read(long) }
    }

    @Test func `an edited source has white space, and its canonical form has none`() throws {
        let source = Array("{\n  \"b\": [1, 2],\n  \"a\": true\n}\n".utf8)
        let object = try CanonicalJSON.readSource(source)
        #expect(CanonicalJSON.write(.object(object)) == Array(#"{"a":true,"b":[1,2]}"#.utf8))
        #expect(throws: LetterError(.malformed, "")) { try CanonicalJSON.read(source, limits: .profile) }
    }
}
