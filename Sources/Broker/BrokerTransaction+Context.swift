// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// Slips of ancestors, so that others can be judged. Protocols/Queue.md, "Waiting".
extension BrokerTransaction {
    /// Takes the slip of an ancestor in. It is judged like any letter, but nothing of it is delivered.
    ///
    /// - Returns: whether it is known now; `false` while its own ancestors are missing, or when it is no letter of the case.
    func receive(_ context: VerifiedContext, from peer: Peer) throws -> Bool {
        let signed = context.signed
        let slip = signed.slip
        guard let caseID = slip.caseID, slip.at - view.now <= LetterLimits.aheadSeconds else { return false }
        if let known = try store.letter(signed.id), known.status != .waiting {
            if let paper = context.void, try isVoiding(paper, known) { try apply(paper, to: known) }
            return true
        }
        // The broker that hands it over judged its signer when it came; a member has no such word.
        var at = view.now
        if case .broker = peer { at = min(slip.at, view.now) }
        guard let signer = try? view.directories.judgeSigner(of: slip, certificate: signed.certificateDigest, at: at)
        else { return false }
        if let about = slip.about {
            guard let subject = try store.letter(about.letter), try isBound(slip, to: subject) else { return false }
        }
        var record = LetterRecord(
            id: signed.id, status: .context, type: slip.type, lane: slip.lane, from: slip.from, caseID: caseID,
            roles: signer.roles,
            peer: peer.id(at: view.id), at: slip.at, expires: slip.expires, received: view.now)
        remember(slip, of: signed.id)
        let isWaiting = try store.letter(signed.id) != nil
        guard !isWaiting, try !hasTooMany(slip, in: caseID) else { return false }
        guard let history = try history(of: caseID, profile: slip.profile?.digest) else { return false }
        let void = try context.void.flatMap { try isVoiding($0, record) ? $0 : nil }
        if void == nil {
            let step = step(record, slip)
            let isPaper = slip.type == .refusal || slip.type == .notice
            // A stop without its ancestors counts when another broker vouches for having it, and not for ever, with a key that may long
            // be somebody else's; not when a member shows it round.
            if !isPaper, !history.missingAncestors(of: step).isEmpty {
                guard !peer.isMember, view.now - slip.at < BrokerLimits.oldestContextSeconds else { return false }
            }
            switch isPaper ? .admitted : history.admit(step) {
            case .waiting: return false
            case .refused(let refusal):
                // Said aloud, as of any letter: what descends from it would else wait here for ever, and nobody would know why.
                guard try !isNearlyFull else { return false }
                try store.insert(record, slip: slip, file: signed.file)
                _ = try refuse(record, slip, refusal)
                return true
            case .admitted, .flagged: break
            }
        }
        try store.insert(record, slip: slip, file: signed.file)
        record = try judgedForGap(record, slip)
        insert(step(record, slip), in: caseID)
        if let void {
            try apply(void, to: record)
            record = try store.letter(signed.id) ?? record
        }
        try takeEffect(record, slip)
        if let about = slip.about { try apply(about, of: record) }
        try release(after: signed.id)
        return true
    }

    /// Whether a paper makes the letter void: a refusal, or a notice that it was not handed over, of a broker that serves one of its parties.
    private func isVoiding(_ paper: SignedSlip, _ subject: LetterRecord) throws -> Bool {
        guard let about = paper.slip.about, about.letter == subject.id,
            paper.slip.type == .refusal || paper.slip.type == .notice && about.code != NoticeCode.seenPossibly.rawValue,
            let signer = try? view.directories.judgeSigner(
                of: paper.slip, certificate: paper.certificateDigest, at: min(paper.slip.at, view.now)), signer.isBroker
        else { return false }
        return try isBound(paper.slip, to: subject)
    }

    /// The signed refusal or notice that came along with an ancestor.
    func apply(_ void: SignedSlip, to subject: LetterRecord) throws {
        guard let about = void.slip.about else { return }
        let record = LetterRecord(
            id: void.id, status: .context, type: void.slip.type, lane: void.slip.lane, from: void.slip.from,
            caseID: subject.caseID, roles: [], peer: void.slip.from, at: void.slip.at, expires: nil, received: view.now)
        if try store.letter(void.id) == nil {
            try store.insert(record, slip: void.slip, file: void.file)
            remember(void.slip, of: void.id)
            if let caseID = subject.caseID { insert(step(record, void.slip), in: caseID) }
        }
        try apply(about, of: record)
    }
}
