// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What whoever may order an erasure, and has never seen the case, needs to order that its content be erased at one log: where in the case
/// the order stands, who has to be asked, and the log's leaves. A broker writes it; it holds no more than a broker sees.
///
/// - SeeAlso: Protocols/Trail.md §7.
public struct ErasureDraft: Hashable, Sendable {
    public let caseID: CaseID
    public let root: LetterID
    /// The case's profile.
    public let profile: Digest
    /// The newest letters of the case, ascending; at most as many as a slip names.
    public let heads: [LetterID]
    /// Everybody who has sent or got a step of the case, ascending.
    public let parties: [MemberID]
    public let facts: ErasureFacts

    public init(
        caseID: CaseID, root: LetterID, profile: Digest, heads: [LetterID], parties: [MemberID], facts: ErasureFacts
    ) {
        self.caseID = caseID
        self.root = root
        self.profile = profile
        self.heads = heads
        self.parties = parties
        self.facts = facts
    }

    /// - Throws: ``LetterError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LetterError) {
        var fields = FieldReader(
            try CanonicalJSON.readSource(bytes, limits: .slip), place: "draft", failure: .malformed)
        self.init(
            caseID: try fields.caseID("case"), root: try fields.digest("root"), profile: try fields.digest("profile"),
            heads: try fields.digests("heads", limit: LetterLimits.parents),
            parties: try fields.list("parties", limit: LetterLimits.addressees + 1) {
                (entry: inout FieldReader) throws(LetterError) in try entry.member("member")
            },
            facts: ErasureFacts(
                level: .content, origin: try fields.digest("origin"), leaves: try fields.digest("leaves")))
        try fields.finish()
    }

    public var json: [UInt8] {
        CanonicalJSON.write(
            .object([
                "case": .string(caseID.text), "heads": .array(heads.map { .string($0.hex) }),
                "leaves": .string(facts.leaves.hex), "origin": .string(facts.origin.hex),
                "parties": .array(parties.map { .object(["member": .string($0.text)]) }),
                "profile": .string(profile.hex), "root": .string(root.hex),
            ]))
    }
}
