// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Reads the members of one object, each exactly once, and refuses what is left over: a field nobody knows is a field nobody checks.
public struct FieldReader {
    private var fields: [String: JSONValue] = [:]
    /// Where the document is read in place: it, and the members that are not taken yet.
    private let tape: JSONTape?
    private var members: [Int] = []
    /// The innermost object, for the error: `parts`.
    public let place: String
    private let failure: LetterError.Code

    public init(_ fields: [String: JSONValue], place: String, failure: LetterError.Code) {
        self.fields = fields
        tape = nil
        self.place = place
        self.failure = failure
    }

    /// The same for a document, or an object in it, that is read in place.
    init(_ tape: JSONTape, object: Int = 0, place: String, failure: LetterError.Code) {
        self.tape = tape
        members = tape.children(of: object)
        self.place = place
        self.failure = failure
    }

    /// - Throws: the failure, naming the unknown field if its name is harmless.
    public func finish() throws(LetterError) {
        guard let unknown = tape.map({ tape in members.first.map(tape.key) }) ?? fields.keys.min() else { return }
        throw LetterError(failure, "\(place): unknown field\(Patterns.field.matches(unknown) ? " " + unknown : "")")
    }

    public func fault(_ name: String, _ rule: String) -> LetterError {
        LetterError(failure, "\(place).\(name): \(rule)")
    }

    /// Whether the field is there and not read yet.
    public func has(_ name: String) -> Bool {
        guard let tape else { return fields[name] != nil }
        return members.contains { tape.isKey($0, name) }
    }

    /// Takes a member of the document that is read in place.
    private mutating func take(_ name: String, _ tape: JSONTape) throws(LetterError) -> Int {
        guard let place = members.firstIndex(where: { tape.isKey($0, name) }) else { throw fault(name, "missing") }
        return members.remove(at: place)
    }

    public mutating func value(_ name: String) throws(LetterError) -> JSONValue {
        if let tape { return tape.value(try take(name, tape)) }
        guard let value = fields.removeValue(forKey: name) else { throw fault(name, "missing") }
        return value
    }

    public mutating func string(_ name: String) throws(LetterError) -> String {
        guard case .string(let text) = try value(name) else { throw fault(name, "not a string") }
        return text
    }

    public mutating func pattern(_ name: String, _ pattern: Pattern) throws(LetterError) -> String {
        let text = try string(name)
        guard pattern.matches(text) else { throw fault(name, "not \(pattern.meaning)") }
        return text
    }

    public mutating func code<Code: RawRepresentable>(_ name: String, _: Code.Type) throws(LetterError) -> Code
    where Code.RawValue == String {
        guard let code = Code(rawValue: try string(name)) else { throw fault(name, "unknown code") }
        return code
    }

    public mutating func integer(_ name: String) throws(LetterError) -> Int64 {
        guard case .integer(let number) = try value(name) else { throw fault(name, "not an integer") }
        return number
    }

    public mutating func positive(_ name: String) throws(LetterError) -> Int64 {
        let number = try integer(name)
        guard number > 0 else { throw fault(name, "not positive") }
        return number
    }

    public mutating func bool(_ name: String) throws(LetterError) -> Bool {
        guard case .bool(let flag) = try value(name) else { throw fault(name, "not true or false") }
        return flag
    }

    public mutating func optionalInteger(_ name: String) throws(LetterError) -> Int64? {
        has(name) ? try integer(name) : nil
    }

    public mutating func member(_ name: String) throws(LetterError) -> MemberID {
        guard let member = MemberID(try string(name)) else { throw fault(name, "not a member id") }
        return member
    }

    public mutating func caseID(_ name: String) throws(LetterError) -> CaseID {
        guard let id = CaseID(try string(name)) else { throw fault(name, "not a case pseudonym") }
        return id
    }

    public mutating func digest(_ name: String) throws(LetterError) -> Digest {
        if let tape {
            let digest = tape.characters(try take(name, tape)).flatMap { Digest(hex: $0) }
            guard let digest else { throw fault(name, "not a digest") }
            return digest
        }
        guard let digest = Digest(hex: try string(name)) else { throw fault(name, "not a digest") }
        return digest
    }

    public mutating func optionalDigest(_ name: String) throws(LetterError) -> Digest? {
        has(name) ? try digest(name) : nil
    }

