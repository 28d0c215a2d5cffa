// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// Taking letters in. Protocols/Queue.md, "Acceptance": the numbers of the steps are those of the page.
extension BrokerTransaction {
    func receive(_ letter: VerifiedLetter, from peer: Peer) throws -> Admission {
        let slip = letter.slip
        // 1. Whose letters this peer may hand over.
        guard isPermitted(peer, slip) else { return .rejected(code: SealingError.Code.signerNotPermitted.rawValue) }
        guard let caseID = slip.caseID else { return .rejected(code: SealingError.Code.slipBinding.rawValue) }
        // What another broker hands over it has logged, and proves it.
        if case .broker = peer, letter.source == nil { return .rejected(code: LogError.Code.proofInvalid.rawValue) }
        // 2. A letter that is known is answered as before.
        let known = try store.letter(letter.id)
        if let known, known.status != .context || known.voidedBy != nil { return try answerAgain(known, letter) }
        // 3. Clock, signer, addressees.
        guard slip.at - view.now <= LetterLimits.aheadSeconds else {
            let code = SealingError.Code.slipBinding.rawValue
            // A stop from a clock that runs ahead is not lost: it is taken when its time has come.
            return slip.lane == .urgent ? .later(code: code, seconds: 3_600) : .rejected(code: code)
        }
        if let expires = slip.expires, expires <= view.now { return .rejected(code: "letter.expired") }
        let signer: Signer
        do {
            signer = try judgeSigner(letter.signed, at: view.now)
        } catch {
            return .rejected(code: error.code.rawValue)
        }
        if signer.directoryIsExpired, slip.lane == .normal { return .later(code: "directory.expired", seconds: 300) }
        // 4. Room.
        if let later = try lack(of: slip) { return later }
        if try hasTooMany(slip, in: caseID) { return .later(code: "case.full", seconds: 3_600) }
        // 5. What a receipt, refusal or notice is about.
        var record = LetterRecord(
            id: letter.id, status: .waiting, type: slip.type, lane: slip.lane, from: slip.from, caseID: caseID,
            roles: signer.roles,
            peer: peer.id(at: view.id), at: slip.at, expires: slip.expires, received: view.now,
            source: peer.isMember ? nil : letter.source)
        remember(slip, of: letter.id)
        if let about = slip.about {
            guard let subject = try store.letter(about.letter), subject.status != .waiting else {
                return try wait(record, letter, isKnown: known != nil, for: [about.letter])
            }
            guard try isBound(slip, to: subject) else { return .rejected(code: SealingError.Code.slipBinding.rawValue) }
            // While the store is nearly full, a receipt that says nothing new can come again.
            if try isNearlyFull, slip.type == .receipt, subject.progress.isSuperset(of: Self.progress(about)) {
                return .later(code: "store.full", seconds: 60)
            }
        }
        // 6. The procedure.
        let verdict = try verdict(record, slip, letter.judgement)
        switch verdict {
        case .waiting(let missing): return try wait(record, letter, isKnown: known != nil, for: missing)
        case .refused(let refusal):
            // A refused letter is kept with its refusal; a row of them must not eat what is left for stops.
            if try isNearlyFull { return .later(code: "store.full", seconds: 60) }
            try store(record, letter, isKnown: known != nil)
            return try refuse(record, slip, refusal)
        case .admitted, .flagged:
            let parts = slip.lane == .urgent ? Self.few(letter.parts) : letter.parts
            let isWhole = isWhole(slip, parts)
            record.status = isWhole ? .queued : .awaitingParts
            record.verdict = verdict.logged
            // The usual letter is logged before its row is written, which then says all. An urgent one may have gaps: see ``accept``.
            if isWhole, slip.lane == .normal {
                record.isStored = true
                try logArrival(&record, verdict.logged, file: letter.signed.file)
            }
            try store(record, letter, isKnown: known != nil)
            return try accept(record, slip, parts)
        }
    }

    private func isPermitted(_ peer: Peer, _ slip: Slip) -> Bool {
        switch peer {
        case .member(let member): return slip.from == member
        case .broker, .courier:
            // Letters for members here; on a stick also letters of members here.
            return slip.to.contains { view.isServedHere($0.member) }
                || (peer == .courier && view.isServedHere(slip.from))
        case .expired: return false
        }
    }

    func judgeSigner(_ signed: SignedSlip, at: Instant) throws(MembershipError) -> Signer {
        let signer = try view.directories.judgeSigner(of: signed.slip, certificate: signed.certificateDigest, at: at)
        // Only the sender's own broker asks whether all addressees can be reached: the others would otherwise refuse for ever what a
        // newer directory has changed under way. A stop goes to those that are left.
        if view.isServedHere(signed.slip.from), signed.slip.lane == .normal {
            try view.directories.judgeRecipients(of: signed.slip, at: at)
        }
        return signer
    }

    /// Quotas of the member, and what is left of the store. An urgent letter has a quota of its own and the reserve.
    private func lack(of slip: Slip) throws -> Admission? {
        if try isNearlyFull, slip.lane == .normal, slip.type == .step {
            return .later(code: "store.full", seconds: 60)
        }
        guard view.isServedHere(slip.from) else { return nil }
        let held = try store.holding(of: slip.from)
        let isOver =
            slip.lane == .urgent
            ? held.urgent >= view.settings.urgentLettersOfAMember
            : held.normal >= view.settings.normalLettersOfAMember || held.bytes >= view.settings.bytesOfAMember
        return isOver ? .later(code: "quota", seconds: 60) : nil
    }

