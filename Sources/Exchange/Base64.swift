// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Base64 with padding (RFC 4648 §4), one spelling for each value: what a broker signs travels inside JSON.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value = group.reduce(0) { $0 << 8 | UInt32($1) }
            value <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                text.append(index <= group.count ? digits[Int(value >> UInt32(18 - 6 * index) & 63)] : 0x3D)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5A: UInt32(digit) - 0x41
        case 0x61...0x7A: UInt32(digit) - 0x61 + 26
        case 0x30...0x39: UInt32(digit) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }

    /// - Returns: `nil` for anything but the one spelling.
    static func bytes(of text: String) -> [UInt8]? {
        let input = Array(text.utf8)
        guard input.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.count / 4 * 3)
        for start in stride(from: 0, to: input.count, by: 4) {
            var value: UInt32 = 0
            var count = 3
            for (index, digit) in input[start..<(start + 4)].enumerated() {
                if digit == 0x3D, index >= 2, start + 4 == input.count {
                    count = min(count, index - 1)
                    value <<= 6
                } else {
                    guard count == 3, let six = Self.value(of: digit) else { return nil }
                    value = value << 6 | six
                }
            }
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(16 - 8 * index))) }
        }
        return self.text(of: bytes) == text ? bytes : nil
    }
}
