// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Reads `multipart/form-data` (RFC 7578) byte by byte: fields, and files of which nobody asks the name.
enum Multipart {
    struct Part: Sendable {
        let name: String
        let isFile: Bool
        let content: [UInt8]
    }

    /// Bytes of a part's own head.
    private static let headLimit = 2_048

    /// - Returns: `nil` for another type of content.
    static func boundary(of contentType: String) -> [UInt8]? {
        let pieces = contentType.utf8.split(separator: 0x3B).map {
            String(decoding: $0.drop { $0 == 0x20 }, as: UTF8.self)
        }
        guard pieces.first?.lowercased() == "multipart/form-data",
            let parameter = pieces.dropFirst().first(where: { $0.lowercased().hasPrefix("boundary=") })
        else { return nil }
        let value = parameter.utf8.dropFirst(9).filter { $0 != 0x22 }
        return (1...70).contains(value.count) ? value : nil
    }

    /// - Parameter isWhole: otherwise the last part ends where the bytes do.
    /// - Throws: WebFault `.badRequest` for what is no such form, `.tooLarge` for too many parts.
    static func parts(of body: [UInt8], boundary: [UInt8], isWhole: Bool) throws(WebFault) -> [Part] {
        let data = Data(body)
        let line = Data([0x0D, 0x0A, 0x2D, 0x2D] + boundary)
        // The first boundary has no line end before it.
        guard data.starts(with: line.dropFirst(2)) else { throw .badRequest }
        var place = line.count - 2
        var parts: [Part] = []
        while place < data.count {
            if isWhole, data[place...].starts(with: [0x2D, 0x2D]) { return parts }
            guard data[place...].starts(with: [0x0D, 0x0A]) else { break }
            guard parts.count < WebLimits.formFields else { throw .tooLarge }
            let headEnd = data.range(
                of: Data([0x0D, 0x0A, 0x0D, 0x0A]), in: place..<min(data.count, place + headLimit))
            guard let headEnd else { break }
            let next = data.range(of: line, in: headEnd.upperBound..<data.count)
            guard next != nil || !isWhole else { break }
            let content = data[headEnd.upperBound..<(next?.lowerBound ?? data.count)]
            let (name, isFile) = try disposition(data[place..<headEnd.lowerBound])
            parts.append(Part(name: name, isFile: isFile, content: [UInt8](content)))
            place = next?.upperBound ?? data.count
        }
        guard !isWhole else { throw .badRequest }
        return parts
    }

    /// `Content-Disposition: form-data; name="answer"; filename="…"`.
    private static func disposition(_ head: Data) throws(WebFault) -> (name: String, isFile: Bool) {
        for line in head.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.lowercased().hasPrefix("content-disposition: form-data") else { continue }
            guard let start = text.utf8.firstRange(of: "; name=\"".utf8) else { continue }
            let name = String(decoding: text.utf8[start.upperBound...].prefix { $0 != 0x22 }, as: UTF8.self)
            return (name, text.utf8.firstRange(of: "; filename".utf8) != nil)
        }
        throw .badRequest
    }
}
