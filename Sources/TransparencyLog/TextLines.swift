// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import Procedure

/// Reads the lines of the formats of this module: each ends with one LF, nothing is trimmed, nothing is guessed.
struct TextLines {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    /// The next line, without its LF.
    mutating func next() throws(LogError) -> ArraySlice<UInt8> {
        guard let end = rest.firstIndex(of: 0x0A) else { throw LogError(.malformed, "a line is missing or not ended") }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    /// The next line without `prefix`, which it must begin with.
    mutating func next(after prefix: String) throws(LogError) -> ArraySlice<UInt8> {
        let line = try next()
        guard line.starts(with: prefix.utf8) else {
            throw LogError(.malformed, "not the line that begins with \(prefix)")
        }
        return line.dropFirst(prefix.utf8.count)
    }

    /// One hash a line, up to the empty line, which is taken too.
    mutating func hashes() throws(LogError) -> [Digest] {
        var hashes: [Digest] = []
        while case let line = try next(), !line.isEmpty {
            guard hashes.count < LogLimits.proofHashes else { throw LogError(.malformed, "too many hashes") }
            hashes.append(try Self.hash(line))
        }
        return hashes
    }

    /// Everything that was not taken.
    mutating func remainder() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    static func base64(_ text: ArraySlice<UInt8>) throws(LogError) -> [UInt8] {
        guard !text.isEmpty, let bytes = Base64.decode(String(decoding: text, as: UTF8.self)) else {
            throw LogError(.malformed, "not base64")
        }
        return bytes
    }

    static func hash(_ text: ArraySlice<UInt8>) throws(LogError) -> Digest {
        guard let digest = Digest(try base64(text)) else { throw LogError(.malformed, "not a hash of 32 bytes") }
        return digest
    }

    /// Decimal, without leading zeros, at most 2^53 − 1.
    static func number(_ text: ArraySlice<UInt8>) throws(LogError) -> Int64 {
        guard (1...16).contains(text.count), text.first != 0x30 || text.count == 1 else {
            throw LogError(.malformed, "not a number")
        }
        var value: Int64 = 0
        for digit in text {
            guard (0x30...0x39).contains(digit) else { throw LogError(.malformed, "not a number") }
            value = value * 10 + Int64(digit - 0x30)
        }
        guard value <= LogLimits.treeSize else { throw LogError(.malformed, "a number too large") }
        return value
    }
}

extension Digest {
    var base64: String { Base64.encode(bytes) }
}

extension [UInt8] {
    mutating func append(line: String) {
        append(contentsOf: line.utf8)
        append(0x0A)
    }
}
