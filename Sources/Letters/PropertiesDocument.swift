// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// What must be proved of a profile, as a file beside it: JSON, printable ASCII, closed keys.
///
/// - SeeAlso: Protocols/Procedure.md, "What the check proves".
public enum PropertiesDocument {
    /// - Throws: ``LetterError`` `.malformed` for what is no such JSON, `.profileInvalid` naming the property and key at
    ///   fault, also where the file belongs to another profile.
    public static func read(_ bytes: [UInt8], profile: String) throws(LetterError) -> [ProcedureProperty] {
        var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "properties", failure: .profileInvalid)
        guard try fields.string("format") == "kheya-properties/1" else {
            throw fields.fault("format", "not kheya-properties/1")
        }
        guard try fields.string("profile") == profile else { throw fields.fault("profile", "of another profile") }
        let result = try fields.list("properties", limit: 500) {
            (entry: inout FieldReader) throws(LetterError) in try property(&entry)
        }
        try fields.finish()
        return result
    }

    private static func property(_ entry: inout FieldReader) throws(LetterError) -> ProcedureProperty {
        ProcedureProperty(
            id: try entry.pattern("id", ProfilePatterns.name), says: try entry.string("says"), form: try form(&entry),
            tracks: try names(&entry, "tracks"),
            isPlanned: entry.has("planned") ? try entry.bool("planned") : true)
    }

    private static func form(_ entry: inout FieldReader) throws(LetterError) -> ProcedureProperty.Form {
        switch try entry.string("form") {
        case "requires": return .requires(try steps(&entry), guardText: try entry.string("guard"))
        case "only":
            let steps = try steps(&entry)
            return .only(steps, events: try names(&entry, "allowed"), by: try names(&entry, "by"))
        case "before": return .before(try steps(&entry), first: try names(&entry, "first"))
        case "never": return .never(guardText: try entry.string("guard"))
        case "possible":
            return .possible(
                events: try names(&entry, "events"), by: try names(&entry, "by"),
                inState: entry.has("in") ? try entry.string("in") : nil,
                then: entry.has("then") ? try entry.string("then") : nil)
        case "reachable": return .reachable(guardText: try entry.string("guard"))
        case "leads":
            return .leads(from: try entry.string("from"), to: try entry.string("to"), by: try names(&entry, "by"))
        case "discloses":
            return .discloses(
                from: try entry.string("from"), to: try entry.string("to"), tier: try entry.code("tier", Tier.self),
                events: try names(&entry, "events"), guardText: try entry.string("guard"))
        case "visible": return .visible(tracks: try names(&entry, "visible"))
        default: throw entry.fault("form", "unknown code")
        }
    }

    private static func steps(_ entry: inout FieldReader) throws(LetterError) -> ProcedureProperty.Steps {
        ProcedureProperty.Steps(
            events: try names(&entry, "events"), into: try names(&entry, "into"),
            careTo: entry.has("care_to") ? try entry.string("care_to") : nil)
    }

    private static func names(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [String] {
        try entry.strings(name, limit: 500, ProfilePatterns.name)
    }
}
