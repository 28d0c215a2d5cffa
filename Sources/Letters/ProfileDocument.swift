// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// A procedure profile as a file: JSON, printable ASCII, closed keys.
///
/// - SeeAlso: Protocols/Procedure.md, "Fields".
public enum ProfileDocument {
    /// The bytes that are signed and whose SHA-256 every slip names.
    ///
    /// - Parameter source: the file as people edit it: the same JSON with white space, keys in any order.
    /// - Throws: ``LetterError`` `.malformed`.
    public static func canonicalBytes(ofSource source: [UInt8]) throws(LetterError) -> [UInt8] {
        CanonicalJSON.write(.object(try CanonicalJSON.readSource(source)))
    }

    /// The bytes of a file beside the profile, whose SHA-256 its `documents` name.
    ///
    /// - Parameter name: its name there: `forms`, `labels-bn`.
    /// - Throws: ``LetterError`` for what is no such JSON.
    public static func canonicalBytes(ofSource source: [UInt8], document name: String) throws(LetterError) -> [UInt8] {
        name == "forms" ? try canonicalBytes(ofSource: source) : try ProfileLabels.canonicalBytes(ofSource: source)
    }

    /// Reads a profile, from its source or its canonical spelling, and checks that it agrees with itself.
    ///
    /// - Parameter digest: SHA-256 of the canonical spelling, taken by the caller.
    /// - Throws: ``LetterError`` `.malformed` for what is no such JSON, `.profileInvalid` naming the section and the
    ///   name at fault.
    public static func read(_ bytes: [UInt8], digest: Digest) throws(LetterError) -> Profile {
        let definition = try definition(bytes)
        do {
            return try Profile(definition, digest: digest)
        } catch {
            throw LetterError(.profileInvalid, "\(error.code.rawValue) at \(error.place): \(error.reason)")
        }
    }

