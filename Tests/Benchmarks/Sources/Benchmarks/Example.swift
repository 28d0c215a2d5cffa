// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure

/// The facts and forms of the invented case under `Protocols/Examples/`, with the dates of today.
struct Example {
    let directory: URL
    let now: Date

    /// Events of one letter of the example, in the order given.
    func events(_ file: String, _ codes: [String]) throws -> [Event] {
        guard
            let facts = try JSONSerialization.jsonObject(with: Data(text("facts/\(file)").utf8))
                as? [String: [String: Any]]
        else {
            throw BenchmarkError("facts/\(file) is not as expected")
        }
        return try codes.map { code in
            Event(
                code: code,
                facts: try (facts[code] ?? [:]).mapValues {
                    switch $0 {
                    case let text as String: .text(text)
                    case let number as Int: .integer(Int64(number))
                    default: throw BenchmarkError("facts/\(file): a value that is no fact")
                    }
                })
        }
    }

    /// One form, ready to be handed to a node.
    func form(_ file: String) throws -> [UInt8] { Array(try text("forms/\(file)").utf8) }

    /// `replacing` first, then the placeholders: `@today`, `@today+90`.
    func text(_ file: String, replacing: [String: String] = [:]) throws -> String {
        var text = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
        for (old, new) in replacing { text = text.replacing(old, with: new) }
        var result = ""
        var rest = text[...]
        while let start = rest.range(of: "@today") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            let amount = rest.prefix { $0 == "+" || $0 == "-" || $0.isNumber }
            rest = rest[amount.endIndex...]
            result += Self.date(now.addingTimeInterval(Double(Int(amount) ?? 0) * 86_400))
        }
        return result + rest
    }

    private static func date(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 19_800)
        formatter.dateFormat = "yyyy-MM-dd"
        return formatter.string(from: date)
    }
}
