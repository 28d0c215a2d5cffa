// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What somebody is filling in: one letter that is not sealed yet. At rest under its case's key.
public struct ActDraft: Sendable, Hashable, Codable {
    /// One answer as it was typed, right or wrong.
    public struct Answer: Sendable, Hashable, Codable {
        public var values: [String]
        public var by: String
        /// Counts how often it was changed: who edits an older one is shown both.
        public var version: Int
        /// What somebody else typed over it in the same moment, until one of the two is chosen.
        public var other: [String]?
        public var otherBy: String?
        /// It came out of a file, and nobody has looked at it yet: a draft with such an answer is not sealed. Protocols/Import.md.
        public var isImported: Bool?

        public init(values: [String], by: String, version: Int = 1, isImported: Bool? = nil) {
            self.values = values
            self.by = by
            self.version = version
            self.isImported = isImported
        }
    }

    /// Codes, in order.
    public var events: [String]
    /// Whether the letter opens its case.
    public var opens: Bool
    /// Who gets it, where somebody has to be named.
    public var to: String?
    /// By field: `EVENT/fact` or `EVENT/field`, elements of lists as in `EVENT/carers.1.willing`.
    public var answers: [String: Answer]
    public var by: String

    public init(events: [String], opens: Bool, to: String? = nil, answers: [String: Answer] = [:], by: String) {
        self.events = events
        self.opens = opens
        self.to = to
        self.answers = answers
        self.by = by
    }
}

/// A draft with its place.
public struct DraftRecord: Sendable, Hashable {
    /// 32 random bytes.
    public var id: Digest
    public var caseID: CaseID
    public var created: Instant
    public var updated: Instant
    /// The letters that came of it: a second press shows them again.
    public var letters: [LetterID]
    public var content: ActDraft

    public init(
        id: Digest, caseID: CaseID, created: Instant, updated: Instant, letters: [LetterID] = [], content: ActDraft
    ) {
        self.id = id
        self.caseID = caseID
        self.created = created
        self.updated = updated
        self.letters = letters
        self.content = content
    }
}