    /// A receipt comes from an addressee of its letter and goes to the sender; a refusal or notice comes from a broker that serves one of
    /// them and goes to them.
    func isBound(_ slip: Slip, to subject: LetterRecord) throws -> Bool {
        guard subject.caseID == slip.caseID else { return false }
        let other = try self.slip(of: subject.id)
        let parties = Set(other.to.map(\.member)).union([other.from])
        guard slip.to.allSatisfy({ parties.contains($0.member) }) else { return false }
        switch slip.type {
        case .receipt:
            return subject.type == .step && other.addressee(slip.from) != nil && slip.to.map(\.member) == [other.from]
        case .refusal, .notice: return parties.contains { view.broker(of: $0) == slip.from }
        case .step, .directory, .profile: return false
        }
    }

    /// What the procedure says, with this broker's sight; progress that a known stop makes void is refused as stale.
    func verdict(_ record: LetterRecord, _ slip: Slip, _ judgement: Judgement? = nil) throws -> Verdict {
        guard let caseID = record.caseID else { return .refused(Refusal(.otherProfile)) }
        if let judgement, judgement.roles == record.roles, try use(judgement, in: caseID) {
            guard case .refused(let refusal) = judgement.verdict, let stop = refusal.stop, try isGivenUp(stop) else {
                return judgement.verdict
            }
        }
        guard let history = try history(of: caseID, profile: slip.profile?.digest) else {
            // A step under a profile that no authority of ours has put in force, or a paper whose case is not known here.
            return slip.type == .step ? .refused(Refusal(.otherProfile)) : .waiting(slip.ancestors)
        }
        let step = step(record, slip)
        if slip.type == .refusal || slip.type == .notice {
            let missing = history.missingAncestors(of: step)
            return missing.isEmpty || slip.lane == .urgent ? .admitted : .waiting(missing)
        }
        let verdict = history.verdict(on: step)
        if case .refused(let refusal) = verdict, let stop = refusal.stop, try isGivenUp(stop) {
            return try self.verdict(record, slip)
        }
        return verdict
    }

    /// Whether a stop that stands in the way is given up: its ancestors have not come for so long that nobody waits for them any more, and
    /// nothing could ever descend from it. It is refused, and whoever got it is told.
    ///
    /// A withdrawal stays: time gives nobody's consent back.
    private func isGivenUp(_ stop: LetterID) throws -> Bool {
        guard let record = try store.letter(stop), record.voidedBy == nil, let caseID = record.caseID,
            view.now - record.received >= LetterLimits.ancestorsSeconds, let history = try history(of: caseID)
        else { return false }
        let slip = try slip(of: stop)
        guard let lost = history.missingAncestors(of: step(record, slip)).first,
            !slip.steps.contains(where: { history.profile.mayWithdraw($0.code) })
        else { return false }
        try store.setMissing([], of: stop)
        _ = try refuse(record, slip, Refusal(.unaware, detail: lost.hex), telling: slip.to.map(\.member))
        return true
    }

    /// Whether the sender has as many letters in the case as one may have, refused ones and ancestors counted. One sender's letters never
    /// put another's stop off.
    func hasTooMany(_ slip: Slip, in caseID: CaseID) throws -> Bool {
        let count = try store.letterCount(in: caseID, from: slip.from)
        guard count >= BrokerLimits.strangersLettersInACase else { return false }
        if let history = try history(of: caseID), history.root != nil,
            !history.parties.values.contains(where: { $0.contains(slip.from) })
        {
            return true
        }
        return count >= (slip.lane == .urgent ? 2 : 1) * view.settings.lettersInACase
    }

    func store(_ record: LetterRecord, _ letter: VerifiedLetter, isKnown: Bool) throws {
        if isKnown {
            try store.update(record)
        } else {
            try store.insert(record, slip: letter.slip, file: letter.signed.file)
        }
        logNumbers(of: record, letter.slip)
    }

    /// A number used twice, or a gap, is reported and holds nothing up.
    private func logNumbers(of record: LetterRecord, _ slip: Slip) {
        guard let conflicts = try? store.conflicts(with: slip, id: record.id), let other = conflicts.first else {
            return
        }
        note {
            $0(
                .error, "letter.conflict: two letters under one number",
                ["letter": .letter(record.id), "other": .letter(other)])
        }
    }

    /// The stored answer, with a fresh proof of the same leaf; a letter that is not whole goes on where it stood.
    private func answerAgain(_ record: LetterRecord, _ letter: VerifiedLetter) throws -> Admission {
        if record.isStored { return try stored(record) }
        switch record.status {
        case .waiting: return .waiting(try store.missingAncestors(of: record.id))
        case .awaitingParts:
            try storeParts(letter.parts, of: record, letter.slip)
            let missing = try store.missingParts(of: record.id)
            if missing.isEmpty { return try complete(record, letter.slip) }
            return .awaitingParts(Array(missing.prefix(BrokerLimits.missingPartsInAnAnswer)))
        default:
            guard let paper = record.voidedBy, let code = record.code else { return .rejected(code: "letter.expired") }
            return .refused(code: code, refusal: paper, stop: record.stop)
        }
    }
}