    public mutating func optional<Value>(
        _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> Value? {
        has(name) ? try read(&self) : nil
    }

    /// The object `name`, all of whose fields `read` must take.
    public mutating func object<Value>(
        _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> Value {
        if let tape { return try element(tape, try take(name, tape), name, read) }
        return try element(try value(name), name, read)
    }

    public mutating func optionalObject<Value>(
        _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> Value? {
        has(name) ? try object(name, read) : nil
    }

    /// An array; absent is empty, and empty must be absent.
    public mutating func array(_ name: String, limit: Int) throws(LetterError) -> [JSONValue] {
        guard has(name) else { return [] }
        guard case .array(let array) = try value(name), !array.isEmpty else {
            throw fault(name, "not a list, or empty")
        }
        guard array.count <= limit else { throw fault(name, "more than \(limit)") }
        return array
    }

    public mutating func list<Value>(
        _ name: String, limit: Int, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> [Value] {
        var result: [Value] = []
        if let tape {
            for node in try elements(name, limit: limit, tape) { result.append(try element(tape, node, name, read)) }
            return result
        }
        for entry in try array(name, limit: limit) { result.append(try element(entry, name, read)) }
        return result
    }

    /// As ``array(_:limit:)``.
    private mutating func elements(
        _ name: String, limit: Int, _ tape: JSONTape
    ) throws(LetterError) -> [Int] {
        guard has(name) else { return [] }
        let list = try take(name, tape)
        let elements = tape.nodes[list].kind == .array ? tape.children(of: list) : []
        guard !elements.isEmpty else { throw fault(name, "not a list, or empty") }
        guard elements.count <= limit else { throw fault(name, "more than \(limit)") }
        return elements
    }

    public mutating func strings(_ name: String, limit: Int, _ pattern: Pattern) throws(LetterError) -> [String] {
        var result: [String] = []
        for entry in try array(name, limit: limit) {
            guard case .string(let text) = entry, pattern.matches(text) else {
                throw fault(name, "not \(pattern.meaning)")
            }
            result.append(text)
        }
        return result
    }

    public mutating func digests(_ name: String, limit: Int) throws(LetterError) -> [Digest] {
        var result: [Digest] = []
        if let tape {
            for node in try elements(name, limit: limit, tape) {
                let digest = tape.characters(node).flatMap { Digest(hex: $0) }
                guard let digest else { throw fault(name, "not a digest") }
                result.append(digest)
            }
            return result
        }
        for entry in try array(name, limit: limit) {
            guard case .string(let text) = entry, let digest = Digest(hex: text) else {
                throw fault(name, "not a digest")
            }
            result.append(digest)
        }
        return result
    }

    /// Every member of the object, in the order of the names; the reader is then empty.
    public mutating func all() -> [(name: String, value: JSONValue)] {
        defer { (fields, members) = ([:], []) }
        if let tape { return members.map { (tape.key($0), tape.value($0)) } }
        return fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private func element<Value>(
        _ tape: JSONTape, _ node: Int, _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> Value {
        guard tape.nodes[node].kind == .object else { throw fault(name, "not an object") }
        var reader = FieldReader(tape, object: node, place: name, failure: failure)
        let result = try read(&reader)
        try reader.finish()
        return result
    }

    private func element<Value>(
        _ value: JSONValue, _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> Value {
        guard case .object(let object) = value else { throw fault(name, "not an object") }
        var reader = FieldReader(object, place: name, failure: failure)
        let result = try read(&reader)
        try reader.finish()
        return result
    }
}

/// A closed set of strings: an alphabet and a length. Text that is no code cannot pass.
public struct Pattern: Sendable {
    /// What it is called in an error.
    public let meaning: String
    let alphabet: @Sendable (UInt8) -> Bool
    let length: ClosedRange<Int>

    public init(_ meaning: String, length: ClosedRange<Int>, alphabet: @escaping @Sendable (UInt8) -> Bool) {
        self.meaning = meaning
        self.length = length
        self.alphabet = alphabet
    }

    public func matches(_ text: String) -> Bool { length.contains(text.utf8.count) && text.utf8.allSatisfy(alphabet) }
}

/// The patterns of slips. Protocols/Letter.md, "Patterns".
public enum Patterns {
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// An event or the code it is shown as: `REFERRAL_OFFER`.
    public static let event = Pattern("an event code", length: 2...40) { isUpper($0) || isDigit($0) || $0 == 0x5F }
    /// A fact's or field's name: `valid_until`.
    public static let field = Pattern("a field name", length: 1...32) { isLower($0) || isDigit($0) || $0 == 0x5F }
    /// A refusal's or receipt's code: `G_HOME_COMPLETE`, `part.cannot-open`.
    public static let code = Pattern("a code", length: 2...40) {
        isUpper($0) || isLower($0) || isDigit($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E
    }
    public static let profile = Pattern("a profile id", length: 2...40) { isLower($0) || isDigit($0) || $0 == 0x2D }
    public static let version = Pattern("a version", length: 1...32) {
        isLower($0) || isDigit($0) || $0 == 0x2D || $0 == 0x2E
    }
    /// A log's key name: `in.kheya.example/2026`.
    public static let origin = Pattern("a log origin", length: 3...128) {
        isLower($0) || isDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x2F
    }
    /// A fact's text value: a code, a date, an id, a member, a digest. What it must be exactly, the profile says.
    public static let fact = Pattern("a code, date, id or digest", length: 1...64) {
        isUpper($0) || isLower($0) || isDigit($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x3A
    }
}
