// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import TransparencyLog

/// Letters that came before their ancestors. Protocols/Queue.md, "Waiting".
extension BrokerTransaction {
    /// Only the slip waits; the sender keeps the rest.
    func wait(
        _ record: LetterRecord, _ letter: VerifiedLetter, isKnown: Bool, for missing: [LetterID]
    ) throws -> Admission {
        if let caseID = record.caseID, try store.waitingCount(in: caseID) >= BrokerLimits.waitingInACase {
            return .later(code: "letter.held", seconds: 60)
        }
        guard try store.waitingCount(from: record.from) < BrokerLimits.waitingFromAMember else {
            return .later(code: "letter.held", seconds: 60)
        }
        var record = record
        // What has no `expires` of its own, a receipt, must not fill the places for good.
        record.expires = record.expires ?? view.now + LetterLimits.ancestorsSeconds
        try store(record, letter, isKnown: isKnown)
        try store.setMissing(missing, of: record.id)
        try logArrival(&record, .waiting)
        try store.update(record)
        return .waiting(missing)
    }

    /// Judges again what waited for `id`, then what waited for those, until nothing moves.
    func release(after id: LetterID) throws {
        var arrived = [id]
        while let next = arrived.popLast() {
            for waiting in try store.waiting(for: next) {
                guard var record = try store.letter(waiting) else { continue }
                guard record.status == .waiting else {
                    try judgeGap(record)
                    continue
                }
                let slip = try slip(of: waiting)
                if let about = slip.about, let subject = try store.letter(about.letter), subject.status != .waiting,
                    try !isBound(slip, to: subject)
                {
                    try giveUp(record, .expired, status: .expired)
                    continue
                }
                let verdict = try verdict(record, slip)
                switch verdict {
                case .waiting(let missing): try store.setMissing(missing, of: waiting)
                case .refused(let refusal):
                    try store.setMissing([], of: waiting)
                    _ = try refuse(record, slip, refusal)
                case .admitted, .flagged:
                    try store.setMissing([], of: waiting)
                    record.status = .awaitingParts
                    record.expires = slip.expires
                    try store.update(record)
                    try logJudged(&record, verdict.logged)
                    _ = try accept(record, slip, [:], releases: false)
                    arrived.append(waiting)
                }
            }
        }
    }

    /// An urgent letter that went on without some of its ancestors: when the last of them has come, it is judged as any other.
    private func judgeGap(_ record: LetterRecord) throws {
        let slip = try slip(of: record.id)
        guard record.type == .step, record.voidedBy == nil, let caseID = record.caseID,
            let history = try history(of: caseID)
        else { return }
        let missing = history.missingAncestors(of: step(record, slip))
        try store.setMissing(missing, of: record.id)
        guard missing.isEmpty else { return }
        var record = record
        if record.isUnheard {
            record.isUnheard = false
            try store.update(record)
            guard try rebuild(caseID) != nil else { return }
        }
        let verdict = try verdict(record, slip)
        switch verdict {
        case .refused(let refusal): _ = try refuse(record, slip, refusal, telling: slip.to.map(\.member))
        case .admitted, .flagged:
            try logJudged(&record, verdict.logged)
            try takeEffect(record, slip)
        case .waiting: break
        }
    }

    /// An urgent letter takes effect also without all its ancestors, unless the case is known here and its sender has no part in it as far as
    /// is known: then it is delivered, and is without effect until they have come.
    func judgedForGap(_ letter: LetterRecord, _ slip: Slip) throws -> LetterRecord {
        guard slip.lane == .urgent, slip.type == .step, let caseID = letter.caseID,
            let history = try history(of: caseID)
        else { return letter }
        let step = step(letter, slip)
        let missing = history.missingAncestors(of: step)
        guard !missing.isEmpty else { return letter }
        try store.setMissing(missing, of: letter.id)
        var record = letter
        record.verdict = .gap
        record.isUnheard = !history.isHeard(step)
        try store.update(record)
        return record
    }
}
