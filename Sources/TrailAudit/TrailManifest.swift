// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// `bundle.json`: what a bundle is complete for, when it was made and for whom. Not signed, not evidence.
///
/// - SeeAlso: Protocols/Trail.md §3.3.
public struct TrailManifest: Hashable, Sendable {
    /// What the bundle promises to hold.
    public enum Profile: String, Hashable, Sendable, CaseIterable {
        case all, period
        case oneCase = "case"
        /// What was logged since an audit, for the auditor who kept its state.
        case increment
    }

    /// First leaf and first leaf after.
    public struct Span: Hashable, Sendable {
        public var from: Int64
        public var to: Int64

        public init(from: Int64, to: Int64) {
            self.from = from
            self.to = to
        }
    }

    public var profile: Profile
    /// By origin.
    public var logs: [String: Span]
    public var caseID: CaseID?
    public var made: Instant
    /// A member or a code: for whom.
    public var recipient: String
    /// Until when it may be kept.
    public var destroy: Instant

    public init(
        profile: Profile, logs: [String: Span], caseID: CaseID? = nil, made: Instant, recipient: String,
        destroy: Instant
    ) {
        self.profile = profile
        self.logs = logs
        self.caseID = caseID
        self.made = made
        self.recipient = recipient
        self.destroy = destroy
    }

    /// - Throws: ``LetterError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        let limits = JSONLimits(bytes: 16 << 10, depth: 4, values: 1_000, stringBytes: 128, keyBytes: LogName.bytes)
        var fields = FieldReader(
            try CanonicalJSON.read(bytes, limits: limits), place: "bundle.json", failure: .malformed)
        guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this reader knows") }
        profile = try fields.code("profile", Profile.self)
        logs = try fields.object("logs") { (logs: inout FieldReader) throws(LetterError) in
            var result: [String: Span] = [:]
            for (name, value) in logs.all() {
                guard Patterns.origin.matches(name), case .object(let object) = value, result.count < LogName.count
                else {
                    throw logs.fault(name, "not a log")
                }
                var span = FieldReader(object, place: "bundle.json", failure: .malformed)
                result[name] = Span(from: try span.integer("from"), to: try span.integer("to"))
                try span.finish()
            }
            return result
        }
        caseID = fields.has("case") ? try fields.caseID("case") : nil
        made = Instant(seconds: try fields.integer("made"))
        recipient = try fields.pattern("recipient", Patterns.fact)
        destroy = Instant(seconds: try fields.integer("destroy"))
        try fields.finish()
        guard (profile == .oneCase) == (caseID != nil) else {
            throw fields.fault("case", "stands in profile case, and there only")
        }
        guard self.bytes == bytes else { throw fields.fault("", "not its one spelling") }
    }

    /// `all`, `period:` or `increment:` and each log's leaves, or `case:` and its pseudonym.
    public var promise: String {
        switch profile {
        case .all: "all"
        case .period, .increment:
            profile.rawValue + ":"
                + logs.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value.from)-\($0.value.to)" }
                .joined(separator: ",")
        case .oneCase: "case:\(caseID?.text ?? "-")"
        }
    }

    public var bytes: [UInt8] {
        var object: [String: JSONValue] = [
            "v": .integer(1), "profile": .string(profile.rawValue), "made": .integer(made.seconds),
            "recipient": .string(recipient), "destroy": .integer(destroy.seconds),
            "logs": .object(
                logs.mapValues { .object(["from": .integer($0.from), "to": .integer($0.to)]) }),
        ]
        if let caseID { object["case"] = .string(caseID.text) }
        return CanonicalJSON.write(.object(object))
    }
}

/// Bounds on the logs of a bundle. Protocols/Trail.md §10.
enum LogName {
    static let bytes = 128
    static let count = 64
}
