// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What the names of a profile are called in one language. No program reads meaning from it.
///
/// - SeeAlso: Protocols/Procedure.md, "Labels".
public struct ProfileLabels: Hashable, Sendable {
    public let profile: String
    /// BCP 47.
    public let language: String
    private let labels: [String: String]

    /// Reads a file of labels: UTF-8 text, keys like `event.DOSSIER`, `guard.G_HOME_OK`, `field.her_wish`.
    ///
    /// - Throws: ``LetterError`` `.formInvalid` for what is no such JSON or holds text that is not permitted.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        let limits = JSONLimits(bytes: 1_048_576, depth: 3, values: 20_000, stringBytes: 1_024, keyBytes: 80)
        var fields = FieldReader(
            try CanonicalJSON.readText(bytes, limits: limits), place: "labels", failure: .formInvalid)
        guard try fields.string("format") == "kheya-labels/1" else {
            throw fields.fault("format", "not kheya-labels/1")
        }
        profile = try fields.pattern("profile", Patterns.profile)
        language = try fields.string("language")
        _ = try fields.pattern("version", Patterns.version)
        guard case .object(let object) = try fields.value("labels") else {
            throw fields.fault("labels", "not an object")
        }
        try fields.finish()
        var labels: [String: String] = [:]
        for (key, value) in object {
            guard case .string(let text) = value, !text.isEmpty else { throw fields.fault("labels", "not a text") }
            labels[key] = text
        }
        self.labels = labels
    }

    /// The label of a name of this kind (`event`, `guard`, `field`, `value` …); `nil` where the language lacks it.
    public func label(_ kind: String, _ name: String) -> String? { labels["\(kind).\(name)"] }
}
