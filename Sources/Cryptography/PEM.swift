// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The text form of keys and certificates, RFC 7468, strict: one block, nothing around it but white space at the end.
enum PEM {
    static func write(_ der: [UInt8], label: String) -> [UInt8] {
        var text = Array("-----BEGIN \(label)-----\n".utf8)
        let encoded = encode(der)
        for start in stride(from: 0, to: encoded.count, by: 64) {
            text += encoded[start..<min(start + 64, encoded.count)]
            text.append(0x0A)
        }
        return text + Array("-----END \(label)-----\n".utf8)
    }

    static func read(_ text: [UInt8], label: String) throws(CryptographyError) -> [UInt8] {
        guard text.count <= 65_536 else { throw CryptographyError(.malformed, "PEM: more than 64 KiB") }
        let lines = text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        guard lines.count >= 3, let first = lines.first, let last = lines.last,
            first.elementsEqual("-----BEGIN \(label)-----".utf8), last.elementsEqual("-----END \(label)-----".utf8),
            let der = decode(lines.dropFirst().dropLast().flatMap { $0 })
        else { throw CryptographyError(.malformed, "PEM: not one block of \(label)") }
        return der
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
            for index in 0..<4 {
                out.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : 0x3D)
            }
        }
        return out
    }

    private static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).filter { $0 == 0x3D }.count
        var out: [UInt8] = []
        var bits: UInt32 = 0
        for (index, character) in text.enumerated() {
            let value: Int
            if index >= text.count - padding, character == 0x3D {
                value = 0
            } else if let place = alphabet.firstIndex(of: character) {
                value = place
            } else {
                return nil
            }
            bits = bits << 6 | UInt32(value)
            if index % 4 == 3 {
                out += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
                bits = 0
            }
        }
        guard out.suffix(padding).allSatisfy({ $0 == 0 }) else { return nil }
        return Array(out.dropLast(padding))
    }
}
