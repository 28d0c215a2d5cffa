// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Letters
import Membership
public import Procedure

/// What the desk shows. Everything is read in one snapshot.
extension CaseDesk {
    public func cases() throws -> [CaseOverview] {
        try store.read { transaction in
            let unread = try transaction.inbox()
            return try transaction.cases().map { record in
                let sight = try sight(record, transaction)
                let state = sight.history.state
                let own = Dictionary(uniqueKeysWithValues: sight.letters.map { ($0.id, $0) })
                return CaseOverview(
                    caseID: record.caseID, openedHere: record.openedHere, created: record.created,
                    lifecycle: state.lifecycle, profile: sight.history.profile.digest,
                    hasEnded: state.hasEnded, newest: sight.letters.map(\.sent).max() ?? record.created,
                    unread: unread.filter { $0.state == .judged && $0.acted == nil && own[$0.letter]?.type == .step }
                        .count,
                    waiting: unread.filter { ($0.state == .waiting || $0.state == .stored) && own[$0.letter] != nil }
                        .count)
            }
        }
    }

    /// Lifecycle, tracks, parties, and who waits on whom.
    public func view(of caseID: CaseID, at now: Instant) throws -> CaseView {
        try store.read { transaction in
            let sight = try sight(caseID, transaction)
            let state = sight.history.state
            return CaseView(
                record: sight.record, profile: sight.history.profile.digest, state: state,
                parties: sight.history.parties, checkpoints: sight.history.checkpoints(at: now),
                waits: try Waits(sight: sight, member: identity.member, now: now).all(transaction),
                formsAwaited: formsAwaited(sight),
                countsAsChild: sight.history.countsAsChild,
                retention: Retention(
                    state, sight.history.profile, newest: sight.letters.map(\.sent).max() ?? sight.record.created))
        }
    }

    /// Every event of this node's roles, with what stands against it now.
    public func possible(in caseID: CaseID, at now: Instant) throws -> [PossibleAct] {
        try store.read { transaction in
            let history = try sight(caseID, transaction).history
            let roles = network.directories.roles(of: identity.member)
            return history.possibleEvents(for: identity.member, roles: roles, at: now).compactMap { possible in
                guard let rule = history.profile.event(possible.event) else { return nil }
                return PossibleAct(
                    event: possible.event, refusal: possible.refusal, lanes: rule.lanes,
                    facts: history.profile.compulsoryFacts(of: possible.event), form: rule.form,
                    consents: rule.consents,
                    consentHiddenBy: possible.refusal == nil
                        ? history.hidingConsent(for: possible.event, by: identity.member, roles: roles, at: now) : [])
            }
        }
    }

    /// How a reader of this language is told about a case; without one about anything else here: by the profile in force.
    ///
    /// - Parameter language: one of ``ProgramWords/languages``.
    /// - Throws: ``DeskError`` `.unknownCase`.
    public func words(for caseID: CaseID? = nil, in language: String) throws -> DeskWords {
        let own = try caseID.map { id in try store.read { try sight(id, $0).history.profile.digest } }
        return try network.words(of: own ?? network.profileInForce?.digest, for: identity.member, in: language)
    }

    /// All letters of a case in the order in which this node came to know them.
    public func history(of caseID: CaseID) throws -> [HistoryEntry] {
        try store.read { transaction in
            let sight = try sight(caseID, transaction)
            return try sight.letters.filter { $0.state != .unreadable }.map { try entry($0, sight, transaction) }
        }
    }

    /// The content of a form that this node wrote or opened: JSON (text).
    ///
    /// - Throws: ``DeskError`` `.unknownLetter`.
    public func form(_ commitment: Digest, in caseID: CaseID) throws -> [UInt8] {
        try store.read { transaction in
            guard let form = try transaction.record(.form, id: commitment, in: caseID) else {
                throw DeskError(.unknownLetter, "no such form here")
            }
            return form
        }
    }

    /// Reads an attachment piece by piece.
    ///
    /// - Parameter take: called with at most 1 MiB at a time, in order.
    /// - Returns: its bytes.
    @discardableResult
    public func attachment(_ commitment: Digest, in caseID: CaseID, take: ([UInt8]) throws -> Void) throws -> Int64 {
        let found = try store.read { try $0.attachment(commitment, in: caseID) }
        guard let found else { throw DeskError(.unknownLetter, "no such attachment here") }
        var reader = found.reader
        while let piece = try reader.next() { try take(piece) }
        return found.byteCount
    }

    public func outbox() throws -> [TransitItem<OutboxEntry>] {
        try store.read { transaction in
            try transaction.outbox().compactMap { try item($0, $0.letter, transaction) }
        }
    }

