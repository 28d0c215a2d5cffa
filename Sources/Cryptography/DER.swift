// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not DER of our shape.
package enum DERError: Error, Equatable {
    /// Not DER at all, or beyond the bounds.
    case malformed(StaticString)
    /// DER of another shape than the profile's.
    case profile(StaticString)

    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.malformed, .malformed), (.profile, .profile): true
        default: false
        }
    }

    package var reason: String {
        switch self {
        case .malformed(let rule), .profile(let rule): "\(rule)"
        }
    }
}

/// DER, X.690 §10, the part of it that Kheya's files use.
///
/// A reader in two steps: ``check(_:depth:elements:)`` walks the whole input and builds nothing; only then
/// ``Reader`` steps through it.
package enum DER {
    /// A TLV by its place in the input.
    package struct Element {
        package let tag: UInt8
        package let start: Int
        package let content: Range<Int>
        package var whole: Range<Int> { start..<content.upperBound }
    }

    /// The header at `position`: low tag number, definite length in the fewest bytes, inside `end`.
    @inline(__always)
    static func element(in bytes: [UInt8], at position: Int, end: Int) throws(DERError) -> Element {
        guard position + 2 <= end else { throw .malformed("an element ends too early") }
        let tag = bytes[position]
        guard tag & 0x1F != 0x1F else { throw .malformed("a high tag number") }
        var length = Int(bytes[position + 1])
        var start = position + 2
        if length >= 0x80 {
            let count = length & 0x7F
            guard count != 0 else { throw .malformed("an indefinite length") }
            guard count <= 4, start + count <= end else { throw .malformed("a length too long") }
            length = 0
            for index in start..<start + count { length = length << 8 | Int(bytes[index]) }
            guard length >= 0x80, bytes[start] != 0 else { throw .malformed("a length not in the fewest bytes") }
            start += count
        }
        guard length <= end - start else { throw .malformed("a length beyond its parent") }
        return Element(tag: tag, start: position, content: start..<start + length)
    }

    /// Checks that `bytes` are one DER element and no more, and each primitive inside it is in its one spelling.
    ///
    /// Allocates one small array, whatever the input claims.
    ///
    /// - Parameters:
    ///   - depth: how deep elements may nest.
    ///   - elements: how many there may be in all.
    package static func check(_ bytes: [UInt8], depth: Int, elements: Int) throws(DERError) {
        var ends: [Int] = []
        ends.reserveCapacity(depth)
        var position = 0
        var count = 0
        repeat {
            let element = try element(in: bytes, at: position, end: ends.last ?? bytes.count)
            count += 1
            guard count <= elements else { throw .malformed("too many elements") }
            if ends.isEmpty, element.content.upperBound != bytes.count { throw .malformed("bytes after the element") }
            if element.tag & 0x20 != 0 {
                // Constructed: SEQUENCE, SET, or a context tag; a string in pieces is BER.
                guard element.tag == 0x30 || element.tag == 0x31 || element.tag & 0xC0 == 0x80 else {
                    throw .malformed("a constructed string, or a class of tag that is not used")
                }
                guard ends.count < depth else { throw .malformed("nested too deep") }
                ends.append(element.content.upperBound)
                position = element.content.lowerBound
            } else {
                try checkPrimitive(element, bytes)
                position = element.content.upperBound
            }
            while let end = ends.last, end == position { ends.removeLast() }
        } while !ends.isEmpty
    }

    private static func checkPrimitive(_ element: Element, _ bytes: [UInt8]) throws(DERError) {
        let content = element.content
        switch element.tag {
        case 0x01:
            guard content.count == 1, bytes[content.lowerBound] == 0 || bytes[content.lowerBound] == 0xFF else {
                throw .malformed("a boolean of another value")
            }
        case 0x02:
            guard let first = content.first else { throw .malformed("an empty integer") }
            guard bytes[first] < 0x80 else { throw .malformed("a negative integer") }
            guard content.count == 1 || bytes[first] != 0 || bytes[first + 1] >= 0x80 else {
                throw .malformed("an integer not in the fewest bytes")
            }
        case 0x03:
            guard let first = content.first, bytes[first] <= 7, content.count > 1 || bytes[first] == 0 else {
                throw .malformed("a bit string without its count of unused bits")
            }
            guard bytes[first] == 0 else { throw .malformed("a bit string with unused bits") }
        case 0x05:
            guard content.isEmpty else { throw .malformed("a null with content") }
        case 0x06:
            guard let last = content.last, bytes[last] < 0x80 else {
                throw .malformed("an object identifier that does not end")
            }
            var atStart = true
            for index in content {
                guard !atStart || bytes[index] != 0x80 else {
                    throw .malformed("an object identifier not in the fewest bytes")
                }
                atStart = bytes[index] < 0x80
            }
        case 0x10, 0x11: throw .malformed("a primitive sequence")
        case 0x00: throw .malformed("an end-of-contents")
        // Octet strings, text, times: any bytes here, checked where they are used. Context tags: implicit, likewise.
        case 0x04, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1E, 0x80...0x9F: break
        default: throw .malformed("a type that is not used")
        }
    }

    /// Steps through the elements of one parent. The input has passed ``DER/check(_:depth:elements:)``.
    package struct Reader {
        package let bytes: [UInt8]
        private var position: Int
        private let end: Int

        package init(_ bytes: [UInt8]) {
            self.bytes = bytes
            position = 0
            end = bytes.count
        }

        /// A reader of one element that stands at `range`.
        package init(_ bytes: [UInt8], at range: Range<Int>) { self.init(bytes, range) }

        private init(_ bytes: [UInt8], _ range: Range<Int>) {
            self.bytes = bytes
            position = range.lowerBound
            end = range.upperBound
        }

        package var isAtEnd: Bool { position == end }

        /// The tag that comes next, if any.
        package var nextTag: UInt8? { position < end ? bytes[position] : nil }

        /// The next element, whatever it is.
        package mutating func any() throws(DERError) -> Element {
            guard position < end else { throw .profile("an element is missing") }
            let element = try DER.element(in: bytes, at: position, end: end)
            position = element.content.upperBound
            return element
        }

        /// The next element, which must have `tag`.
        package mutating func next(_ tag: UInt8, _ rule: StaticString) throws(DERError) -> Element {
            guard position < end, bytes[position] == tag else { throw .profile(rule) }
            return try any()
        }

        /// Enters the next element, which must be constructed and have `tag`.
        package mutating func enter(_ tag: UInt8, _ rule: StaticString) throws(DERError) -> Reader {
            Reader(bytes, try next(tag, rule).content)
        }

        /// A reader of what is inside `element`.
        package func inside(_ element: Element) -> Reader { Reader(bytes, element.content) }

        /// Skips exactly these bytes.
        package mutating func expect(_ expected: [UInt8], _ rule: StaticString) throws(DERError) {
            guard end - position >= expected.count else { throw .profile(rule) }
            for index in expected.indices where bytes[position + index] != expected[index] { throw .profile(rule) }
            position += expected.count
        }

        /// The next `count` bytes, after their header has been skipped by ``expect(_:_:)``.
        package mutating func raw(_ count: Int, _ rule: StaticString) throws(DERError) -> Range<Int> {
            guard end - position >= count else { throw .profile(rule) }
            defer { position += count }
            return position..<position + count
        }

        /// Nothing follows.
        package func finish(_ rule: StaticString) throws(DERError) {
            guard position == end else { throw .profile(rule) }
        }
    }

    // MARK: Writing

    /// One element.
    package static func tlv(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { header(tag, content.count) + content }

    /// One constructed element of `children`.
    package static func tlv(_ tag: UInt8, _ children: [[UInt8]]) -> [UInt8] {
        let count = children.reduce(0) { $0 + $1.count }
        var out = header(tag, count)
        out.reserveCapacity(out.count + count)
        for child in children { out += child }
        return out
    }

    /// Tag and length of an element of `count` bytes.
    package static func header(_ tag: UInt8, _ count: Int) -> [UInt8] {
        guard count >= 0x80 else { return [tag, UInt8(count)] }
        var length: [UInt8] = []
        var rest = count
        while rest > 0 {
            length.insert(UInt8(rest & 255), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(length.count)] + length
    }

    /// An INTEGER from an unsigned big-endian number of any spelling.
    package static func integer(_ magnitude: [UInt8]) -> [UInt8] {
        var digits = Array(magnitude.drop { $0 == 0 })
        if digits.isEmpty || digits[0] >= 0x80 { digits.insert(0, at: 0) }
        return tlv(0x02, digits)
    }

    /// SET OF: children in the order of their bytes, X.690 §11.6.
    package static func set(_ tag: UInt8, _ children: [[UInt8]]) -> [UInt8] {
        tlv(tag, children.sorted { $0.lexicographicallyPrecedes($1) })
    }
}
