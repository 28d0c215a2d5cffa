// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Canonical JSON taken apart in place: what stands where, and nothing built of it. A slip has a hundred values, of which most are read once,
/// and an audit reads a million slips.
struct JSONTape: Sendable {
    enum Kind: Sendable { case object, array, string, integer, yes, no }

    struct Node: Sendable {
        let kind: Kind
        /// Of a member of an object, without its quotation marks; else empty.
        let key: Range<Int>
        /// The characters of a string or number.
        fileprivate(set) var range: Range<Int>
        /// The node behind this one and all that is in it.
        fileprivate(set) var next = 0
    }

    let bytes: [UInt8]
    /// The document's object first, each other behind what it is in.
    private(set) var nodes: [Node] = []
    private let limits: JSONLimits
    private var position = 0

    /// - Throws: ``LetterError`` `.malformed` with the rule and the byte offset.
    init(_ bytes: [UInt8], limits: JSONLimits) throws(LetterError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.bytes else { throw fault("more than \(limits.bytes) bytes") }
        guard bytes.first == 0x7B else { throw fault("not an object") }
        nodes.reserveCapacity(128)
        try value(key: 0..<0, depth: 1)
        guard position == bytes.count else { throw fault("bytes after the document") }
    }

    // MARK: - What it says

    /// The nodes in an object or a list.
    func children(of node: Int) -> [Int] {
        var result: [Int] = []
        var child = node + 1
        while child < nodes[node].next {
            result.append(child)
            child = nodes[child].next
        }
        return result
    }

    func isKey(_ node: Int, _ name: String) -> Bool {
        let key = nodes[node].key
        return key.count == name.utf8.count && bytes[key].elementsEqual(name.utf8)
    }

    func key(_ node: Int) -> String { String(decoding: bytes[nodes[node].key], as: UTF8.self) }

    /// The characters of a string; `nil` for anything else.
    func characters(_ node: Int) -> ArraySlice<UInt8>? {
        nodes[node].kind == .string ? bytes[nodes[node].range] : nil
    }

    func integer(_ node: Int) -> Int64? {
        guard nodes[node].kind == .integer else { return nil }
        return bytes[nodes[node].range].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    func value(_ node: Int) -> JSONValue {
        switch nodes[node].kind {
        case .object: .object(object(node))
        case .array: .array(children(of: node).map(value))
        case .string: .string(String(decoding: bytes[nodes[node].range], as: UTF8.self))
        case .integer: .integer(integer(node) ?? 0)
        case .yes: .bool(true)
        case .no: .bool(false)
        }
    }

    func object(_ node: Int) -> [String: JSONValue] {
        Dictionary(children(of: node).map { (key($0), value($0)) }) { $1 }
    }

    // MARK: - Reading

    private func fault(_ rule: String) -> LetterError { LetterError(.malformed, "\(rule) (byte \(position))") }

    private mutating func value(key: Range<Int>, depth: Int) throws(LetterError) {
        guard depth <= limits.depth else { throw fault("deeper than \(limits.depth)") }
        guard nodes.count < limits.values else { throw fault("more than \(limits.values) values") }
        guard position < bytes.count else { throw fault("ends too early") }
        let place = nodes.count
        func kind() -> Kind? {
            switch bytes[position] {
            case 0x7B: .object
            case 0x5B: .array
            case 0x22: .string
            case 0x30...0x39: .integer
            case 0x74: .yes
            case 0x66: .no
            default: nil
            }
        }
        guard let kind = kind() else { throw fault("no value of a permitted kind") }
        nodes.append(Node(kind: kind, key: key, range: position..<position))
        switch kind {
        case .object: try members(depth: depth)
        case .array: try elements(depth: depth)
        case .string: nodes[place].range = try string(limit: limits.stringBytes)
        case .integer: nodes[place].range = try number()
        case .yes: try literal("true")
        case .no: try literal("false")
        }
        nodes[place].next = nodes.count
    }

    private mutating func literal(_ word: StaticString) throws(LetterError) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[position..<end].elementsEqual("\(word)".utf8) else {
            throw fault("no value of a permitted kind")
        }
        position = end
    }

    private mutating func members(depth: Int) throws(LetterError) {
        position += 1
        if position < bytes.count, bytes[position] == 0x7D {
            position += 1
            return
        }
        var last: Range<Int>?
        repeat {
            guard position < bytes.count, bytes[position] == 0x22 else { throw fault("a key is expected") }
            let key = try string(limit: limits.keyBytes)
            if let last, !bytes[last].lexicographicallyPrecedes(bytes[key]) {
                throw fault(bytes[last] == bytes[key] ? "a key stands twice" : "keys are not sorted")
            }
            last = key
            guard position < bytes.count, bytes[position] == 0x3A else { throw fault("a colon is expected") }
            position += 1
            try value(key: key, depth: depth + 1)
        } while try goesOn(0x7D, "a comma or brace is expected")
    }

    private mutating func elements(depth: Int) throws(LetterError) {
        position += 1
        if position < bytes.count, bytes[position] == 0x5D {
            position += 1
            return
        }
        repeat { try value(key: 0..<0, depth: depth + 1) } while try goesOn(0x5D, "a comma or bracket is expected")
    }

    /// Whether another one follows; else takes `end`.
    private mutating func goesOn(_ end: UInt8, _ rule: String) throws(LetterError) -> Bool {
        guard position < bytes.count else { throw fault("ends too early") }
        guard bytes[position] == 0x2C || bytes[position] == end else { throw fault(rule) }
        position += 1
        return bytes[position - 1] == 0x2C
    }

    private mutating func string(limit: Int) throws(LetterError) -> Range<Int> {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != 0x22 {
            let byte = bytes[position]
            guard byte >= 0x20, byte <= 0x7E, byte != 0x5C else {
                throw fault("a byte outside printable ASCII, or a backslash")
            }
            position += 1
        }
        guard position < bytes.count else { throw fault("ends too early") }
        guard position - start <= limit else { throw fault("a string longer than \(limit) bytes") }
        position += 1
        return start..<(position - 1)
    }

    private mutating func number() throws(LetterError) -> Range<Int> {
        let start = position
        var number: Int64 = 0
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
            guard position - start < 16 else { throw fault("an integer of 2^53 or more") }
            number = number * 10 + Int64(bytes[position] - 0x30)
            position += 1
        }
        guard position - start == 1 || bytes[start] != 0x30 else { throw fault("a leading zero") }
        guard number < 1 << 53 else { throw fault("an integer of 2^53 or more") }
        if position < bytes.count, [0x2E, 0x65, 0x45].contains(bytes[position]) { throw fault("not an integer") }
        return start..<position
    }
}
