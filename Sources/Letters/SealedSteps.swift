// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// An event in JSON: `{"at":…,"code":"…","facts":{…},"person":"…"}`. In a slip, `at` and `person` never stand.
enum EventCodec {
    static func fields(_ event: Event) -> [String: JSONValue] {
        var object: [String: JSONValue] = ["code": .string(event.code)]
        if let at = event.at { object["at"] = .integer(at.seconds) }
        if let person = event.person { object["person"] = .string(person) }
        if !event.facts.isEmpty {
            object["facts"] = .object(
                event.facts.mapValues {
                    switch $0 {
                    case .text(let text): .string(text)
                    case .integer(let number): .integer(number)
                    }
                })
        }
        return object
    }

    static func read(_ entry: inout FieldReader) throws(LetterError) -> Event {
        var event = Event(code: try entry.pattern("code", Patterns.event))
        event.at = try entry.optionalInteger("at").map { Instant(seconds: $0) }
        event.person = try entry.optionalDigest("person")?.hex
        guard entry.has("facts") else { return event }
        event.facts = try entry.object("facts") { (facts: inout FieldReader) throws(LetterError) in
            var result: [String: FactValue] = [:]
            for (name, value) in facts.all() {
                guard Patterns.field.matches(name) else { throw facts.fault("?", "not a fact's name") }
                switch value {
                case .string(let text) where Patterns.fact.matches(text): result[name] = .text(text)
                case .integer(let number): result[name] = .integer(number)
                default: throw facts.fault(name, "not a code, date, id, digest or instant")
                }
            }
            guard !result.isEmpty, result.count <= LetterLimits.facts else {
                throw facts.fault("", "empty, or too many facts")
            }
            return result
        }
        return event
    }
}

/// What is sealed of a letter's steps: all its events in order, and the letters they rely on.
///
/// The digest in the slip is SHA-256 over a 32-byte salt ‖ this JSON, equal in every recipient's part.
///
/// - SeeAlso: Protocols/Letter.md, "Sealed steps".
public struct SealedSteps: Hashable, Sendable {
    public var events: [Event]
    public var requires: [LetterID]

    public init(events: [Event], requires: [LetterID] = []) {
        self.events = events
        self.requires = Array(Set(requires)).sorted()
    }

    /// Canonical JSON.
    public func json() -> [UInt8] {
        var object: [String: JSONValue] = [:]
        if !events.isEmpty { object["steps"] = .array(events.map { .object(EventCodec.fields($0)) }) }
        if !requires.isEmpty { object["requires"] = .array(requires.map { .string($0.hex) }) }
        return CanonicalJSON.write(.object(object))
    }

    /// - Throws: ``LetterError`` `.malformed`.
    public static func read(_ bytes: [UInt8]) throws(LetterError) -> SealedSteps {
        var fields = FieldReader(try CanonicalJSON.parse(bytes, limits: .slip), place: "sealed", failure: .malformed)
        let steps = SealedSteps(
            events: try fields.list("steps", limit: LetterLimits.steps) {
                (entry: inout FieldReader) throws(LetterError) in
                try EventCodec.read(&entry)
            },
            requires: try fields.digests("requires", limit: LetterLimits.requires))
        try fields.finish()
        guard steps.json() == bytes else { throw LetterError(.malformed, "sealed: a list is out of order") }
        return steps
    }
}
