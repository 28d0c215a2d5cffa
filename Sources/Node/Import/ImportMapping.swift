// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Which fields of another system's records are answers here, and in which of our codes: data, one file a system.
///
/// - SeeAlso: Protocols/Import.md, "A mapping".
public struct ImportMapping: Sendable, Decodable {
    /// Why a field is never an answer here.
    public enum Reason: String, Sendable, CaseIterable, Decodable {
        /// Consent is asked of her anew, and recorded as she gave it.
        case consent
        /// The procedure asks this of nobody.
        case never
        /// No field here means the same.
        case noField = "no-field"
        /// The field has a counterpart, its code has none. In no mapping.
        case noCode = "no-code"
        /// No field of the mapping. In no mapping.
        case unknown
    }

    public struct Field: Sendable, Decodable {
        public let name: String
        /// Other names of the same field.
        public let also: [String]?
        /// Answers by their keys in a draft, `EVENT/field`; of a list an entry's own field, `EVENT/list.field`: each source field
        /// makes an entry.
        public let to: [String]?
        /// Further fields of that entry.
        public let with: [String: String]?
        /// From their codes to ours; absent: the value stands as it is.
        public let codes: [String: String]?
        /// Their codes without a counterpart.
        public let without: [String]?
        /// Their list is longer than this one: a code that stands here nowhere is not taken, and no fault.
        public let open: Bool?
        public let not: Reason?

        /// Its names, the first its own.
        public var names: [String] { [name] + (also ?? []) }
    }

    public let name: String
    /// What people call it, by language.
    public let titles: [String: String]
    /// The profile whose fields it names.
    public let profile: String
    /// Between several codes in one text.
    public let separator: String
    public let fields: [Field]

    /// The mappings that come with this program, by name.
    public static let all: [ImportMapping] = [PackageResources.htcds_json, PackageResources.jj_forms_json].map { file in
        do { return try JSONDecoder().decode(Self.self, from: Data(file)) } catch {
            preconditionFailure("a mapping: \(error)")  // part of the program, and every test reads them
        }
    }

    public static func named(_ name: String) -> ImportMapping? { all.first { $0.name == name } }

    /// The events whose drafts it fills, sorted.
    var events: [String] {
        let targets = fields.compactMap(\.to).joined()
        return Set(targets.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
    }
}
