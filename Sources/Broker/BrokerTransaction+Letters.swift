// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// The broker's own letters: signed refusals and notices.
extension BrokerTransaction {
    /// Writes, signs, stores and queues a refusal or notice.
    ///
    /// - Parameters:
    ///   - subject: the letter it is about, known here.
    ///   - to: whom it concerns; who has no sealing certificate any more is left out. With nobody left it is signed and logged all the
    ///     same: the letter that it is about must not end silently.
    /// - Returns: its id.
    func issue(
        _ type: LetterType, about subject: LetterID, _ slip: Slip, to: [MemberID], code: String, stop: LetterID? = nil
    ) throws -> LetterID {
        guard let caseID = slip.caseID else { throw StoreError(.unreadable, "a letter without a case") }
        var addressees: [Addressee] = []
        for member in Set(to).sorted() where member != view.id {
            guard let certificate = try? view.directories.sealingCertificate(of: member, at: view.now) else { continue }
            let number = try store.nextSequence(to: member)
            addressees.append(
                Addressee(member: member, certificate: certificate.id, epoch: number.epoch, sequence: number.sequence))
        }
        if addressees.isEmpty {
            note { $0(.warning, "nobody is left to be told", ["about": .letter(subject), "code": .code(code)]) }
        }
        let own = Slip(
            type: type, lane: .urgent, from: view.id, to: addressees, caseID: caseID, root: slip.root ?? subject,
            parents: [subject],
            about: About(letter: subject, code: code, stop: stop), at: view.now)
        let signed = try SignedSlip.sign(own, by: view.signing)
        var record = LetterRecord(
            id: signed.id, status: .queued, type: type, lane: .urgent, from: view.id, caseID: caseID, roles: [],
            peer: view.id,
            at: view.now, expires: nil, received: view.now)
        try store.insert(record, slip: own, file: signed.file)
        remember(own, of: signed.id)
        insert(step(record, own), in: caseID)
        if try !distribute(signed.id, own) { record.status = .done }
        try logArrival(&record, .admitted)
        try store.update(record)
        return signed.id
    }

    /// Refuses a letter that is stored already: the refusal goes to its sender, and descendants no longer wait for it.
    ///
    /// - Parameter others: those who were given it before it was refused.
    func refuse(
        _ record: LetterRecord, _ slip: Slip, _ refusal: Refusal, telling others: [MemberID] = []
    ) throws -> Admission {
        _ = try endDeliveries(of: record.id)
        let paper = try issue(
            .refusal, about: record.id, slip, to: [slip.from] + others, code: refusal.code, stop: refusal.stop)
        var record = record
        record.status = .refused
        record.code = refusal.code
        record.stop = refusal.stop
        record.voidedBy = paper
        try store.update(record)
        if let caseID = record.caseID { insert(step(record, slip), in: caseID) }
        let id = record.id
        let file = Digest.sha256(try store.slip(id) ?? [])
        try log(.refused(letter: id, slip: file, code: refusal.code, refusal: paper), in: record.caseID)
        note { $0(.notice, "letter refused", ["letter": .letter(id), "code": .code(refusal.code)]) }
        try release(after: id)
        return .refused(code: refusal.code, refusal: paper, stop: refusal.stop)
    }

    // MARK: - Stops

    /// After a stop, or a withdrawal of consent, was stored: what it makes void leaves the mailboxes, and both sides are told.
    ///
    /// Only visible progress that had not seen the stop, and letters with a part on basis consent whose covering visible consent was
    /// withdrawn. Never facts, stops, threats, evidence or receipts: those are urgent, show no progress, or have no such part.
    func withhold(in caseID: CaseID, because stop: LetterID) throws {
        // All are judged before one is withheld: of a consent and what rests on it, both go.
        let void = try store.letters(of: caseID).map(\.record).filter { $0.status.isOpen && $0.status != .waiting }
            .compactMap { record in try voidCause(of: record, stop: stop).map { (record: record, cause: $0) } }
        for letter in void { try withhold(letter.record, because: letter.cause) }
    }

