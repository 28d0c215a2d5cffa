// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import Procedure

/// The fields of an event's JSON, each taken exactly once: one flat object of strings, numbers and at most one list of numbers.
///
/// It reads the one spelling there is and nothing else, in place, so that nothing has to be written again and compared: an audit reads some
/// million events. `CanonicalJSON` reads the same language (a test holds them against each other).
struct EventFields {
    private enum Value {
        case string(Range<Int>)
        case number(Int64)
        case numbers([Int64])
    }

    private let bytes: [UInt8]
    private var fields: [(key: Range<Int>, value: Value)] = []
    private var place: Int

    /// - Parameter range: of the object in `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>) throws(LogError) {
        self.bytes = bytes
        place = range.lowerBound
        fields.reserveCapacity(12)
        try skip(0x7B, before: range.upperBound)
        repeat {
            let key = try string(before: range.upperBound)
            if let last = fields.last?.key {
                guard bytes[last].lexicographicallyPrecedes(bytes[key]) else {
                    throw LogError(.malformed, "keys out of order")
                }
            }
            guard fields.count < 12 else { throw LogError(.malformed, "too many fields") }
            try skip(0x3A, before: range.upperBound)
            fields.append((key, try value(before: range.upperBound)))
        } while try next(before: range.upperBound, end: 0x7D)
        guard place == range.upperBound else { throw LogError(.malformed, "something behind the object") }
    }

    // MARK: Taking fields

    /// - Throws: ``LogError`` `.malformed` if a field was not taken: what nobody knows, nobody checks.
    func finish() throws(LogError) {
        guard fields.isEmpty else { throw LogError(.malformed, "event: unknown field") }
    }

    func fault(_ name: String, _ rule: String) -> LogError { LogError(.malformed, "event.\(name): \(rule)") }

    private mutating func take(_ name: String) throws(LogError) -> Value {
        guard let index = fields.firstIndex(where: { bytes[$0.key].elementsEqual(name.utf8) }) else {
            throw fault(name, "missing")
        }
        return fields.remove(at: index).value
    }

    private mutating func slice(_ name: String) throws(LogError) -> ArraySlice<UInt8> {
        guard case .string(let range) = try take(name) else { throw fault(name, "not a string") }
        return bytes[range]
    }

    mutating func string(_ name: String) throws(LogError) -> String { String(decoding: try slice(name), as: UTF8.self) }

    mutating func pattern(_ name: String, _ pattern: Pattern) throws(LogError) -> String {
        let text = try string(name)
        guard pattern.matches(text) else { throw fault(name, "not \(pattern.meaning)") }
        return text
    }

    mutating func code<Code: RawRepresentable>(_ name: String, _: Code.Type) throws(LogError) -> Code
    where Code.RawValue == String {
        guard let code = Code(rawValue: try string(name)) else { throw fault(name, "unknown code") }
        return code
    }

    mutating func integer(_ name: String) throws(LogError) -> Int64 {
        guard case .number(let number) = try take(name) else { throw fault(name, "not a number") }
        return number
    }

    mutating func integers(_ name: String) throws(LogError) -> [Int64] {
        guard case .numbers(let numbers) = try take(name) else { throw fault(name, "not a list of numbers") }
        return numbers
    }

    mutating func digest(_ name: String) throws(LogError) -> Digest {
        guard let digest = Digest(hex: try slice(name)) else { throw fault(name, "not a digest") }
        return digest
    }

    /// A digest, or the empty string where there is none.
    mutating func digestOrEmpty(_ name: String) throws(LogError) -> Digest? {
        let text = try slice(name)
        if text.isEmpty { return nil }
        guard let digest = Digest(hex: text) else { throw fault(name, "not a digest") }
        return digest
    }

    mutating func member(_ name: String) throws(LogError) -> MemberID {
        guard let member = MemberID(try string(name)) else { throw fault(name, "not a member id") }
        return member
    }

    mutating func caseID(_ name: String) throws(LogError) -> CaseID {
        guard let id = CaseID(try string(name)) else { throw fault(name, "not a case pseudonym") }
        return id
    }

    // MARK: Reading

    private mutating func skip(_ byte: UInt8, before end: Int) throws(LogError) {
        guard place < end, bytes[place] == byte else { throw LogError(.malformed, "not canonical JSON") }
        place += 1
    }

    /// Whether another element follows; else takes `end`.
    private mutating func next(before limit: Int, end: UInt8) throws(LogError) -> Bool {
        guard place < limit, bytes[place] == 0x2C else {
            try skip(end, before: limit)
            return false
        }
        place += 1
        return true
    }

    /// Up to the next quotation mark. What may stand there, the field's own pattern says, and none has a backslash or more than ASCII.
    private mutating func string(before end: Int) throws(LogError) -> Range<Int> {
        try skip(0x22, before: end)
        let start = place
        while place < end, bytes[place] != 0x22 { place += 1 }
        let range = start..<place
        try skip(0x22, before: end)
        return range
    }

    private mutating func number(before end: Int) throws(LogError) -> Int64 {
        let start = place
        while place < end, (0x30...0x39).contains(bytes[place]) { place += 1 }
        return try TextLines.number(bytes[start..<place])
    }

    private mutating func value(before end: Int) throws(LogError) -> Value {
        guard place < end else { throw LogError(.malformed, "not canonical JSON") }
        switch bytes[place] {
        case 0x22: return .string(try string(before: end))
        case 0x5B:
            place += 1
            var numbers: [Int64] = []
            repeat {
                guard numbers.count < LogLimits.erasedLeaves else { throw LogError(.malformed, "a list too long") }
                numbers.append(try number(before: end))
            } while try next(before: end, end: 0x5D)
            return .numbers(numbers)
        default: return .number(try number(before: end))
        }
    }
}