    public func inbox() throws -> [TransitItem<InboxEntry>] {
        try store.read { transaction in
            try transaction.inbox().compactMap { try item($0, $0.letter, transaction) }
        }
    }

    func item<Entry>(_ entry: Entry, _ id: LetterID, _ transaction: CaseTransaction) throws -> TransitItem<Entry>? {
        guard let letter = try transaction.letter(id) else { return nil }
        let slip = try StoredSlip.read(letter.slip)
        return TransitItem(
            entry: entry, letter: letter, to: slip.to.map(\.member), shown: slip.steps.map(\.code),
            about: slip.about, receipts: try transaction.receipts(for: letter.id))
    }

    public func letter(_ id: LetterID) throws -> LetterView {
        try store.read { transaction in
            guard let letter = try transaction.letter(id) else {
                throw DeskError(.unknownLetter, "this node has no such letter")
            }
            let sight = try sight(letter.caseID, transaction)
            let slip = try StoredSlip.read(letter.slip)
            return LetterView(
                entry: try entry(letter, sight, transaction), slip: slip, outbox: try transaction.outboxEntry(id),
                inbox: try transaction.inboxEntry(id))
        }
    }

    /// The letter as it travels, with the part files that still lie here: for plain inspection.
    public func bundle(_ id: LetterID) throws -> (slip: [UInt8], parts: [Digest]) {
        try store.read { transaction in
            guard let letter = try transaction.letter(id) else {
                throw DeskError(.unknownLetter, "this node has no such letter")
            }
            return (letter.slip, try transaction.partSizes(of: id).map(\.digest))
        }
    }

    public func alarms() throws -> [Alarm] { try store.read { try $0.alarms() } }

    // MARK: Reading

    func sight(_ caseID: CaseID, _ transaction: CaseTransaction) throws -> CaseSight {
        guard let record = try transaction.caseRecord(caseID) else {
            throw DeskError(.unknownCase, "this node has no such case")
        }
        return try sight(record, transaction)
    }

    func sight(_ record: CaseRecord, _ transaction: CaseTransaction) throws -> CaseSight {
        guard let sight = try CaseSight(record, profiles: network.profilesByDigest, in: transaction) else {
            throw DeskError(.unknownProfile, "the profile of this case is not here: fetch the documents")
        }
        return sight
    }

    private func entry(_ letter: LetterRecord, _ sight: CaseSight, _ transaction: CaseTransaction) throws
        -> HistoryEntry
    {
        let slip = try sight.slips[letter.id] ?? StoredSlip.read(letter.slip)
        var events = slip.steps
        var isOpened = slip.sealed == nil
        if let step = sight.history.step(letter.id), case .opened(let opened) = step.sealed {
            (events, isOpened) = (opened, true)
        }
        let forms = try transaction.records(.form, of: letter.id, in: letter.caseID).mapValues {
            (try? FormDocument.read($0).name) ?? "?"
        }
        return HistoryEntry(
            letter: letter, to: slip.to.map(\.member), events: events, isOpened: isOpened,
            isVoid: try transaction.isVoid(letter),
            about: slip.about, receipts: try transaction.receipts(for: letter.id),
            voids: try transaction.voids(of: letter.id), forms: forms,
            attachments: try transaction.attachments(of: letter.id),
            formsGone: try transaction.formsGone(of: letter.id),
            refusal: try transaction.record(.verdict, id: letter.id, in: letter.caseID).map(Refusal.init(record:)))
    }

    /// Facts told without their paper, as far as this node could read them.
    private func formsAwaited(_ sight: CaseSight) -> [FormAwaited] {
        let history = sight.history
        let steps = sight.letters.compactMap { history.step($0.id) }.filter { !$0.isVoid }
        // A letter without events that relies on the fact and has parts that are more than steps.
        let followed = Set(steps.filter { $0.hasForm && $0.readEvents.isEmpty }.flatMap(\.requires))
        var awaited: [FormAwaited] = []
        for step in steps where !step.hasForm && !followed.contains(step.id) {
            for event in step.readEvents {
                guard let rule = history.profile.event(event.code), rule.kind == .fact || rule.lanes == [.urgent],
                    let form = rule.form
                else { continue }
                awaited.append(
                    FormAwaited(event: event.code, form: form, letter: step.id, from: step.from, since: step.at))
            }
        }
        return awaited
    }
}

extension Step {
    /// The events where they could be opened; none where only a broker's view is there.
    var readEvents: [Event] { if case .opened(let events) = sealed { events } else { [] } }
    /// Whether something besides the sealed steps goes with it.
    var hasForm: Bool { parts.contains { $0.basis != .custody } }
}
