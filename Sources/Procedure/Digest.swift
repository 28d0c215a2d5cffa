// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// 32 bytes that name a letter or a file by its content: a SHA-256, written as 64 lower-case hexadecimal digits.
///
/// The order is that of the bytes, which is also that of the text form.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: exactly 32; any other count gives `nil`.
    public init?(_ bytes: some Collection<UInt8>) {
        // In one piece: a generic of another module costs a call a byte.
        let read = bytes.withContiguousStorageIfAvailable(Self.read) ?? Array(bytes).withUnsafeBufferPointer(Self.read)
        guard let read else { return nil }
        words = read
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard bytes.count == 32 else { return nil }
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for byte in bytes[start..<start + 8] { value = value << 8 | UInt64(byte) }
            return value
        }
        return (word(0), word(8), word(16), word(24))
    }

    /// - Parameter words: eight bytes each, the first byte the highest.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// - Parameter hex: exactly 64 digits of `0-9a-f`; anything else, upper case too, gives `nil`.
    public init?(hex: some StringProtocol) { self.init(hex: String(hex)) }

    /// The same for a `String`. Concrete, because a slip has dozens of digests and a generic of another module costs a
    /// call a digit.
    public init?(hex: String) {
        var text = hex
        guard let parsed = text.withUTF8(Self.parse) else { return nil }
        words = parsed
    }

    /// The same for text that is still bytes.
    public init?(hex: ArraySlice<UInt8>) {
        guard let parsed = hex.withUnsafeBufferPointer(Self.parse) else { return nil }
        words = parsed
    }

    private static func parse(_ digits: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard digits.count == 64 else { return nil }
        let text = UnsafeRawBufferPointer(digits)
        var other: UInt64 = 0
        func word(_ start: Int) -> UInt64 {
            nibbles(text.loadUnaligned(fromByteOffset: start, as: UInt64.self), &other) << 32
                | nibbles(text.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self), &other)
        }
        let words = (word(0), word(16), word(32), word(48))
        return other == 0 ? words : nil
    }

    /// What eight digits say, all at once: an audit reads a hundred digests a letter.
    ///
    /// - Parameter other: gets a bit for whatever is no lower-case hexadecimal digit.
    private static func nibbles(_ text: UInt64, _ other: inout UInt64) -> UInt64 {
        let text = text.bigEndian
        let ones: UInt64 = 0x0101_0101_0101_0101
        // `a` to `f` have bit 6, and stand at 1 to 6 of their column.
        let values = (text & (ones &* 0x0F)) &+ ((text >> 6) & ones) &* 9
        // Written again: only what was a digit is what it was.
        other |= (values & (ones &* 0xF0)) | (digits(values) ^ text)
        let pairs = (values | values >> 4) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
        return (fours | fours >> 16) & 0xFFFF_FFFF
    }

    /// The digits of eight numbers below 16, a byte each.
    private static func digits(_ values: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let letters = ((values &+ ones &* 6) >> 4) & ones
        return values &+ ones &* 0x30 &+ letters &* 39
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        append(to: &result)
        return result
    }

    /// Appends the 32 bytes, without an array of their own.
    public func append(to bytes: inout [UInt8]) {
        let ordered = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        withUnsafeBytes(of: ordered) { bytes.append(contentsOf: $0) }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 64) { buffer in
            withUnsafeBytes(of: digits) { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            return 64
        }
    }

    /// Appends the 64 digits, without a string of their own.
    public func appendHex(to text: inout [UInt8]) { withUnsafeBytes(of: digits) { text.append(contentsOf: $0) } }

    private var digits: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
        func eight(_ word: UInt64) -> UInt64 {
            let fours = (word | word << 16) & 0x0000_FFFF_0000_FFFF
            let pairs = (fours | fours << 8) & 0x00FF_00FF_00FF_00FF
            return Self.digits((pairs | pairs << 4) & 0x0F0F_0F0F_0F0F_0F0F).bigEndian
        }
        func high(_ word: UInt64) -> UInt64 { eight(word >> 32) }
        func low(_ word: UInt64) -> UInt64 { eight(word & 0xFFFF_FFFF) }
        return (
            high(words.0), low(words.0), high(words.1), low(words.1), high(words.2), low(words.2), high(words.3),
            low(words.3)
        )
    }

    public var description: String { hex }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    public static func < (left: Self, right: Self) -> Bool { left.words < right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)  // a digest is uniform already: one word tells them apart
    }
}