    /// The stop that makes a letter void which waits here, or `nil`.
    ///
    /// - Parameter stop: the one that was just stored; `nil`: any, so that a letter that came after a stop it had not seen is found too.
    func voidCause(of record: LetterRecord, stop: LetterID?) throws -> LetterID? {
        guard record.type == .step, record.lane == .normal, record.voidedBy == nil, let caseID = record.caseID,
            let history = try history(of: caseID), let step = history.step(record.id)
        else { return nil }
        if let refusal = history.staleness(of: step) { return refusal.stop }
        guard step.parts.contains(where: { $0.basis == .consent }) else { return nil }
        // Of several that take the cover away, the one that rests on the fewest others: what only tells of it later is not the cause.
        let stops = try (stop.map { [$0] } ?? urgentSteps(of: caseID)).map { ($0, history.ancestors(of: $0).count) }
        if let cause = stops.sorted(by: { ($0.1, $0.0) < ($1.1, $1.0) }).first(where: {
            history.isUncovered(step, after: $0.0)
        }) {
            return cause.0
        }
        // Or the consent that it names was itself withheld: then by the same stop.
        let ancestors = Set(history.ancestors(of: step.id))
        guard history.isUncovered(step, after: nil) else { return nil }
        return try store.letters(of: caseID).map(\.record).first {
            ancestors.contains($0.id) && $0.isVoid && $0.stop != nil
        }?.stop
    }

    private func urgentSteps(of caseID: CaseID) throws -> [LetterID] {
        try store.letters(of: caseID).map(\.record)
            .filter { $0.lane == .urgent && $0.type == .step && !$0.isVoid && $0.status != .waiting }.map(\.id)
    }

    func withhold(_ letter: LetterRecord, because stop: LetterID) throws {
        let slip = try slip(of: letter.id)
        let wasSeen = try endDeliveries(of: letter.id)
        let code: NoticeCode = wasSeen ? .seenPossibly : .withheld
        let paper = try issue(
            .notice, about: letter.id, slip, to: [slip.from] + slip.to.map(\.member), code: code.rawValue, stop: stop)
        var record = letter
        record.status = .withheld
        record.code = code.rawValue
        record.stop = stop
        // What somebody may have read is not undone by our paper; replay knows by the order of letters that it is void.
        if !wasSeen { record.voidedBy = paper }
        try store.update(record)
        if let caseID = record.caseID { insert(step(record, slip), in: caseID) }
        try log(
            wasSeen
                ? .seenPossibly(letter: letter.id, because: stop, notice: paper)
                : .withheld(letter: letter.id, because: stop, notice: paper), in: record.caseID)
        note {
            $0(
                .notice, "letter withheld",
                ["letter": .letter(letter.id), "code": .code(code.rawValue), "stop": .letter(stop)])
        }
        try release(after: letter.id)
    }

    /// Gives a letter up: nobody fetched it in time, or its recipient has left.
    func giveUp(_ letter: LetterRecord, _ code: NoticeCode, status: LetterStatus) throws {
        let slip = try slip(of: letter.id)
        let wasSeen = try store.deliveries(of: letter.id).contains { $0.state == .delivered && $0.kind == .mailbox }
        _ = try endDeliveries(of: letter.id)
        var record = letter
        record.status = status
        record.code = code.rawValue
        // A letter that another broker hands over, and of which we never said "stored", is given up by that broker.
        let isOurs = letter.isStored || view.isServedHere(slip.from) || slip.from == view.id
        // Refusals, notices and receipts end without another paper: else papers about papers had no end.
        if isOurs, letter.type == .step {
            let paper = try issue(.notice, about: letter.id, slip, to: [slip.from], code: code.rawValue)
            if !wasSeen { record.voidedBy = paper }
            try log(
                code == .gone ? .gone(letter: letter.id, notice: paper) : .expired(letter: letter.id, notice: paper),
                in: letter.caseID)
        }
        try store.update(record)
        if let caseID = record.caseID { insert(step(record, slip), in: caseID) }
        note { $0(.notice, "letter given up", ["letter": .letter(letter.id), "code": .code(code.rawValue)]) }
        try release(after: letter.id)
    }
}
