// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import Procedure

/// The text form: one line with the salt, one of canonical JSON. Protocols/Log.md §3.1.
extension LogEvent {
    private static let header = "kheya-event/v1 "

    /// Reads an event's file.
    ///
    /// - Throws: ``LogError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count <= LogLimits.eventBytes else { throw LogError(.malformed, "an event too long") }
        var lines = TextLines(bytes)
        guard let salt = Digest(hex: try lines.next(after: Self.header)) else {
            throw LogError(.malformed, "not a salt")
        }
        let json = try lines.next().indices
        guard lines.isEmpty else { throw LogError(.malformed, "an event has two lines") }
        var fields = try EventFields(bytes, json)
        guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this reader knows") }
        origin = try fields.pattern("log", Patterns.origin)
        at = Instant(seconds: try fields.integer("at"))
        let content = try Content(kind: try fields.string("kind"), &fields)
        place = try content.isOfCase ? Place(&fields) : nil
        try fields.finish()
        self.content = content
        self.salt = salt
    }

    /// The bytes that are hashed. Store these; never write them anew.
    public var bytes: [UInt8] {
        var object = content.fields
        object["at"] = .integer(at.seconds)
        object["kind"] = .string(content.kind)
        object["log"] = .string(origin)
        object["v"] = .integer(1)
        if let place {
            object["case"] = .string(place.caseID.text)
            object["number"] = .integer(place.number)
            object["previous"] = .string(place.previous?.hex ?? "")
        }
        return Array("\(Self.header)\(salt.hex)\n".utf8) + CanonicalJSON.write(.object(object)) + [0x0A]
    }
}

extension LogEvent.Place {
    fileprivate init(_ fields: inout EventFields) throws(LogError) {
        caseID = try fields.caseID("case")
        number = try fields.integer("number")
        previous = try fields.digestOrEmpty("previous")
        guard (number == 0) == (previous == nil) else {
            throw fields.fault("previous", "the first event, and no other, has none")
        }
    }
}

extension LogEvent.Content {
    fileprivate var isOfCase: Bool {
        switch self {
        case .accepted, .arrived, .admitted, .refused, .fetched, .expired, .gone, .withheld, .seenPossibly: true
        case .start, .directory, .profile, .cosigned, .heads, .erased, .closed, .conflict, .restarted: false
        }
    }

    /// The `kind` of the JSON.
    public var kind: String {
        switch self {
        case .start: "start"
        case .directory: "directory"
        case .profile: "profile"
        case .accepted: "accepted"
        case .arrived: "arrived"
        case .admitted: "admitted"
        case .refused: "refused"
        case .fetched: "fetched"
        case .expired: "expired"
        case .gone: "gone"
        case .withheld: "withheld"
        case .seenPossibly: "seen-possibly"
        case .cosigned: "cosigned"
        case .heads: "heads"
        case .erased: "erased"
        case .closed: "closed"
        case .conflict: "conflict"
        case .restarted: "restarted"
        }
    }

    fileprivate init(kind: String, _ fields: inout EventFields) throws(LogError) {
        switch kind {
        case "start": self = .start(before: try fields.digestOrEmpty("before"))
        case "directory": self = .directory(try .init(&fields))
        case "profile": self = .profile(try .init(&fields))
        case "accepted":
            self = .accepted(
                letter: try fields.digest("letter"), slip: try fields.digest("slip"),
                verdict: try fields.verdict(LogEvent.Verdict.allCases))
        case "arrived":
            self = .arrived(
                letter: try fields.digest("letter"), slip: try fields.digest("slip"),
                verdict: try fields.verdict(LogEvent.Verdict.allCases),
                source: try fields.digest("source"))
        case "admitted":
            self = .admitted(letter: try fields.digest("letter"), verdict: try fields.verdict([.admitted, .flagged]))
        case "refused":
            self = .refused(
                letter: try fields.digest("letter"), slip: try fields.digest("slip"),
                code: try fields.pattern("code", Patterns.code),
                refusal: try fields.digest("refusal"))
        case "fetched": self = .fetched(letter: try fields.digest("letter"), by: try fields.member("by"))
        case "expired": self = .expired(letter: try fields.digest("letter"), notice: try fields.digest("notice"))
        case "gone": self = .gone(letter: try fields.digest("letter"), notice: try fields.digest("notice"))
        case "withheld":
            self = .withheld(
                letter: try fields.digest("letter"), because: try fields.digest("because"),
                notice: try fields.digest("notice"))
        case "seen-possibly":
            self = .seenPossibly(
                letter: try fields.digest("letter"), because: try fields.digest("because"),
                notice: try fields.digest("notice"))
        case "cosigned":
            self = .cosigned(
                try fields.checkpoint(), time: Instant(seconds: try fields.integer("time")),
                way: try fields.code("way", LogEvent.Way.self))
        case "heads": self = .heads(root: try fields.digest("root"), count: try fields.integer("count"))
        case "erased":
            self = .erased(
                leaves: try fields.leaves(), level: try fields.level(), letter: try fields.digest("letter"),
                slip: try fields.digest("slip"))
        case "closed":
            self = .closed(
                profile: try fields.digest("profile"), verdict: try fields.code("verdict", LogEvent.Outcome.self),
                steps: try fields.integer("steps"), weeks: try fields.integer("weeks"))
        case "conflict": self = .conflict(try fields.checkpoint(), note: try fields.digest("note"))
        case "restarted": self = .restarted(try fields.code("reason", LogEvent.RestartReason.self))
        default: throw fields.fault("kind", "unknown")
        }
    }

