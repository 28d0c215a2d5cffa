// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// Why a letter was not admitted, as the node's record keeps it: codes, told in words when somebody asks.
///
/// - SeeAlso: Protocols/CaseFile.md, "Tables".
extension Refusal {
    var record: [UInt8] {
        var object: [String: JSONValue] = ["reason": .string(reason.rawValue)]
        if let guardName { object["guard"] = .string(guardName) }
        if let stop { object["stop"] = .string(stop.hex) }
        if let event { object["event"] = .string(event) }
        if let detail { object["detail"] = .string(detail) }
        return CanonicalJSON.write(.object(object))
    }

    /// - Throws: ``CaseFileError`` `.damaged`.
    init(record: [UInt8]) throws {
        do throws(LetterError) {
            var fields = FieldReader(try CanonicalJSON.readSource(record), place: "verdict", failure: .malformed)
            func text(_ name: String) throws(LetterError) -> String? {
                fields.has(name) ? try fields.string(name) : nil
            }
            self.init(
                try fields.code("reason", Reason.self), guard: try text("guard"),
                stop: try fields.optionalDigest("stop"),
                event: try text("event"), detail: try text("detail"))
            try fields.finish()
        } catch { throw CaseFileError(.damaged, error.reason) }
    }

    /// Codes alone, for a log and for programs: `DOSSIER: G_SHARE_FULL`.
    var codes: String { (event.map { "\($0): " } ?? "") + code + (detail.map { " (\($0))" } ?? "") }
}

extension FormViolation {
    /// Codes alone: `F/traffickers_near: missing`.
    var codes: String {
        let rule =
            switch rule {
            case .missing: "missing"
            case .unknownField: "unknown-field"
            case .wrongType: "wrong-type"
            case .unknownCode: "unknown-code"
            case .tooMuch: "too-much"
            case .tooLittle: "too-little"
            case .differsFromFact: "differs-from-fact"
            case .rule(let name): "rule \(name)"
            case .wrongForm: "wrong-form"
            }
        return "\(section.map { "\($0)/" } ?? "")\(field): \(rule)"
    }
}
