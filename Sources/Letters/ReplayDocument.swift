// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// A case told as a file, for people to read and for `kheya procedure replay` to run.
///
/// - SeeAlso: Protocols/Procedure.md, "Replay files".
public enum ReplayDocument {
    /// The id of the profile that the file is told under.
    ///
    /// - Throws: ``LetterError`` `.malformed`.
    public static func profile(of bytes: [UInt8]) throws(LetterError) -> String {
        var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "replay", failure: .malformed)
        return try fields.string("profile")
    }

    /// - Parameter profile: under which the letters are made: it decides lanes and what the slips show.
    /// - Throws: ``LetterError`` `.malformed` naming the letter at fault.
    public static func read(_ bytes: [UInt8], profile: Profile) throws(LetterError) -> ReplayScript {
        var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "replay", failure: .malformed)
        let about = fields.has("about") ? try fields.string("about") : ""
        let id = try fields.string("profile")
        guard id == profile.id else { throw fields.fault("profile", "not the profile given") }
        var members: [MemberID: Set<String>] = [:]
        guard case .object(let entries) = try fields.value("members") else {
            throw fields.fault("members", "not an object")
        }
        for (name, value) in entries {
            guard let member = MemberID(name), case .array(let roles) = value else {
                throw fields.fault("members", "not a member with roles")
            }
            members[member] = Set(roles.compactMap { if case .string(let role) = $0 { role } else { nil } })
        }
        let successors = fields.has("successors") ? try fields.digests("successors", limit: 100) : []
        var reader = Reader(profile: profile, members: members)
        for value in try fields.array("letters", limit: 2_000) {
            guard case .object(let object) = value else { throw fields.fault("letters", "not an object") }
            var entry = FieldReader(object, place: "letters.\(reader.letters.count + 1)", failure: .malformed)
            try reader.letter(&entry)
            try entry.finish()
        }
        let script = ReplayScript(
            about: about, successors: successors, letters: reader.letters,
            expectation: try expectation(&fields, "expect"),
            expectationOfBroker: try expectation(&fields, "expect_broker"))
        try fields.finish()
        return script
    }

    private static func expectation(_ fields: inout FieldReader, _ name: String) throws(LetterError) -> ReplayScript
        .Expectation?
    {
        try fields.optionalObject(name) { (entry: inout FieldReader) throws(LetterError) in
            var lifecycle: [String]?
            var tracks: [String: [String]] = [:]
            for (track, value) in entry.all() {
                guard case .array(let array) = value else { throw entry.fault(track, "not a list") }
                let states = array.compactMap { if case .string(let state) = $0 { state } else { nil } }.sorted()
                if track == "lifecycle" { lifecycle = states } else { tracks[track] = states }
            }
            return ReplayScript.Expectation(lifecycle: lifecycle, tracks: tracks)
        }
    }

    private struct Reader {
        let profile: Profile
        let members: [MemberID: Set<String>]
        var letters: [ReplayScript.Letter] = []

        mutating func letter(_ entry: inout FieldReader) throws(LetterError) {
            let name = try entry.pattern("name", ProfilePatterns.letter)
            guard let id = ReplayScript.id(of: name) else { throw entry.fault("name", "longer than 32") }
            let from = try entry.member("from")
            guard let roles = members[from] else { throw entry.fault("from", "not among the members") }
            let to = try list(&entry, "to").map { (text) throws(LetterError) in
                guard let member = MemberID(text) else { throw entry.fault("to", "not a member id") }
                return member
            }
            let at = try time(&entry, "at")
            let events = try entry.list("events", limit: 32) { (event: inout FieldReader) throws(LetterError) in
                try self.event(&event)
            }
            let isRoot = entry.has("opens") ? try entry.bool("opens") : letters.isEmpty
            let parents =
                entry.has("parents")
                ? try ids(&entry, "parents") : isRoot ? [] : letters.last.map { [$0.step.id] } ?? []
            let previous =
                entry.has("previous")
                ? try ids(&entry, "previous").first : isRoot ? nil : letters.last { $0.step.from == from }?.step.id
            let lane =
                entry.has("lane") ? try entry.code("lane", Lane.self) : profile.lane(of: events) ?? .normal
            let parts = try entry.list("parts", limit: 64) { (part: inout FieldReader) throws(LetterError) in
                PartClaim(
                    recipient: try part.member("to"), tier: try part.code("tier", Tier.self),
                    basis: try part.code("basis", Basis.self))
            }
            let shown =
                entry.has("shown")
                ? try entry.list("shown", limit: 32) { (event: inout FieldReader) throws(LetterError) in
                    try self.event(&event)
                }
                : profile.shown(events)
            let opened = try ids(&entry, "opened").first
            let requires = try ids(&entry, "requires")
            let profileDigest = try entry.optionalDigest("profile") ?? profile.digest
            let isVoid = entry.has("void") ? try entry.bool("void") : false
            let step = Step(
                id: id, parents: parents, previous: previous, root: isRoot ? nil : letters.first?.step.id, from: from,
                roles: roles, to: to,
                at: at, lane: lane, profile: profileDigest, shown: shown,
                sealed: opened == nil && !(events.isEmpty && requires.isEmpty) ? .opened(events) : .none,
                requires: requires, parts: parts,
                opened: opened, isVoid: isVoid)
            letters.append(
                ReplayScript.Letter(
                    name: name, step: step, readers: Set(to).union([from]), expected: try verdicts(&entry, "expect"),
                    expectedOfBroker: try verdicts(&entry, "expect_broker")))
        }

        private func verdicts(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [String]? {
            guard entry.has(name) else { return nil }
            switch try entry.value(name) {
            case .string(let text): return [text]
            case .array(let array): return array.compactMap { if case .string(let text) = $0 { text } else { nil } }
            default: throw entry.fault(name, "not a verdict")
            }
        }

        private func list(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [String] {
            guard entry.has(name) else { return [] }
            switch try entry.value(name) {
            case .string(let text): return [text]
            case .array(let array): return array.compactMap { if case .string(let text) = $0 { text } else { nil } }
            default: throw entry.fault(name, "not a name or a list")
            }
        }

        private func ids(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [Digest] {
            var result: [Digest] = []
            for text in try list(&entry, name) {
                guard ProfilePatterns.letter.matches(text), let id = ReplayScript.id(of: text) else {
                    throw entry.fault(name, "not a letter's name")
                }
                result.append(id)
            }
            return result
        }

        private func event(_ entry: inout FieldReader) throws(LetterError) -> Event {
            var event = Event(code: try entry.pattern("code", Patterns.event))
            if entry.has("at") { event.at = try time(&entry, "at") }
            if entry.has("person") {
                guard let id = ReplayScript.id(of: try entry.pattern("person", ProfilePatterns.letter)) else {
                    throw entry.fault("person", "too long")
                }
                event.person = id.hex
            }
            guard entry.has("facts") else { return event }
            event.facts = try entry.object("facts") { (facts: inout FieldReader) throws(LetterError) in
                var result: [String: FactValue] = [:]
                for (name, value) in facts.all() {
                    switch value {
                    case .integer(let number): result[name] = .integer(number)
                    case .string(let text): result[name] = try self.fact(name, text, facts)
                    default: throw facts.fault(name, "not a code, date, id or instant")
                    }
                }
                return result
            }
            return event
        }

        /// `@name` is the id of a letter, `#name` an id or digest made from the name; an instant may be written as a
        /// time.
        private func fact(_ name: String, _ text: String, _ facts: FieldReader) throws(LetterError) -> FactValue {
            if text.hasPrefix("@") || text.hasPrefix("#") {
                guard let id = ReplayScript.id(of: String(text.dropFirst())) else {
                    throw facts.fault(name, "a name longer than 32")
                }
                let isShort = text.hasPrefix("#") && profile.definition.facts[name]?.kind == .id
                return .text(isShort ? String(id.hex.prefix(32)) : id.hex)
            }
            if profile.definition.facts[name]?.kind == .instant, let at = Self.instant(text) {
                return .integer(at.seconds)
            }
            return .text(text)
        }

        private func time(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> Instant {
            switch try entry.value(name) {
            case .integer(let seconds): return Instant(seconds: seconds)
            case .string(let text):
                guard let instant = Self.instant(text) else { throw entry.fault(name, "not YYYY-MM-DDThh:mmZ") }
                return instant
            default: throw entry.fault(name, "not a time")
            }
        }

        /// `2026-03-01T10:00Z`.
        private static func instant(_ text: String) -> Instant? {
            let bytes = Array(text.utf8)
            guard bytes.count == 17, bytes[10] == 0x54, bytes[13] == 0x3A, bytes[16] == 0x5A,
                let date = CivilDate(text.prefix(10)),
                let hour = Int64(text.dropFirst(11).prefix(2)), let minute = Int64(text.dropFirst(14).prefix(2)),
                (0...23).contains(hour),
                (0...59).contains(minute)
            else { return nil }
            return date.start(offset: 0) + (hour * 3_600 + minute * 60)
        }
    }
}

extension ProfilePatterns {
    static let letter = Pattern("a letter's name", length: 1...32) {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
}
