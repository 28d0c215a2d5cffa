// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// Bounds on what a stranger can make us hold or parse. Protocols/Letter.md, "Limits".
public enum LetterLimits {
    public static let slipBytes = 65_536
    public static let parents = 64
    public static let requires = 64
    public static let parts = 256
    public static let steps = 32
    public static let addressees = 16
    public static let facts = 32
    public static let seen = 8
    /// 1 GiB in pieces of 1 MiB.
    public static let pieces: Int64 = 1_024
    /// 90 days: what nobody fetched by then is given up with a notice.
    public static let expirySeconds: Int64 = 90 * 86_400
    /// 30 days: how long a letter waits for ancestors that have not come, and a stop without them stands in the way of others.
    public static let ancestorsSeconds: Int64 = 30 * 86_400
    /// 24 hours: how far a letter's clock may run ahead of the reader's.
    public static let aheadSeconds: Int64 = 86_400
}

extension Slip {
    /// The canonical JSON: the bytes that are signed and whose SHA-256 is the letter's id.
    public func json() -> [UInt8] { SlipWriter.bytes(of: self) }

    /// Reads a slip strictly and checks what its own fields can contradict.
    ///
    /// - Parameter bytes: canonical JSON, at most 64 KiB.
    /// - Throws: ``LetterError`` `.malformed`, `.version`, `.binding`.
    public static func read(_ bytes: [UInt8]) throws(LetterError) -> Slip {
        var fields = FieldReader(try CanonicalJSON.parse(bytes, limits: .slip), place: "slip", failure: .malformed)
        guard try fields.integer("v") == 1 else {
            throw LetterError(.version, "slip.v: not a version this reader knows")
        }
        let slip = try read(&fields)
        try fields.finish()
        try slip.check()
        // Canonical lists: ascending, no repeats. The value sorts; other orders would be a second spelling.
        guard slip.json() == bytes else {
            throw LetterError(.malformed, "slip: a list is out of order, or an empty field stands")
        }
        return slip
    }

    /// What the fields say of each other. A breach is `slip.binding`: each field is well formed, the whole is not.
    private func check() throws(LetterError) {
        func require(_ rule: Bool, _ reason: String) throws(LetterError) {
            guard rule else { throw LetterError(.binding, "slip: \(reason)") }
        }
        try require(Set(to.map(\.member)).count == to.count, "an addressee stands twice")
        try require(!to.contains { $0.member == from }, "a letter to its own sender")
        switch type {
        case .directory, .profile:
            try require(file != nil, "a \(type.rawValue) letter needs its file")
            try require(
                to.isEmpty && caseID == nil && steps.isEmpty && parts.isEmpty && sealed == nil && about == nil
                    && root == nil
                    && parents.isEmpty && requires.isEmpty && profile == nil && lane == .normal && expires == nil
                    && previous == nil, "a \(type.rawValue) letter has a file and nothing of a case")
            return
        case .step:
            try require(about == nil, "a step is about nothing but its case")
            try require(profile != nil, "a step names its profile")
            try require(!steps.isEmpty || sealed != nil, "a step without an event or a sealed list")
            try require(
                lane == .urgent ? expires == nil : expires != nil, "normal letters expire, urgent ones never do")
        case .receipt, .refusal, .notice:
            try require(about != nil, "a \(type.rawValue) is about a letter")
            try require(
                steps.isEmpty && sealed == nil && parts.isEmpty && requires.isEmpty,
                "a \(type.rawValue) carries no step")
            try require(expires == nil, "a \(type.rawValue) does not expire")
            try require(root != nil, "a \(type.rawValue) names the case's root")
        }
        try require(file == nil, "only directory and profile letters carry a file")
        try require(caseID != nil, "a letter of a case names it")
        try require(
            !to.isEmpty || type == .refusal || type == .notice, "a step or receipt has an addressee")
        if root == nil { try require(parents.isEmpty && previous == nil, "a letter that opens a case has no ancestor") }
        if let expires {
            try require(
                expires > at && expires - at <= LetterLimits.expirySeconds,
                "expires later than \(LetterLimits.expirySeconds) s after at")
        }
        if let about {
            let receipt = type == .receipt
            try require(receipt == (about.state != nil), "a receipt has a state, refusals and notices have a code")
            try require(
                receipt ? (about.code != nil) == (about.state == .invalid) : about.code != nil,
                "the code does not fit the state")
            if type == .notice {
                try require(about.code.flatMap(NoticeCode.init(rawValue:)) != nil, "a code that no notice has")
            }
        }
        let members = Set(to.map(\.member))
        try require(parts.allSatisfy { members.contains($0.recipient) }, "a part for somebody who is no addressee")
        try require(Set(parts.map(\.digest)).count == parts.count, "a part stands twice")
        try require(
            sealed == nil
                || members.allSatisfy { member in parts.contains { $0.recipient == member && $0.basis == .custody } },
            "sealed steps reach every addressee")
    }
}