    fileprivate var fields: [String: JSONValue] {
        switch self {
        case .start(let before): ["before": .string(before?.hex ?? "")]
        case .directory(let document), .profile(let document):
            [
                "letter": .string(document.letter.hex), "slip": .string(document.slip.hex),
                "file": .string(document.file.hex),
                "version": .integer(document.version),
            ]
        case .accepted(let letter, let slip, let verdict):
            ["letter": .string(letter.hex), "slip": .string(slip.hex), "verdict": .string(verdict.rawValue)]
        case .arrived(let letter, let slip, let verdict, let source):
            [
                "letter": .string(letter.hex), "slip": .string(slip.hex), "verdict": .string(verdict.rawValue),
                "source": .string(source.hex),
            ]
        case .admitted(let letter, let verdict): ["letter": .string(letter.hex), "verdict": .string(verdict.rawValue)]
        case .refused(let letter, let slip, let code, let refusal):
            [
                "letter": .string(letter.hex), "slip": .string(slip.hex), "code": .string(code),
                "refusal": .string(refusal.hex),
            ]
        case .fetched(let letter, let member): ["letter": .string(letter.hex), "by": .string(member.text)]
        case .expired(let letter, let notice), .gone(let letter, let notice):
            ["letter": .string(letter.hex), "notice": .string(notice.hex)]
        case .withheld(let letter, let because, let notice), .seenPossibly(let letter, let because, let notice):
            ["letter": .string(letter.hex), "because": .string(because.hex), "notice": .string(notice.hex)]
        case .cosigned(let checkpoint, let time, let way):
            checkpoint.fields.merging(["time": .integer(time.seconds), "way": .string(way.rawValue)]) { $1 }
        case .heads(let root, let count): ["root": .string(root.hex), "count": .integer(count)]
        case .erased(let leaves, let level, let letter, let slip):
            [
                "leaves": .array(leaves.map { .integer($0) }), "level": .integer(level.rawValue),
                "letter": .string(letter.hex),
                "slip": .string(slip.hex),
            ]
        case .closed(let profile, let verdict, let steps, let weeks):
            [
                "profile": .string(profile.hex), "verdict": .string(verdict.rawValue), "steps": .integer(steps),
                "weeks": .integer(weeks),
            ]
        case .conflict(let checkpoint, let note): checkpoint.fields.merging(["note": .string(note.hex)]) { $1 }
        case .restarted(let reason): ["reason": .string(reason.rawValue)]
        }
    }
}

extension LogEvent.Document {
    fileprivate init(_ fields: inout EventFields) throws(LogError) {
        self.init(
            letter: try fields.digest("letter"), slip: try fields.digest("slip"), file: try fields.digest("file"),
            version: try fields.version())
    }
}

extension SeenCheckpoint {
    fileprivate var fields: [String: JSONValue] {
        ["origin": .string(origin), "size": .integer(size), "root": .string(root.hex)]
    }
}

extension EventFields {
    fileprivate mutating func verdict(_ allowed: [LogEvent.Verdict]) throws(LogError) -> LogEvent.Verdict {
        let verdict = try code("verdict", LogEvent.Verdict.self)
        guard allowed.contains(verdict) else { throw fault("verdict", "not one of this kind of event") }
        return verdict
    }

    fileprivate mutating func checkpoint() throws(LogError) -> SeenCheckpoint {
        SeenCheckpoint(
            origin: try pattern("origin", Patterns.origin), size: try integer("size"), root: try digest("root"))
    }

    fileprivate mutating func level() throws(LogError) -> LogEvent.ErasureLevel {
        guard let level = LogEvent.ErasureLevel(rawValue: try integer("level")) else { throw fault("level", "unknown") }
        return level
    }

    fileprivate mutating func leaves() throws(LogError) -> [Int64] {
        let leaves = try integers("leaves")
        guard zip(leaves, leaves.dropFirst()).allSatisfy({ $0 < $1 }) else { throw fault("leaves", "not ascending") }
        return leaves
    }

    fileprivate mutating func version() throws(LogError) -> Int64 {
        let version = try integer("version")
        guard version > 0 else { throw fault("version", "not positive") }
        return version
    }
}
