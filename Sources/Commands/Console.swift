// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where commands talk: results on standard output, everything else on standard error.
struct Console: Sendable {
    /// `--json`: one object on standard output, nothing else there.
    var json: Bool

    /// Prints a result.
    ///
    /// - Parameters:
    ///   - schema: `case.show`; the object says so, with a version, so that a reader knows what it holds.
    ///   - value: its fields, stable names.
    ///   - text: the same for a person.
    func result(_ schema: String, _ value: some Encodable, text: () -> String) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            Console.write(
                try encoder.encode(Document(schema: schema, value: value)) + Data("\n".utf8), to: .standardOutput)
        } else {
            let text = text()
            Console.write(Data((text.isEmpty || text.hasSuffix("\n") ? text : text + "\n").utf8), to: .standardOutput)
        }
    }

    /// A sentence on standard error, for people.
    func note(_ text: String) { Console.write(Data((text + "\n").utf8), to: .standardError) }

    func failed(_ failure: CommandFailure) {
        guard json else {
            note("kheya: " + failure.message)
            for detail in failure.details { note("  - " + detail) }
            if !failure.cure.isEmpty { note("  " + failure.cure) }
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let report = FailureReport(
            schema: "kheya.error", version: 1, status: failure.status.word, exit: failure.status.rawValue,
            code: failure.code,
            message: failure.message, cure: failure.cure, details: failure.details, findings: failure.findings)
        if let data = try? encoder.encode(report) { Console.write(data + Data("\n".utf8), to: .standardError) }
    }

    /// A reader that went away (`kheya … | head`) is no failure of ours.
    static func write(_ data: Data, to handle: FileHandle) { try? handle.write(contentsOf: data) }

    private struct FailureReport: Encodable {
        let schema: String
        let version: Int
        let status: String
        let exit: Int32
        let code: String
        let message: String
        let cure: String
        let details: [String]
        let findings: [String]
    }

    /// The value's own fields beside `schema` and `version`.
    private struct Document<Value: Encodable>: Encodable {
        let schema: String
        let value: Value

        private enum Keys: String, CodingKey { case schema, version }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode("kheya." + schema, forKey: .schema)
            try container.encode(1, forKey: .version)
            try value.encode(to: encoder)
        }
    }
}
