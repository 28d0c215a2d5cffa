// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
import Sealing

/// One case as this node sees it: its letters, what of them it could open, and the history that follows.
public struct CaseSight: Sendable {
    public let record: CaseRecord
    public private(set) var history: CaseHistory
    public private(set) var letters: [LetterRecord]
    public private(set) var slips: [LetterID: Slip] = [:]

    /// Rebuilds a case from its records.
    ///
    /// Letters that wait or could not be read are in no graph. A refused letter, one that a notice ended before anybody opened it, and
    /// one that this node itself did not admit stay in it as void; an ancestor's slip, and a letter whose parts did not open, stay
    /// with their sealed steps unknown.
    /// - Throws: ``CaseFileError`` `.damaged`.
    ///
    /// - Parameters:
    ///   - profiles: all that this node holds, by digest.
    ///   - noticesCount: whether a letter that a notice ended is void, as everywhere; not where the answer must hold although the letter
    ///     turns out to have been opened.
    /// - Returns: `nil` where the profile that the case was opened under is not among them.
    public init?(
        _ record: CaseRecord, profiles: [Digest: Profile], noticesCount: Bool = true, in transaction: CaseTransaction
    ) throws {
        guard let profile = profiles[record.profile] else { return nil }
        self.record = record
        history = CaseHistory(profile: profile, versions: profiles)
        letters = try transaction.letters(of: record.caseID)
        for letter in letters where letter.state.isInGraph {
            let slip = try StoredSlip.read(letter.slip)
            slips[letter.id] = slip
            var step = try transaction.step(of: letter, slip: slip)
            if step.isVoid, !noticesCount { step.isVoid = try transaction.isRefused(letter) }
            history.insert(step)
        }
    }

    /// A case that is about to be opened: no letter yet.
    public init(opening caseID: CaseID, root: LetterID, profile: Profile, at now: Instant) {
        record = CaseRecord(caseID: caseID, root: root, profile: profile.digest, created: now, openedHere: true)
        history = CaseHistory(profile: profile)
        letters = []
    }

    /// The case as a letter sees it that is made after these: by the version of the procedure that they leave it.
    public func seen(after letters: [LetterID]) -> CaseSight {
        var sight = self
        sight.history = history.version(after: letters)
        return sight
    }

    /// Adds a letter that is being made.
    public mutating func insert(_ step: Step) { history.insert(step) }
}

/// A slip that this node has verified before it stored it.
public enum StoredSlip {
    /// - Throws: ``CaseFileError`` `.damaged`.
    public static func read(_ file: [UInt8]) throws -> Slip {
        do { return try Slip.read(Array(Gate.slip(file).content)) } catch {
            throw CaseFileError(.damaged, "a stored slip does not read")
        }
    }
}

extension CaseTransaction {
    /// A stored letter as a step of the graph, with this node's sight.
    public func step(of letter: LetterRecord, slip: Slip) throws -> Step {
        var opened: SealedSteps?
        if slip.sealed != nil, letter.direction != .context,
            let json = try record(.steps, id: letter.id, in: letter.caseID)
        {
            do { opened = try SealedSteps.read(json) } catch {
                throw CaseFileError(.damaged, "sealed steps do not read")
            }
        }
        return Step(id: letter.id, slip: slip, roles: letter.roles, opened: opened, isVoid: try isVoid(letter))
    }

    /// Whether the letter's steps do not count.
    public func isVoid(_ letter: LetterRecord) throws -> Bool {
        if try isRefused(letter) { return true }
        // A notice that crossed the receipt on its way: opened wins, the notice stays as a fact.
        let wasOpened =
            try letter.state == .valid || letter.state == .flagged
            || receipts(for: letter.id).contains { $0.state == .valid || $0.state == .flagged }
        return try !wasOpened && voids(of: letter.id).contains { $0.code != NoticeCode.seenPossibly.rawValue }
    }

    /// Whether it will never count, whatever comes.
    func isRefused(_ letter: LetterRecord) throws -> Bool {
        if letter.state == .invalid,
            try letter.direction == .out || inboxEntry(letter.id)?.code?.hasPrefix("procedure.") == true
        {
            return true
        }
        // The broker has said so already; its signed refusal is on the way.
        if letter.direction == .out, try outboxEntry(letter.id)?.state == .refused { return true }
        return try voids(of: letter.id).contains { $0.type == .refusal }
    }
}
