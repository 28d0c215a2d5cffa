// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A piece of a page, escaped when it is made: text cannot become markup later.
///
/// Escaping works on bytes. As characters, a quotation mark that a vowel sign follows would not be one.
struct HTML: Sendable {
    private(set) var text: String

    static let empty = HTML(text: "")

    /// People's words.
    init(_ words: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.utf8.count + 16)
        for byte in words.utf8 {
            switch byte {
            case 0x26: bytes += Array("&amp;".utf8)
            case 0x3C: bytes += Array("&lt;".utf8)
            case 0x3E: bytes += Array("&gt;".utf8)
            case 0x22: bytes += Array("&quot;".utf8)
            case 0x27: bytes += Array("&#39;".utf8)
            default: bytes.append(byte)
            }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    private init(text: String) { self.text = text }

    fileprivate static func joined(_ pieces: [HTML]) -> HTML { HTML(text: pieces.reduce(into: "") { $0 += $1.text }) }

    /// An element. Names are literals of the program; values of attributes are escaped, absent ones left out.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ content: HTML? = nil
    ) -> HTML {
        var text = "<\(name)"
        for (key, value) in attributes {
            guard let value else { continue }
            text += value.isEmpty ? " \(key)" : " \(key)=\"\(HTML(value).text)\""
        }
        text += ">"
        if let content { text += content.text + "</\(name)>" }
        return HTML(text: text)
    }

    /// The whole document.
    static func document(language: String, _ content: HTML) -> HTML {
        HTML(text: "<!doctype html>\n<html lang=\"\(HTML(language).text)\">\(content.text)</html>\n")
    }
}

/// Writes pieces one after the other: `E("p") { "Saved " ; E("b") { time } }`.
@resultBuilder enum Markup {
    static func buildExpression(_ html: HTML) -> HTML { html }
    static func buildExpression(_ words: String) -> HTML { HTML(words) }
    static func buildBlock(_ pieces: HTML...) -> HTML { .joined(pieces) }
    static func buildOptional(_ html: HTML?) -> HTML { html ?? .empty }
    static func buildEither(first: HTML) -> HTML { first }
    static func buildEither(second: HTML) -> HTML { second }
    static func buildArray(_ pieces: [HTML]) -> HTML { .joined(pieces) }
}

/// An element with content; a void element is written without a block.
func E(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], @Markup _ content: () throws -> HTML
) rethrows -> HTML {
    .element(name, attributes, try content())
}

/// A void element: `input`, `meta`.
func E(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:]) -> HTML {
    .element(name, attributes)
}

/// Pieces without an element around them.
func group(@Markup _ content: () throws -> HTML) rethrows -> HTML { try content() }
