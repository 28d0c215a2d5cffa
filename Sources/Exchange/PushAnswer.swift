// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import MessageStore
internal import Procedure
internal import TransparencyLog

/// The answers to a push, one for each letter, as canonical JSON.
///
/// ```
/// {"answers":[{"outcome":"stored","relayed":"<base64>"},
///             {"missing":["<digest>"…],"outcome":"awaiting-parts"},
///             {"outcome":"waiting","unknown":["<letter id>"…]},
///             {"code":"G_HOME_COMPLETE","outcome":"refused","refusal":"<letter id>","stop":"<letter id>"},
///             {"code":"slip.malformed","outcome":"rejected"},
///             {"code":"waiting.full","outcome":"later","seconds":60}],"v":1}
/// ```
///
/// - SeeAlso: Protocols/Exchange.md §4.1.
enum PushAnswer {
    static func write(_ outcomes: [PushOutcome]) -> [UInt8] {
        var answer: [String: JSONValue] = ["v": .integer(1)]
        // A push of ancestors alone has no answers, and what would be empty is absent.
        if !outcomes.isEmpty { answer["answers"] = .array(outcomes.map { .object(fields(of: $0)) }) }
        return CanonicalJSON.write(.object(answer))
    }

    private static func fields(of outcome: PushOutcome) -> [String: JSONValue] {
        func digests(_ list: [Digest], _ limit: Int) -> JSONValue { .array(list.prefix(limit).map { .string($0.hex) }) }
        switch outcome {
        case .stored(let relayed):
            return ["outcome": .string("stored"), "relayed": .string(Base64.encode(relayed))]
        case .awaitingParts(let missing):
            var fields: [String: JSONValue] = ["outcome": .string("awaiting-parts")]
            if !missing.isEmpty { fields["missing"] = digests(missing, ExchangeLimits.answerParts) }
            return fields
        case .waiting(let unknown):
            var fields: [String: JSONValue] = ["outcome": .string("waiting")]
            if !unknown.isEmpty { fields["unknown"] = digests(unknown, ExchangeLimits.answerWaiting) }
            return fields
        case .refused(let code, let refusal, let stop):
            var fields: [String: JSONValue] = [
                "code": .string(code), "outcome": .string("refused"), "refusal": .string(refusal.hex),
            ]
            if let stop { fields["stop"] = .string(stop.hex) }
            return fields
        case .rejected(let code): return ["code": .string(code), "outcome": .string("rejected")]
        case .later(let code, let seconds):
            return ["code": .string(code), "outcome": .string("later"), "seconds": .integer(Int64(max(0, seconds)))]
        }
    }

    static func read(_ bytes: [UInt8], count: Int) throws(LetterError) -> [PushOutcome] {
        var reader = FieldReader(
            try CanonicalJSON.read(bytes, limits: ExchangeLimits.answer), place: "answer", failure: .malformed)
        guard try reader.integer("v") == 1 else { throw reader.fault("v", "unknown version") }
        let outcomes = try reader.list("answers", limit: count) { entry throws(LetterError) in try outcome(&entry) }
        try reader.finish()
        guard outcomes.count == count else { throw reader.fault("answers", "not one for each letter") }
        return outcomes
    }

    private static func outcome(_ entry: inout FieldReader) throws(LetterError) -> PushOutcome {
        switch try entry.string("outcome") {
        case "stored":
            guard let relayed = Base64.decode(try entry.string("relayed")) else {
                throw entry.fault("relayed", "not base64")
            }
            return .stored(relayed: relayed)
        case "awaiting-parts": return .awaitingParts(try entry.digests("missing", limit: ExchangeLimits.answerParts))
        case "waiting": return .waiting(try entry.digests("unknown", limit: ExchangeLimits.answerWaiting))
        case "refused":
            return .refused(
                code: try entry.pattern("code", Patterns.code), refusal: try entry.digest("refusal"),
                stop: try entry.optionalDigest("stop"))
        case "rejected": return .rejected(code: try entry.pattern("code", Patterns.code))
        case "later":
            return .later(code: try entry.pattern("code", Patterns.code), seconds: Int(try entry.integer("seconds")))
        default: throw entry.fault("outcome", "unknown")
        }
    }
}

/// `{"letters":["<letter id>"…],"v":1}`: what is acknowledged, or whose slips are asked for. Absent when there are none.
enum LetterList {
    static func write(_ letters: [LetterID]) -> [UInt8] {
        var fields: [String: JSONValue] = ["v": .integer(1)]
        if !letters.isEmpty { fields["letters"] = .array(letters.map { .string($0.hex) }) }
        return CanonicalJSON.write(.object(fields))
    }

    static func read(_ bytes: [UInt8]) throws(LetterError) -> [LetterID] {
        var reader = FieldReader(
            try CanonicalJSON.read(bytes, limits: ExchangeLimits.request), place: "request", failure: .malformed)
        guard try reader.integer("v") == 1 else { throw reader.fault("v", "unknown version") }
        let letters = try reader.digests("letters", limit: ExchangeLimits.requestIDs)
        try reader.finish()
        return letters
    }
}

/// `{"hashes":["<hash>"…],"v":1}`: a consistency proof; absent when it needs none.
enum ProofAnswer {
    static func write(_ proof: ConsistencyProof) -> [UInt8] {
        var fields: [String: JSONValue] = ["v": .integer(1)]
        if !proof.hashes.isEmpty { fields["hashes"] = .array(proof.hashes.map { .string($0.hex) }) }
        return CanonicalJSON.write(.object(fields))
    }

    static func read(_ bytes: [UInt8]) throws(LetterError) -> ConsistencyProof {
        var reader = FieldReader(
            try CanonicalJSON.read(bytes, limits: ExchangeLimits.request), place: "proof", failure: .malformed)
        guard try reader.integer("v") == 1 else { throw reader.fault("v", "unknown version") }
        // In the order of the proof, which is no order of digests.
        var hashes: [Digest] = []
        if reader.has("hashes") {
            for value in try reader.array("hashes", limit: LogLimits.proofHashes) {
                guard case .string(let text) = value, let hash = Digest(hex: text) else {
                    throw reader.fault("hashes", "not a hash")
                }
                hashes.append(hash)
            }
        }
        try reader.finish()
        return ConsistencyProof(hashes: hashes)
    }
}

/// Leaf data one after another, 32 bytes each.
enum LeafList {
    static func write(_ leaves: [Digest]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 * leaves.count)
        for leaf in leaves { leaf.append(to: &bytes) }
        return bytes
    }

    /// - Returns: `nil` for bytes that end within a leaf.
    static func read(_ bytes: [UInt8]) -> [Digest]? {
        guard bytes.count % 32 == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: 32).compactMap { Digest(bytes[$0..<$0 + 32]) }
    }
}

/// `{"changes":17,"v":1}`: below 2^53.
enum ChangesAnswer {
    static func write(_ count: Int64) -> [UInt8] {
        CanonicalJSON.write(.object(["changes": .integer(count), "v": .integer(1)]))
    }

    static func read(_ bytes: [UInt8]) throws(LetterError) -> Int64 {
        var reader = FieldReader(
            try CanonicalJSON.read(bytes, limits: ExchangeLimits.request), place: "changes", failure: .malformed)
        guard try reader.integer("v") == 1 else { throw reader.fault("v", "unknown version") }
        let count = try reader.integer("changes")
        try reader.finish()
        return count
    }
}
