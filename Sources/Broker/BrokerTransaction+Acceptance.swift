// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import TransparencyLog

/// From the verdict to the mailboxes, and what a letter does to others.
extension BrokerTransaction {
    /// An admitted letter: its place is reserved, its parts are named, a stop takes effect. Queued when nothing is missing.
    func accept(
        _ record: LetterRecord, _ slip: Slip, _ parts: [Digest: CheckedPart], releases: Bool = true
    ) throws -> Admission {
        var record = try judgedForGap(record, slip)
        if let caseID = record.caseID { insert(step(record, slip), in: caseID) }
        try store.need(neededParts(of: slip), for: record.id)
        try needPieces(of: record, slip)
        try storeParts(parts, of: record, slip)
        // What takes effect at once is logged at once, before what it makes void is.
        if slip.lane == .urgent, slip.type == .step {
            try logArrival(&record, record.verdict ?? .admitted)
            try store.update(record)
        }
        let outcome: Admission
        if record.status == .queued {
            outcome = try queue(record, slip)
        } else {
            let missing = try store.missingParts(of: record.id)
            outcome =
                missing.isEmpty
                ? try complete(record, slip)
                : .awaitingParts(Array(missing.prefix(BrokerLimits.missingPartsInAnAnswer)))
        }
        // After the letter itself is queued: a stop stands before the notices that it causes. It takes effect also while its own parts
        // are still on their way.
        try takeEffect(record, slip)
        if releases { try release(after: record.id) }
        return outcome
    }

    /// The second judgement: all parts are durable. Staleness is asked again, because a stop may have come meanwhile; then the letter is
    /// queued and acknowledged.
    func complete(_ letter: LetterRecord, _ slip: Slip) throws -> Admission {
        var record = letter
        if let caseID = record.caseID, let history = try history(of: caseID),
            let refusal = history.staleness(of: step(record, slip))
        {
            return try refuse(record, slip, refusal)
        }
        record.status = .queued
        try store.update(record)
        return try queue(record, slip)
    }

    private func queue(_ letter: LetterRecord, _ slip: Slip) throws -> Admission {
        var record = letter
        if try !distribute(letter.id, slip) { record.status = .done }
        record.isStored = true
        try logArrival(&record, record.verdict ?? .admitted)
        if record != letter { try store.update(record) }
        if let about = slip.about { try apply(about, of: record) }
        return try stored(record)
    }

    func stored(_ record: LetterRecord) throws -> Admission {
        guard let leaf = record.leaf else { throw StoreError(.unreadable, "a stored letter without its leaf") }
        return .stored(leaf: leaf)
    }

    /// A stop, or another urgent step that is visible: its slip goes at once to every broker that serves the case, and what it makes
    /// void is withheld. Of any other letter, and of one that is void, there is no effect.
    func takeEffect(_ record: LetterRecord, _ slip: Slip) throws {
        guard slip.lane == .urgent, slip.type == .step, !slip.steps.isEmpty, !record.isVoid, let caseID = record.caseID
        else { return }
        var brokers: Set<MemberID> = []
        for letter in try store.letters(of: caseID) {
            let other = letter.record.id == record.id ? slip : try self.slip(of: letter.record.id)
            for member in [other.from] + other.to.map(\.member) {
                if let broker = view.broker(of: member) { brokers.insert(broker) }
            }
        }
        for broker in brokers.subtracting([view.id, record.peer]).sorted() {
            try enqueue(record.id, lane: .urgent, to: QueueName(broker, .context))
        }
        try withhold(in: caseID, because: record.id)
    }

    /// What a receipt, refusal or notice says of another letter.
    func apply(_ about: About, of record: LetterRecord) throws {
        guard var subject = try store.letter(about.letter) else { return }
        switch record.type {
        case .receipt:
            let progress = Self.progress(about)
            try store.note(progress, of: subject.id)
            // A notice that crossed the receipt on its way, or a stick that was faster: opened wins, the notice stays as a fact.
            guard progress.contains(.opened), let paper = subject.voidedBy, try store.letter(paper)?.type == .notice,
                let caseID = subject.caseID
            else { return }
            subject.progress.formUnion(progress)
            subject.voidedBy = nil
            try store.update(subject)
            _ = try rebuild(caseID)
        case .refusal, .notice:
            // Opened wins over a notice that it was given up; the notice stays as a fact.
            guard subject.voidedBy == nil, about.code != NoticeCode.seenPossibly.rawValue,
                record.type == .refusal || !subject.progress.contains(.opened)
            else { return }
            let slip = try slip(of: subject.id)
            subject.voidedBy = record.id
            subject.code = about.code
            subject.stop = about.stop
            if subject.status.isOpen,
                try !store.deliveries(of: subject.id).contains(where: { $0.isOpen && $0.kind == .mailbox })
            {
                _ = try endDeliveries(of: subject.id)
                subject.status =
                    record.type == .refusal
                    ? .refused : about.code == NoticeCode.withheld.rawValue ? .withheld : .expired
            }
            try store.update(subject)
            if let caseID = subject.caseID { insert(step(subject, slip), in: caseID) }
            try release(after: subject.id)
        case .step, .directory, .profile: break
        }
    }

    static func progress(_ about: About) -> ReceiptProgress {
        switch about.state {
        case .acted: .acted
        case .invalid: [.opened, .invalid]
        default: .opened
        }
    }
}
