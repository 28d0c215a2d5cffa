// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

@_spi(_Unicode) import Swift

/// Reads the JSON that people write; what programs sign and send ``JSONTape`` reads. Bounded before anything is built.
struct JSONReader {
    enum Dialect {
        /// The alphabet of ``JSONTape`` with white space between tokens, keys in any order: a file that people edit.
        case source
        /// UTF-8, white space, escapes.
        case text
        /// What another system wrote: any JSON. `null` reads as an empty string, a number that is no integer of ours as its digits.
        case foreign
    }

    let bytes: [UInt8]
    let limits: JSONLimits
    let dialect: Dialect
    let failure: LetterError.Code
    private var position = 0
    private var values = 0

    init(bytes: [UInt8], limits: JSONLimits, dialect: Dialect, failure: LetterError.Code) {
        self.bytes = bytes
        self.limits = limits
        self.dialect = dialect
        self.failure = failure
    }

    mutating func document() throws(LetterError) -> [String: JSONValue] {
        guard case .object(let object) = try whole() else { throw fault("not an object") }
        return object
    }

    /// The one value that the bytes are.
    mutating func whole() throws(LetterError) -> JSONValue {
        guard bytes.count <= limits.bytes else { throw fault("more than \(limits.bytes) bytes") }
        skipSpace()
        guard dialect == .foreign || position < bytes.count && bytes[position] == 0x7B else {
            throw fault("not an object")
        }
        let value = try value(depth: 1)
        skipSpace()
        guard position == bytes.count else { throw fault("bytes after the document") }
        return value
    }

    private func fault(_ rule: String) -> LetterError { LetterError(failure, "\(rule) (byte \(position))") }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func value(depth: Int) throws(LetterError) -> JSONValue {
        guard depth <= limits.depth else { throw fault("deeper than \(limits.depth)") }
        values += 1
        guard values <= limits.values else { throw fault("more than \(limits.values) values") }
        guard position < bytes.count else { throw fault("ends too early") }
        switch bytes[position] {
        case 0x7B: return .object(try object(depth: depth))
        case 0x5B: return .array(try array(depth: depth))
        case 0x22: return .string(try string(limit: limits.stringBytes))
        case 0x2D where dialect == .foreign: return .string(try number())
        case 0x30...0x39 where dialect == .foreign:
            let text = try number()
            return text.utf8.count < 16 ? Int64(text).map { .integer($0) } ?? .string(text) : .string(text)
        case 0x6E where dialect == .foreign: return .string(try literal("null", ""))
        case 0x30...0x39: return .integer(try integer())
        case 0x74: return .bool(try literal("true", true))
        case 0x66: return .bool(try literal("false", false))
        default: throw fault("no value of a permitted kind")
        }
    }

    /// A number as it stands. RFC 8259 §6.
    private mutating func number() throws(LetterError) -> String {
        let start = position
        func next(_ characters: [UInt8]) -> Bool { position < bytes.count && characters.contains(bytes[position]) }
        func digits() throws(LetterError) {
            let first = position
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
            guard position > first else { throw fault("a number without a digit") }
        }
        if next([0x2D]) { position += 1 }
        let first = position
        try digits()
        guard position - first == 1 || bytes[first] != 0x30 else { throw fault("a leading zero") }
        if next([0x2E]) {
            position += 1
            try digits()
        }
        if next([0x45, 0x65]) {
            position += 1
            if next([0x2B, 0x2D]) { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func literal<Value>(_ word: String, _ value: Value) throws(LetterError) -> Value {
        let end = position + word.utf8.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8) else {
            throw fault("no value of a permitted kind")
        }
        position = end
        return value
    }

    private mutating func object(depth: Int) throws(LetterError) -> [String: JSONValue] {
        position += 1
        var result: [String: JSONValue] = [:]
        skipSpace()
        if position < bytes.count, bytes[position] == 0x7D {
            position += 1
            return result
        }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x22 else { throw fault("a key is expected") }
            let key = try string(limit: limits.keyBytes)
            guard result[key] == nil else { throw fault("a key stands twice") }
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x3A else { throw fault("a colon is expected") }
            position += 1
            skipSpace()
            result[key] = try value(depth: depth + 1)
            skipSpace()
            guard position < bytes.count else { throw fault("ends too early") }
            defer { position += 1 }
            switch bytes[position] {
            case 0x2C: continue
            case 0x7D: return result
            default: throw fault("a comma or brace is expected")
            }
        }
    }

    private mutating func array(depth: Int) throws(LetterError) -> [JSONValue] {
        position += 1
        var result: [JSONValue] = []
        skipSpace()
        if position < bytes.count, bytes[position] == 0x5D {
            position += 1
            return result
        }
        while true {
            skipSpace()
            result.append(try value(depth: depth + 1))
            skipSpace()
            guard position < bytes.count else { throw fault("ends too early") }
            defer { position += 1 }
            switch bytes[position] {
            case 0x2C: continue
            case 0x5D: return result
            default: throw fault("a comma or bracket is expected")
            }
        }
    }

    private mutating func integer() throws(LetterError) -> Int64 {
        let start = position
        var number: Int64 = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            guard position - start < 16 else { throw fault("an integer of 2^53 or more") }
            number = number * 10 + Int64(bytes[position] - 0x30)
            position += 1
        }
        guard position - start == 1 || bytes[start] != 0x30 else { throw fault("a leading zero") }
        guard number < 1 << 53 else { throw fault("an integer of 2^53 or more") }
        if position < bytes.count, [0x2E, 0x65, 0x45].contains(bytes[position]) { throw fault("not an integer") }
        return number
    }

