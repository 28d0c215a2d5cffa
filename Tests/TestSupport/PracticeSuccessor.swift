// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
import Sealing

/// A later version of a procedure: one more event, visible, on one more track. Invented.
public struct PracticeSuccessor: Sendable {
    public let profile: Profile
    public let reference: ProfileReference
    /// The bytes that authorities sign.
    public let file: [UInt8]

    /// - Parameters:
    ///   - earlier: the canonical bytes of the version before.
    ///   - isRight: else it moves an old event otherwise, and no case may adopt it.
    ///   - days: how long it keeps what a log holds of a case, from its end; else as long as the version before.
    public init(of earlier: [UInt8], isRight: Bool = true, keepingDays days: Int? = nil) throws {
        var object = try CanonicalJSON.readSource(earlier)
        object["version"] = .string("9.9.9-practice")
        object["replaces"] = .array([.string(Digest.sha256(earlier).hex)])
        guard case .object(var events) = object["events"], case .object(var tracks) = object["tracks"] else {
            throw LetterError(.malformed, "no profile")
        }
        events["SCHOOL_FOUND"] = .object([
            "by": .array([.string("BD_NGO")]), "class": .string("progress"), "home": .string("schooling"),
            "lanes": .array([.string("normal")]), "shown_as": .string("SCHOOL_FOUND"), "tier": .string("T1"),
        ])
        let edge = JSONValue.array([.string("none"), .string("SCHOOL_FOUND"), .string("found")])
        tracks["schooling"] = .object([
            "edges": .array([edge]), "group": .string("side"), "initial": .string("none"),
        ])
        if !isRight, case .object(var dossier) = events["DOSSIER"] {
            dossier["shown_as"] = nil
            events["DOSSIER"] = .object(dossier)
        }
        if let days, case .object(var deadlines) = object["deadlines"] {
            deadlines["KEPT_LONGER"] = .object([
                "duration": .string("P\(days)D"), "from": .array([.string("case_end")]), "guard": .bool(true),
                "kind": .string("default"), "op": .string("min"), "to": .array([.string("deletion")]),
            ])
            object["deadlines"] = .object(deadlines)
        }
        object["events"] = .object(events)
        object["tracks"] = .object(tracks)
        file = CanonicalJSON.write(.object(object))
        profile = try ProfileDocument.read(file, digest: .sha256(file))
        reference = ProfileReference(id: profile.id, version: profile.version, digest: profile.digest)
    }
}