    /// Reads the sections without checking them against each other.
    public static func definition(_ bytes: [UInt8]) throws(LetterError) -> ProfileDefinition {
        var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "profile", failure: .profileInvalid)
        guard try fields.string("format") == "kheya-profile/1" else {
            throw fields.fault("format", "not kheya-profile/1")
        }
        guard try fields.string("language") == "kheya-guard/1" else {
            throw fields.fault("language", "not kheya-guard/1")
        }
        var definition = ProfileDefinition(
            id: try fields.pattern("profile", Patterns.profile),
            version: try fields.pattern("version", Patterns.version),
            status: try fields.pattern("status", ProfilePatterns.name),
            lifecycle: try fields.object("lifecycle") { (entry: inout FieldReader) throws(LetterError) in
                try lifecycle(&entry)
            })
        guard ["reconstruction", "draft", "ratified"].contains(definition.status) else {
            throw fields.fault("status", "unknown code")
        }
        guard case .array = try fields.value("survivor_review") else {
            throw fields.fault("survivor_review", "not a list")
        }
        definition.countries = try map(&fields, "countries") { (value, place) throws(LetterError) in
            guard case .string(let text) = value, ProfilePatterns.country.matches(text) else {
                throw fault(place, "not a country")
            }
            return text
        }
        definition.zones = try map(&fields, "zones") { (value, place) throws(LetterError) in try offset(value, place) }
        if fields.has("weekends") {
            definition.weekends = try map(&fields, "weekends") { (value, place) throws(LetterError) in
                try weekend(value, place)
            }
        }
        definition.roles = try objects(&fields, "roles") { (entry: inout FieldReader) throws(LetterError) in
            ProfileDefinition.Role(
                country: entry.has("country") ? try entry.pattern("country", ProfilePatterns.country) : nil,
                moves: try entry.bool("moves"), isOffice: entry.has("office") ? try entry.bool("office") : false)
        }
        definition.consents = try objects(&fields, "consents") { (entry: inout FieldReader) throws(LetterError) in
            ProfileDefinition.Consent(
                track: try entry.string("track"), live: try entry.string("live"),
                covers: try entry.code("covers", Tier.self))
        }
        definition.partRules = try fields.list("part_rules", limit: 32) {
            (entry: inout FieldReader) throws(LetterError) in
            ProfileDefinition.PartRule(
                from: try entry.string("from"), to: try entry.string("to"), tier: try entry.code("tier", Tier.self),
                guardName: try entry.string("guard"))
        }
        definition.tracks = try objects(&fields, "tracks") { (entry: inout FieldReader) throws(LetterError) in
            try track(&entry)
        }
        definition.events = try objects(&fields, "events") { (entry: inout FieldReader) throws(LetterError) in
            let kind = try entry.code("class", ProfileDefinition.EventRule.Kind.self)
            guard kind != .notice else { throw entry.fault("class", "unknown code") }
            return try event(&entry, kind: kind)
        }
        let notices = try objects(&fields, "notices") { (entry: inout FieldReader) throws(LetterError) in
            try event(&entry, kind: .notice)
        }
        for (name, rule) in notices {
            guard definition.events.updateValue(rule, forKey: name) == nil else {
                throw fields.fault("notices", "\(name) is an event too")
            }
        }
        for name in definition.events.keys where !Patterns.event.matches(name) {
            throw fields.fault("events", "not an event code")
        }
        definition.guards = try map(&fields, "guards") { (value, place) throws(LetterError) in
            guard case .string(let text) = value else { throw fault(place, "not a string") }
            return text
        }
        definition.codeLists = try map(&fields, "code_lists") { (value, place) throws(LetterError) in
            try codes(value, place)
        }
        let lists = definition.codeLists
        definition.facts = try objects(&fields, "facts") { (entry: inout FieldReader) throws(LetterError) in
            try fact(&entry, lists: lists)
        }
        definition.attestedFacts = try names(&fields, "attested_facts")
        definition.forms = try objects(&fields, "forms") { (entry: inout FieldReader) throws(LetterError) in
            try entry.code("tier", Tier.self)
        }
        definition.factOrder = try fields.object("ordering") { (entry: inout FieldReader) throws(LetterError) in
            try names(&entry, "fact_order")
        }
        definition.deadlines = try objects(&fields, "deadlines") { (entry: inout FieldReader) throws(LetterError) in
            try deadline(&entry)
        }
        try keys(&fields, &definition)
        try closedLists(&fields)
        definition.documents = try map(&fields, "documents") { (value, place) throws(LetterError) in
            guard case .string(let text) = value, let digest = Digest(hex: text) else {
                throw fault(place, "not a digest")
            }
            return digest
        }
        try fields.finish()
        return definition
    }

    // MARK: sections

    private static func lifecycle(_ entry: inout FieldReader) throws(LetterError) -> ProfileDefinition.Lifecycle {
        let care = try objects(&entry, "states") { (state: inout FieldReader) throws(LetterError) -> String? in
            state.has("care") ? try state.pattern("care", ProfilePatterns.name) : nil
        }
        return ProfileDefinition.Lifecycle(
            initial: try entry.string("initial"), terminal: try someNames(&entry, "terminal"),
            notMovedByFacts: try names(&entry, "not_moved_by_facts"), care: care,
            transitions: try entry.list("transitions", limit: 500) { (rule: inout FieldReader) throws(LetterError) in
                ProfileDefinition.Transition(
                    id: try rule.pattern("id", ProfilePatterns.name), from: try names(&rule, "from"),
                    event: try rule.string("event"),
                    to: try rule.string("to"))
            })
    }

    private static func track(_ entry: inout FieldReader) throws(LetterError) -> ProfileDefinition.Track {
        var edges: [ProfileDefinition.Edge] = []
        for value in try entry.array("edges", limit: 500) {
            let edge = try codes(value, "edges")
            guard edge.count == 3 else { throw entry.fault("edges", "not [from, event, to]") }
            edges.append(ProfileDefinition.Edge(from: edge[0], event: edge[1], to: edge[2]))
        }
        var track = ProfileDefinition.Track(
            group: try entry.code("group", ProfileDefinition.Track.Group.self), initial: try entry.string("initial"),
            green: try names(&entry, "green"), edges: edges)
        if entry.has("guard") { track.guardName = try entry.string("guard") }
        return track
    }

    private static func event(
        _ entry: inout FieldReader, kind: ProfileDefinition.EventRule.Kind
    ) throws(LetterError) -> ProfileDefinition.EventRule {
        var lanes: Set<Lane> = []
        for name in try someNames(&entry, "lanes") {
            guard let lane = Lane(rawValue: name) else { throw entry.fault("lanes", "unknown code") }
            lanes.insert(lane)
        }
        var rule = ProfileDefinition.EventRule(
            kind: kind, home: kind == .notice ? nil : try entry.string("home"), by: try someNames(&entry, "by"),
            lanes: lanes,
            tier: try entry.code("tier", Tier.self))
        rule.isWithdrawal = kind != .notice && entry.has("withdrawal") ? try entry.bool("withdrawal") : false
        rule.shownAs = entry.has("shown_as") ? try entry.pattern("shown_as", Patterns.event) : nil
        rule.guards = try names(&entry, "guards")
        rule.facts = try names(&entry, "facts")
        rule.isPaper = entry.has("paper") ? try entry.bool("paper") : false
        rule.form = entry.has("form") ? try entry.string("form") : nil
        rule.consents = try names(&entry, "consents")
        for name in try names(&entry, "bases") {
            guard let basis = Basis(rawValue: name) else { throw entry.fault("bases", "unknown code") }
            rule.bases.insert(basis)
        }
        if entry.has("free_tier") { rule.freeTier = try entry.code("free_tier", Tier.self) }
        rule.zone = entry.has("zone") ? try entry.string("zone") : nil
        rule.to = entry.has("to") ? try entry.string("to") : nil
        rule.kept = entry.has("kept") ? try entry.string("kept") : nil
        rule.withoutForm = entry.has("without_form") ? try entry.bool("without_form") : false
        rule.isFromOutside = entry.has("outsider") ? try entry.bool("outsider") : false
        return rule
    }

    private static func fact(_ entry: inout FieldReader, lists: [String: [String]]) throws(LetterError)
        -> ProfileDefinition.FactRule
    {
        let kind: ProfileDefinition.FactRule.Kind
        if entry.has("codes") {
            kind = .codes(try names(&entry, "codes"))
        } else if entry.has("list") {
            guard let list = lists[try entry.string("list")] else { throw entry.fault("list", "unknown list") }
            kind = .codes(list)
        } else {
            switch try entry.string("type") {
            case "id": kind = .id
            case "date": kind = .date
            case "instant": kind = .instant
            case "member": kind = .member
            case "digest": kind = .digest
            default: throw entry.fault("type", "unknown code")
            }
        }
        return ProfileDefinition.FactRule(
            kind: kind, tier: try entry.code("tier", Tier.self),
            isShown: entry.has("broker") ? try entry.bool("broker") : false)
    }

    private static func deadline(_ entry: inout FieldReader) throws(LetterError) -> ProfileDefinition.Deadline {
        guard let length = duration(try entry.string("duration")) else {
            throw entry.fault("duration", "not a duration")
        }
        let op = try entry.string("op")
        guard op == "max" || op == "min" else { throw entry.fault("op", "unknown code") }
        var deadline = ProfileDefinition.Deadline(
            months: length.months, seconds: length.seconds, isMaximum: op == "max",
            kind: try entry.code("kind", ProfileDefinition.Deadline.Kind.self),
            count: entry.has("count") ? try entry.code("count", ProfileDefinition.Deadline.Count.self) : .calendar,
            repeats: entry.has("repeat") ? try entry.bool("repeat") : false, from: try names(&entry, "from"),
            to: try names(&entry, "to"),
            isInGuards: try entry.bool("guard"))
        if entry.has("holder") { deadline.holder = try entry.string("holder") }
        if entry.has("when") { deadline.when = try entry.string("when") }
        if let nth = try entry.optionalInteger("nth") {
            guard (1...100).contains(nth) else { throw entry.fault("nth", "not 1 to 100") }
            deadline.nth = Int(nth)
        }
        deadline.unless = try names(&entry, "unless")
        return deadline
    }

    private static func keys(_ fields: inout FieldReader, _ definition: inout ProfileDefinition) throws(LetterError) {
        definition.opening = try objects(&fields, "opening") { (entry: inout FieldReader) throws(LetterError) in
            ProfileDefinition.Opening(
                sender: entry.has("sender") ? try entry.string("sender") : nil,
                addressee: try entry.string("addressee"),
                only: try names(&entry, "only"))
        }
        definition.parties = try fields.list("parties", limit: 32) { (entry: inout FieldReader) throws(LetterError) in
            let who: ProfileDefinition.PartyRule.Who
            switch try entry.string("who") {
            case "addressee": who = .addressee
            case "fact": who = .fact(try entry.string("fact"))
            default: throw entry.fault("who", "unknown code")
            }
            return ProfileDefinition.PartyRule(
                event: try entry.string("event"), role: try entry.string("role"), who: who,
                replaces: entry.has("replaces") ? try entry.bool("replaces") : false)
        }
        definition.retraction = try fields.optionalObject("retraction") {
            (entry: inout FieldReader) throws(LetterError) in
            var kinds: Set<ProfileDefinition.EventRule.Kind> = []
            for name in try names(&entry, "classes") {
                guard let kind = ProfileDefinition.EventRule.Kind(rawValue: name) else {
                    throw entry.fault("classes", "unknown code")
                }
                kinds.insert(kind)
            }
            return ProfileDefinition.Retraction(
                event: try entry.string("event"), fact: try entry.string("fact"), kinds: kinds)
        }
        definition.adoption = try fields.optionalObject("adoption") { (entry: inout FieldReader) throws(LetterError) in
            ProfileDefinition.Adoption(
                event: try entry.string("event"), fact: try entry.string("fact"), by: try names(&entry, "by"))
        }
        if fields.has("replaces") { definition.replaces = Set(try fields.digests("replaces", limit: 100)) }
        if fields.has("escalation") { definition.escalation = try fields.string("escalation") }
    }

    /// The program knows these lists; a profile that counts on others is for another program.
    private static func closedLists(_ fields: inout FieldReader) throws(LetterError) {
        guard Set(try names(&fields, "refusals")) == Set(Refusal.Reason.allCases.map(\.rawValue)) else {
            throw fields.fault("refusals", "not the closed list")
        }
        guard Set(try names(&fields, "flags")) == Set(Flag.allCases.map(\.rawValue)) else {
            throw fields.fault("flags", "not the closed list")
        }
    }

    // MARK: values

    private static func fault(_ place: String, _ rule: String) -> LetterError {
        LetterError(.profileInvalid, "\(place): \(rule)")
    }

    private static func weekend(_ value: JSONValue, _ place: String) throws(LetterError) -> Set<Int64> {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        var result: Set<Int64> = []
        for name in try codes(value, place) {
            guard let day = days.firstIndex(of: name) else { throw fault(place, "not a day of the week") }
            result.insert(Int64(day))
        }
        return result
    }

    private static func names(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [String] {
        try entry.strings(name, limit: 500, ProfilePatterns.name)
    }

    /// A list that must be there.
    private static func someNames(_ entry: inout FieldReader, _ name: String) throws(LetterError) -> [String] {
        guard entry.has(name) else { throw entry.fault(name, "missing") }
        return try names(&entry, name)
    }

    private static func codes(_ value: JSONValue, _ place: String) throws(LetterError) -> [String] {
        guard case .array(let array) = value else { throw fault(place, "not a list") }
        var result: [String] = []
        for element in array {
            guard case .string(let text) = element, ProfilePatterns.name.matches(text) else {
                throw fault(place, "not a code")
            }
            result.append(text)
        }
        return result
    }

    private static func map<Value>(
        _ fields: inout FieldReader, _ name: String, _ read: (JSONValue, String) throws(LetterError) -> Value
    ) throws(LetterError) -> [String: Value] {
        guard case .object(let object) = try fields.value(name) else { throw fields.fault(name, "not an object") }
        var result: [String: Value] = [:]
        for (key, value) in object {
            guard ProfilePatterns.name.matches(key) else { throw fields.fault(name, "not a name") }
            result[key] = try read(value, "\(name).\(key)")
        }
        return result
    }

    private static func objects<Value>(
        _ fields: inout FieldReader, _ name: String, _ read: (inout FieldReader) throws(LetterError) -> Value
    ) throws(LetterError) -> [String: Value] {
        try map(&fields, name) { (value, place) throws(LetterError) in
            guard case .object(let object) = value else { throw fault(place, "not an object") }
            var entry = FieldReader(object, place: place, failure: .profileInvalid)
            let result = try read(&entry)
            try entry.finish()
            return result
        }
    }

    /// `+05:30` as seconds east of Greenwich.
    private static func offset(_ value: JSONValue, _ place: String) throws(LetterError) -> Int64 {
        guard case .string(let text) = value else { throw fault(place, "not a string") }
        let bytes = Array(text.utf8)
        let digits = bytes.filter { (0x30...0x39).contains($0) }.map { Int64($0) - 0x30 }
        guard bytes.count == 6, digits.count == 4, bytes[3] == 0x3A, bytes[0] == 0x2B || bytes[0] == 0x2D else {
            throw fault(place, "not a fixed offset like +05:30")
        }
        let hours = digits[0] * 10 + digits[1]
        let minutes = digits[2] * 10 + digits[3]
        guard hours <= 14, minutes < 60 else { throw fault(place, "no offset of the world") }
        return (bytes[0] == 0x2B ? 1 : -1) * (hours * 3_600 + minutes * 60)
    }

    /// One unit of ISO 8601: `P7D`, `PT24H`, `P4M`, `P1Y`, `PT0S`.
    private static func duration(_ text: String) -> (months: Int64, seconds: Int64)? {
        var rest = Substring(text)
        guard rest.first == "P", let unit = rest.last else { return nil }
        rest = rest.dropFirst().dropLast()
        let inTime = rest.first == "T"
        if inTime { rest = rest.dropFirst() }
        guard (1...4).contains(rest.utf8.count), rest.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int64(rest)
        else { return nil }
        switch (inTime, unit) {
        case (false, "Y"): return (number * 12, 0)
        case (false, "M"): return (number, 0)
        case (false, "D"): return (0, number * 86_400)
        case (true, "H"): return (0, number * 3_600)
        case (true, "M"): return (0, number * 60)
        case (true, "S"): return (0, number)
        default: return nil
        }
    }
}

/// The patterns of profile and form files.
enum ProfilePatterns {
    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
            || byte == 0x2D
            || byte == 0x2E || byte == 0x2B
    }

    static let name = Pattern("a name", length: 1...64, alphabet: isWord)
    static let country = Pattern("a country", length: 2...2) { (0x41...0x5A).contains($0) }
}
