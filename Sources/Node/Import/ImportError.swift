// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with one record of a file; never a value of it.
public struct ImportFault: Hashable, Sendable {
    public enum Rule: String, Sendable, CaseIterable {
        /// Neither JSON nor CSV in UTF-8.
        case notReadable = "not-readable"
        /// The file, its records or their fields are more than ``ImportLimits``.
        case tooMuch = "too-much"
        /// No field of the mapping stands in the file.
        case noKnownField = "no-known-field"
        /// A field, or a whole record, stands there twice.
        case twice
        /// Not in the mapping's table: never mapped to a neighbour.
        case unknownCode = "unknown-code"
        case wrongType = "wrong-type"
        /// Longer than the field here may be.
        case tooLong = "too-long"
        /// This node opens no case that these fields belong to.
        case notHere = "not-here"
    }

    /// From 1; 0 for the file.
    public let record: Int
    /// A name of the mapping.
    public let field: String?
    public let rule: Rule

    public init(record: Int = 0, field: String? = nil, rule: Rule) {
        self.record = record
        self.field = field
        self.rule = rule
    }

    /// In codes: `record 3, prs_Birthdate: wrong-type`.
    public var codes: String {
        let place = [record > 0 ? "record \(record)" : nil, field].compactMap { $0 }.joined(separator: ", ")
        return place.isEmpty ? rule.rawValue : "\(place): \(rule.rawValue)"
    }
}

/// Why nothing of a file was taken. Nothing was written.
public struct ImportError: Error, Sendable, Equatable {
    /// In the order of the file; never empty.
    public let faults: [ImportFault]

    public init(_ faults: [ImportFault]) { self.faults = faults }
    init(_ rule: ImportFault.Rule, record: Int = 0, field: String? = nil) {
        faults = [ImportFault(record: record, field: field, rule: rule)]
    }
}

/// Bounds on a file of another system. Protocols/Import.md, "Limits".
public enum ImportLimits {
    /// 1 MiB: what a desk can look over in a month is a tenth of it.
    public static let fileBytes = 1_048_576
    /// Each is a case that somebody has to look over, answer by answer.
    public static let records = 100
    /// HTCDS 2.0 has about a hundred.
    public static let fields = 1_000
    /// Objects and lists in each other: a record with a list of codes has three.
    public static let depth = 8
}