    private mutating func string(limit: Int) throws(LetterError) -> String {
        position += 1
        let start = position
        if dialect == .source {
            while position < bytes.count, bytes[position] != 0x22 {
                let byte = bytes[position]
                guard (0x20...0x7E).contains(byte), byte != 0x5C else {
                    throw fault("a byte outside printable ASCII, or a backslash")
                }
                position += 1
            }
            guard position < bytes.count else { throw fault("ends too early") }
            guard position - start <= limit else { throw fault("a string longer than \(limit) bytes") }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            position += 1
            return text
        }
        return try text(limit: limit)
    }

    private mutating func text(limit: Int) throws(LetterError) -> String {
        var content: [UInt8] = []
        while position < bytes.count, bytes[position] != 0x22 {
            guard content.count <= limit else { throw fault("a string longer than \(limit) bytes") }
            let byte = bytes[position]
            guard byte >= 0x20 else { throw fault("a control character") }
            if byte == 0x5C {
                position += 1
                guard position < bytes.count else { throw fault("ends too early") }
                switch bytes[position] {
                case 0x22, 0x5C, 0x2F: content.append(bytes[position])
                case 0x6E: content.append(0x0A)
                case 0x74: content.append(0x09)
                case let letter where dialect == .foreign && [0x62, 0x66, 0x72].contains(letter): content.append(0x20)
                case 0x75 where dialect == .foreign: content += try escaped().utf8
                // One spelling for a character: \u would be a second one, and hides controls from a reader's eye.
                default: throw fault("an escape that is not permitted")
                }
                position += 1
            } else {
                content.append(byte)
                position += 1
            }
        }
        guard position < bytes.count else { throw fault("ends too early") }
        guard content.count <= limit else { throw fault("a string longer than \(limit) bytes") }
        position += 1
        guard let text = String(validating: content, as: UTF8.self) else { throw fault("not UTF-8") }
        // What others wrote is looked at field by field.
        if dialect != .foreign, let rule = TextRules.violation(in: text) { throw fault(rule) }
        return text
    }

    /// The character of `\uXXXX` at its `u`, or of two that are one; leaves `position` at its last digit.
    private mutating func escaped() throws(LetterError) -> String {
        func unit(at start: Int) -> UInt32? {
            guard start + 4 < bytes.count, bytes[start] == 0x75 else { return nil }
            let digits = String(decoding: bytes[start + 1...start + 4], as: UTF8.self)
            return digits.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2D } ? UInt32(digits, radix: 16) : nil
        }
        guard let first = unit(at: position) else { throw fault("an escape that is not permitted") }
        position += 4
        if let scalar = Unicode.Scalar(first) { return String(scalar) }
        guard first < 0xDC00, position + 1 < bytes.count, bytes[position + 1] == 0x5C,
            let second = unit(at: position + 2), (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("half a character") }
        position += 6
        return String(scalar)
    }
}

/// Which characters people's text may hold. Protocols/Letter.md, "Text".
public enum TextRules {
    /// No word of any language has more; to put many into order takes their number squared. *Stream-safe text*, UAX #15.
    private static let marksInARow = 30

    /// In normal form C; `nil` where more marks stand in a row than any word has.
    public static func normalised(_ text: String) -> String? {
        guard !hasTooManyMarks(text) else { return nil }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: text._nfc)
        return String(result)
    }

    private static func hasTooManyMarks(_ text: String) -> Bool {
        var marks = 0
        return text.unicodeScalars.contains { scalar in
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            return marks > marksInARow
        }
    }

    /// The rule that `text` breaks, or `nil`.
    public static func violation(in text: String) -> String? {
        var before: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x09: break
            case 0x00...0x1F, 0x7F...0x9F: return "a control character"
            case 0x202A...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0x061C: return "a bidirectional control"
            case 0x200B, 0xFEFF, 0x2060, 0x00AD: return "an invisible character"
            case 0x200C, 0x200D:
                // Bangla and Hindi spelling needs them after an Indic letter or vowel sign; elsewhere they only hide.
                guard let before, (0x0900...0x0DFF).contains(before.value) else { return "a joiner outside Indic text" }
            default:
                if scalar.properties.generalCategory == .unassigned { return "an unassigned character" }
                if scalar.properties.generalCategory == .privateUse { return "a private-use character" }
            }
            before = scalar
        }
        if hasTooManyMarks(text) { return "more than \(marksInARow) marks in a row" }
        // Two spellings of one word would have two commitments, and a search would find only one of them.
        if !text.unicodeScalars.elementsEqual(text._nfc) { return "not in normal form C" }
        return nil
    }
}
