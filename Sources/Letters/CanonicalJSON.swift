// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A JSON value as Kheya's documents use it: no null, no fraction, integers from 0 below 2^53.
public enum JSONValue: Hashable, Sendable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case integer(Int64)
    case bool(Bool)
}

/// How strict a document is read. Protocols/Letter.md, "JSON".
public struct JSONLimits: Sendable {
    public var bytes: Int
    public var depth: Int
    /// Values in the whole document: what a stranger can make us build.
    public var values: Int
    public var stringBytes: Int
    public var keyBytes: Int

    public init(bytes: Int, depth: Int, values: Int, stringBytes: Int, keyBytes: Int = 32) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
        self.stringBytes = stringBytes
        self.keyBytes = keyBytes
    }

    /// Slips, receipts, answers between brokers and nodes.
    public static let slip = JSONLimits(bytes: 65_536, depth: 8, values: 4_000, stringBytes: 256)
    /// Directories: a certificate in base64 is longer than any string of a slip.
    public static let directory = JSONLimits(bytes: 4_194_304, depth: 8, values: 100_000, stringBytes: 4_096)
    /// A profile's logic: a guard is the longest string.
    public static let profile = JSONLimits(
        bytes: 4_194_304, depth: 12, values: 100_000, stringBytes: 4_096, keyBytes: 64)
    /// Forms and labels: people's text, so UTF-8 and escapes.
    public static let form = JSONLimits(bytes: 1_048_576, depth: 16, values: 20_000, stringBytes: 65_536, keyBytes: 64)
}

/// JSON with exactly one spelling: printable ASCII, no backslash, keys sorted by byte, no space, no null, integers only.
///
/// Foundation's decoder takes duplicate keys, a BOM and `1e2`; two readers that disagree on such input would see two different
/// signed steps. Grammar: Protocols/Letter.md, "JSON".
public enum CanonicalJSON {
    /// Reads one object that is spelled canonically.
    ///
    /// - Throws: ``LetterError`` `.malformed` with the rule and the byte offset.
    public static func read(_ bytes: [UInt8], limits: JSONLimits) throws(LetterError) -> [String: JSONValue] {
        let object = try parse(bytes, limits: limits).object(0)
        // Last, not only, check: what was read must be written again byte for byte.
        guard write(.object(object)) == bytes else { throw LetterError(.malformed, "not the canonical spelling") }
        return object
    }

    /// ``read(_:limits:)`` without its last check, for a reader that writes its own value again and compares.
    static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(LetterError) -> JSONTape {
        try JSONTape(bytes, limits: limits)
    }

    /// Reads a form or a file of labels: UTF-8 text with white space and escapes allowed; duplicate keys, null, fractions,
    /// bidirectional controls and invisible characters are refused. Zero-width joiners between Indic letters stay.
    ///
    /// - Throws: ``LetterError`` `.formInvalid`.
    public static func readText(_ bytes: [UInt8], limits: JSONLimits = .form) throws(LetterError) -> [String: JSONValue]
    {
        var reader = JSONReader(bytes: bytes, limits: limits, dialect: .text, failure: .formInvalid)
        return try reader.document()
    }

    /// Reads any JSON that another system wrote: `null` is an empty string, a number that is no integer of ours is its text, and
    /// whoever reads a text asks ``TextRules``. Duplicate keys are refused here too.
    ///
    /// - Throws: ``LetterError`` `.formInvalid`.
    public static func readForeign(_ bytes: [UInt8], limits: JSONLimits) throws(LetterError) -> JSONValue {
        var reader = JSONReader(bytes: bytes, limits: limits, dialect: .foreign, failure: .formInvalid)
        return try reader.whole()
    }

    /// Reads a file that people edit (a profile's source): ASCII, white space allowed, otherwise as strict as ``read(_:limits:)``.
    ///
    /// - Throws: ``LetterError`` `.malformed`.
    public static func readSource(_ bytes: [UInt8], limits: JSONLimits = .profile) throws(LetterError) -> [String:
        JSONValue]
    {
        var reader = JSONReader(bytes: bytes, limits: limits, dialect: .source, failure: .malformed)
        return try reader.document()
    }

    /// The one spelling. Strings are written as they are; for text outside printable ASCII use ``writeText(_:)``.
    public static func write(_ value: JSONValue) -> [UInt8] {
        var out: [UInt8] = []
        append(value, to: &out) { string, out in
            out.append(0x22)
            out.append(contentsOf: string.utf8)
            out.append(0x22)
        }
        return out
    }

    /// The like spelling for forms: keys sorted, no spaces, UTF-8, and `\" \\ \n \t` as the only escapes.
    public static func writeText(_ value: JSONValue) -> [UInt8] {
        var out: [UInt8] = []
        append(value, to: &out) { string, out in
            out.append(0x22)
            for byte in string.utf8 {
                switch byte {
                case 0x22, 0x5C: out += [0x5C, byte]
                case 0x0A: out += [0x5C, 0x6E]
                case 0x09: out += [0x5C, 0x74]
                default: out.append(byte)
                }
            }
            out.append(0x22)
        }
        return out
    }

    private static func append(_ value: JSONValue, to out: inout [UInt8], string: (String, inout [UInt8]) -> Void) {
        switch value {
        case .object(let object):
            out.append(0x7B)
            var first = true
            for key in object.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
                if !first { out.append(0x2C) }
                first = false
                string(key, &out)
                out.append(0x3A)
                if let member = object[key] { append(member, to: &out, string: string) }
            }
            out.append(0x7D)
        case .array(let array):
            out.append(0x5B)
            for (index, element) in array.enumerated() {
                if index > 0 { out.append(0x2C) }
                append(element, to: &out, string: string)
            }
            out.append(0x5D)
        case .string(let text): string(text, &out)
        case .integer(let number): out.append(contentsOf: String(number).utf8)
        case .bool(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
        }
    }
}
