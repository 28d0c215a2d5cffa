// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters

/// One HTTP request, whatever brought it.
public struct WebRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        /// Any other: nothing here answers it.
        case other = ""
    }

    public var method: Method
    /// Path as it stands in the request line, without a query: no page of ours has one.
    public var path: String
    /// By lower-case name.
    public var fields: [String: String]
    /// At most WebLimits/formBytes; where a file may come, WebLimits/fileBytes more.
    public var body: [UInt8]
    /// What was wrong with the body: `.tooLarge` (its beginning is here), `.tooMany` (none of it).
    public var fault: WebFault?

    public init(_ method: Method, _ path: String, fields: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.fields = fields
        self.body = body
    }

    /// Cookies by name; of one that comes twice the first.
    var cookies: [String: String] {
        var result: [String: String] = [:]
        for piece in (fields["cookie"] ?? "").utf8.split(separator: 0x3B) {
            let text = String(decoding: piece.drop { $0 == 0x20 }, as: UTF8.self)
            guard let equals = text.utf8.firstIndex(of: 0x3D) else { continue }
            let name = String(text[..<equals])
            if result[name] == nil { result[name] = String(text[text.utf8.index(after: equals)...]) }
        }
        return result
    }

    /// Whether another site's page made the browser ask this.
    ///
    /// A browser that sends `Sec-Fetch-Site` says so itself. An older one sends `Origin` with a post, and under our
    /// `no-referrer` the word `null`: then the form token alone decides.
    func isForeign(origin: String) -> Bool {
        if let site = fields["sec-fetch-site"] { return site != "same-origin" && site != "none" }
        guard let sent = fields["origin"], sent != "null" else { return false }
        return sent != origin
    }
}

/// One answer. Its security fields are put on by the site, the same for every route.
public struct WebResponse: Sendable {
    public var status: Int
    /// By lower-case name.
    public var fields: [String: String]
    public var cookies: [String]
    public var body: [UInt8]

    init(_ status: Int, fields: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        cookies = []
        self.body = body
    }

    init(_ status: Int = 200, page: HTML) {
        self.init(status, fields: ["content-type": "text/html; charset=utf-8"], body: Array(page.text.utf8))
    }

    /// A file to look at. What the browser cannot show it saves, under a name that says nothing.
    static func file(_ bytes: [UInt8], _ kind: UploadedFile.Kind?) -> WebResponse {
        WebResponse(
            200,
            fields: [
                "content-type": kind?.contentType ?? "application/octet-stream",
                "content-disposition": kind == nil ? "attachment; filename=\"file\"" : "inline; filename=\"file\"",
            ], body: bytes)
    }

    /// After a post: the browser asks for `path`, and *Back* does not post again.
    static func seeOther(_ path: String) -> WebResponse { WebResponse(303, fields: ["location": path]) }
}

/// The answers of a posted form: `application/x-www-form-urlencoded` or `multipart/form-data`, UTF-8, in Unicode's NFC.
struct PostedForm: Sendable {
    private var values: [String: [String]] = [:]
    /// The file of a form that has one.
    private(set) var file: [UInt8]?

    init() {}

    /// - Throws: WebFault `.badRequest`, `.tooLarge`.
    init(_ request: WebRequest) throws(WebFault) {
        guard let boundary = Multipart.boundary(of: request.fields["content-type"] ?? "") else {
            try self.init(request.body)
            return
        }
        self.init()
        for part in try Multipart.parts(of: request.body, boundary: boundary, isWhole: request.fault == nil) {
            guard !part.isFile else {
                guard file == nil else { throw .badRequest }
                file = part.content
                continue
            }
            guard part.content.count <= WebLimits.formBytes else { throw .tooLarge }
            values[part.name, default: []].append(try Self.text(part.content))
        }
    }

    /// - Throws: WebFault `.badRequest` for what is no such form, `.tooLarge` for too many fields.
    init(_ body: [UInt8]) throws(WebFault) {
        let pairs = body.split(separator: 0x26)
        guard pairs.count <= WebLimits.formFields else { throw .tooLarge }
        for pair in pairs {
            let halves = pair.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            values[try Self.decode(halves[0]), default: []].append(try Self.decode(halves.count > 1 ? halves[1] : []))
        }
    }

    func value(_ name: String) -> String { values[name]?.first ?? "" }
    func all(_ name: String) -> [String] { values[name] ?? [] }
    func has(_ name: String) -> Bool { values[name] != nil }

    private static func decode(_ text: ArraySlice<UInt8>) throws(WebFault) -> String {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case 0x2B: bytes.append(0x20)
            case 0x25:
                guard index + 2 < text.endIndex, let high = nibble(text[index + 1]), let low = nibble(text[index + 2])
                else { throw .badRequest }
                bytes.append(high << 4 | low)
                index += 2
            default: bytes.append(text[index])
            }
            index += 1
        }
        return try self.text(bytes)
    }

    private static func text(_ bytes: [UInt8]) throws(WebFault) -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else { throw .badRequest }
        guard let text = cleaned(string) else { throw .badRequest }
        return text
    }

    /// Normalised, line ends as one newline, and without what nobody sees or types: controls, bidirectional marks; `nil` for what no word is.
    static func cleaned(_ text: String) -> String? {
        guard let text = TextRules.normalised(text) else { return nil }
        var result = String.UnicodeScalarView()
        for scalar in text.replacing("\r\n", with: "\n").unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x20..<0x7F, 0xA0..<0x200B, 0x200C...0x200D, 0x2010..<0x2028, 0x2030..<0x2060,
                0x2070..<0xFDD0, 0xFE00..<0xFEFF, 0xFF00..<0xFFF9, 0x1_0000...0x1F_FFFF:
                result.append(scalar)
            case 0x0D: result.append("\n")
            case 0x09: result.append(" ")
            default: continue
            }
        }
        return String(result)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
