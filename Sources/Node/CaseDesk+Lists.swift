// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Letters
public import Procedure

/// What lists and the pages of one case show, without reading every letter of the node.
extension CaseDesk {
    /// Every case, for lists: without a replay where nothing has changed.
    ///
    /// - SeeAlso: ``cases()``, which replays each.
    public func list(at now: Instant) throws -> CaseList { try lists.list(self, at: now) }

    /// The summary that replay gives, and until when time alone does not change it; `nil` for a case whose profile is not here.
    func replayed(
        _ caseID: CaseID, _ transaction: CaseTransaction, at now: Instant
    ) throws -> (CaseSummary, holdsUntil: Instant?)? {
        guard let record = try transaction.caseRecord(caseID),
            let sight = try CaseSight(record, profiles: network.profilesByDigest, in: transaction)
        else { return nil }
        return (
            try CaseSummary(sight, member: identity.member, at: now, transaction),
            sight.history.dueStepsHold(from: now)
        )
    }

    /// Letters with steps that nobody here has acted on, as they came.
    public func unacted(limit: Int) throws -> [LetterID] { try store.read { try $0.unacted(limit: limit) } }

    /// Cases whose forms hold these words of people's own text: names, places, notes.
    public func search(_ text: String) throws -> FoundCases { try searches.find(text, self) }

    /// Letters of ours by id, with their ways.
    public func outbox(_ letters: [LetterID]) throws -> [TransitItem<OutboxEntry>] {
        try store.read { transaction in
            try letters.compactMap { id in try transaction.outboxEntry(id) }.compactMap {
                try item($0, $0.letter, transaction)
            }
        }
    }

    /// The letters of one case that we sent.
    public func outbox(of caseID: CaseID) throws -> [TransitItem<OutboxEntry>] {
        try store.read { transaction in
            try transaction.letters(of: caseID).compactMap { try transaction.outboxEntry($0.id) }
                .compactMap { try item($0, $0.letter, transaction) }
        }
    }

    /// The letters of one case that came to us.
    public func inbox(of caseID: CaseID) throws -> [TransitItem<InboxEntry>] {
        try store.read { transaction in
            try transaction.letters(of: caseID).compactMap { try transaction.inboxEntry($0.id) }
                .compactMap { try item($0, $0.letter, transaction) }
        }
    }
}
