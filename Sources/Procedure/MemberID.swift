// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A member of the network as the directory names it: `in:shelter-07`. An organisation, an authority or a broker; never
/// a person.
public struct MemberID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Parameter text: two lower-case letters, a colon, then 1 to 40 of `a-z 0-9 -`, first and last not `-`.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        guard (4...43).contains(bytes.count), isLetter(bytes[0]), isLetter(bytes[1]), bytes[2] == 0x3A,
            bytes[3] != 0x2D, bytes[bytes.count - 1] != 0x2D,
            bytes.dropFirst(3).allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2D })
        else { return nil }
        self.text = String(text)
    }

    /// The country code in front of the colon, upper case: `IN`.
    public var country: String {
        // Asked of every letter that is judged, so without the general rules for letters of all scripts.
        String(decoding: text.utf8.prefix(2).map { $0 & 0xDF }, as: UTF8.self)
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
}