extension Slip {
    private static func read(_ fields: inout FieldReader) throws(LetterError) -> Slip {
        Slip(
            type: try fields.code("type", LetterType.self),
            lane: try fields.code("lane", Lane.self),
            from: try fields.member("from"),
            to: try fields.list("to", limit: LetterLimits.addressees) {
                (entry: inout FieldReader) throws(LetterError) in
                Addressee(
                    member: try entry.member("member"), certificate: try entry.digest("certificate"),
                    epoch: try entry.positive("epoch"), sequence: try entry.positive("sequence"))
            },
            caseID: try fields.optional("case") { (fields: inout FieldReader) throws(LetterError) in
                try fields.caseID("case")
            },
            root: try fields.optionalDigest("root"),
            profile: try fields.optionalObject("profile") { (entry: inout FieldReader) throws(LetterError) in
                ProfileReference(
                    id: try entry.pattern("id", Patterns.profile),
                    version: try entry.pattern("version", Patterns.version),
                    digest: try entry.digest("digest"))
            },
            steps: try fields.list("steps", limit: LetterLimits.steps) {
                (entry: inout FieldReader) throws(LetterError) in
                let event = try EventCodec.read(&entry)
                guard event.at == nil, event.person == nil else {
                    throw LetterError(.malformed, "slip.steps: a time or person stands only under seal")
                }
                return event
            },
            sealed: try fields.optionalDigest("sealed"),
            parents: try fields.digests("parents", limit: LetterLimits.parents),
            previous: try fields.optionalDigest("previous"),
            requires: try fields.digests("requires", limit: LetterLimits.requires),
            parts: try fields.list("parts", limit: LetterLimits.parts) {
                (entry: inout FieldReader) throws(LetterError) in
                try PartReference(&entry)
            },
            file: try fields.optionalObject("file") { (entry: inout FieldReader) throws(LetterError) in
                FileReference(digest: try entry.digest("digest"), version: try entry.positive("version"))
            },
            about: try fields.optionalObject("about") { (entry: inout FieldReader) throws(LetterError) in
                try About(&entry)
            },
            at: Instant(seconds: try fields.integer("at")),
            expires: try fields.optionalInteger("expires").map { Instant(seconds: $0) },
            seen: try fields.seen())
    }
}

extension PartReference {
    fileprivate init(_ entry: inout FieldReader) throws(LetterError) {
        self.init(
            digest: try entry.digest("digest"), commitment: try entry.digest("commitment"),
            size: try entry.positive("size"),
            tier: try entry.code("tier", Tier.self), recipient: try entry.member("to"),
            basis: try entry.code("basis", Basis.self),
            pieces: try entry.optionalInteger("pieces"))
        if let pieces, !(1...LetterLimits.pieces).contains(pieces) {
            throw LetterError(.malformed, "slip.parts.pieces: not from 1 to \(LetterLimits.pieces)")
        }
    }
}

extension About {
    fileprivate init(_ entry: inout FieldReader) throws(LetterError) {
        self.init(
            letter: try entry.digest("letter"),
            state: try entry.optional("state") { (entry: inout FieldReader) throws(LetterError) in
                try entry.code("state", State.self)
            },
            code: try entry.optional("code") { (entry: inout FieldReader) throws(LetterError) in
                try entry.pattern("code", Patterns.code)
            },
            stop: try entry.optionalDigest("stop"))
    }
}

extension FieldReader {
    fileprivate mutating func seen() throws(LetterError) -> [SeenCheckpoint] {
        var result: [SeenCheckpoint] = []
        for value in try array("seen", limit: LetterLimits.seen) {
            guard case .array(let triple) = value, triple.count == 3, case .string(let origin) = triple[0],
                Patterns.origin.matches(origin), case .integer(let size) = triple[1], case .string(let hex) = triple[2],
                let root = Digest(hex: hex)
            else { throw LetterError(.malformed, "slip.seen: not [origin, size, root]") }
            result.append(SeenCheckpoint(origin: origin, size: size, root: root))
        }
        return result
    }
}
