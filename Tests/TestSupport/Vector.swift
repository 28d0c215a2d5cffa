// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// One golden vector: a file with a header, a blank line and the bytes; one file, one reason.
public struct Vector: Sendable, CustomStringConvertible {
    /// The file's name.
    public let name: String
    /// `opens`, or the code of our own reader.
    public let expect: String
    /// All header fields, `section` and `comment` among them.
    public let header: [String: String]
    public let bytes: [UInt8]

    public var description: String { name }

    /// The vectors of `Protocols/Vectors/<folder>`, by name.
    ///
    /// - Throws: What reading a file throws, and ``Malformed`` for one without its header.
    public static func all(in folder: String) throws -> [Vector] {
        let directory = protocols.appending(path: "Vectors/\(folder)")
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            .filter { !$0.hasPrefix(".") && !$0.contains(".") }
            .map { try Vector(name: $0, file: directory.appending(path: $0)) }
    }

    /// `Protocols/`, three levels above this file; `KHEYA_PROTOCOLS` where tests run apart from the checkout.
    public static var protocols: URL {
        if let path = ProcessInfo.processInfo.environment["KHEYA_PROTOCOLS"] { return URL(filePath: path) }
        return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Protocols")
    }

    public struct Malformed: Error { public let name: String }

    init(name: String, file: URL) throws {
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        guard let end = text.range(of: "\n\n") else { throw Malformed(name: name) }
        var header: [String: String] = [:]
        for line in text[..<end.lowerBound].split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed(name: name) }
            header[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard let expect = header["expect"], header["encoding"] == "hex" else { throw Malformed(name: name) }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text[end.upperBound...].utf8 where digit != 0x0A {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue.map(UInt8.init) else {
                throw Malformed(name: name)
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else { throw Malformed(name: name) }
        self.name = name
        self.expect = expect
        self.header = header
        self.bytes = bytes
    }
}
