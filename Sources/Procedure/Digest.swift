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
        var isHex = true
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for digit in digits[start..<start + 16] {
                switch digit {
                case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
                case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
                default: isHex = false
                }
            }
            return value
        }
        let words = (word(0), word(16), word(32), word(48))
        return isHex ? words : nil
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
            var index = 0
            func write(_ word: UInt64) {
                for shift in stride(from: UInt64(60), through: 0, by: -4) {
                    let digit = UInt8(truncatingIfNeeded: word >> shift) & 15
                    buffer[index] = digit < 10 ? 0x30 + digit : 0x61 + digit - 10
                    index += 1
                }
            }
            write(words.0)
            write(words.1)
            write(words.2)
            write(words.3)
            return 64
        }
    }

    public var description: String { hex }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    public static func < (left: Self, right: Self) -> Bool { left.words < right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)  // a digest is uniform already: one word tells them apart
    }
}
