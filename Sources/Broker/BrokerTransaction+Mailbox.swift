// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import TransparencyLog

/// Handing out, and what the clock ends.
extension BrokerTransaction {
    /// Leases letters of a mailbox. Each is judged once more: nothing that a stop has made void leaves.
    func lease(to member: MemberID, limit: Int) throws -> [LetterID] {
        let queue = QueueName(member, .mailbox)
        _ = try store.wake(queue, at: view.now)
        let free = view.settings.leasedLetters - (try store.restingCount(queue))
        var leased: [LetterID] = []
        var room = BrokerLimits.bundleBytes
        // What a node has not acknowledged hides other letters, but never a stop: urgent ones come first and are always handed out.
        for delivery in try store.queued(queue, limit: limit) {
            guard delivery.lane == .urgent || leased.count < free else { break }
            guard let record = try store.letter(delivery.letter) else { continue }
            if let expires = record.expires, expires <= view.now {
                try giveUp(record, .expired, status: .expired)
                continue
            }
            if let caseID = record.caseID, try store.hasUrgentStep(in: caseID),
                let stop = try voidCause(of: record, stop: nil)
            {
                try withhold(record, because: stop)
                continue
            }
            // Only what goes into one answer: a letter that nobody was given must not count as leased.
            room -= (try store.slip(record.id)?.count ?? 0) + BrokerLimits.archiveBytes
            guard room > 0 || leased.isEmpty else { break }
            // The first lease is short, so that a node that was restarted has its letters again soon; each next one is twice as long.
            let seconds = min(view.settings.leaseSeconds << min(delivery.tries, 16), BrokerLimits.longestLeaseSeconds)
            try store.rest(delivery.number, until: view.now + max(1, seconds))
            leased.append(delivery.letter)
        }
        return leased
    }

    /// Ends the deliveries of letters that are durable at the recipient. Unknown ones are left out: acknowledging twice changes nothing.
    ///
    /// - Returns: whether parts may have become superfluous.
    func acknowledge(_ letters: [LetterID], by member: MemberID) throws -> Bool {
        var isSpent = false
        for id in letters {
            guard
                let delivery = try store.deliveries(of: id).first(where: {
                    $0.destination == member && $0.kind == .mailbox && $0.isOpen
                })
            else { continue }
            try store.finish(delivery.number, .delivered)
            try finishIfDone(id)
            try log(.fetched(letter: id, by: member), in: try store.letter(id)?.caseID)
            isSpent = true
        }
        return isSpent
    }

    /// Gives up what has expired.
    ///
    /// - Returns: whether there may be more.
    func expire() throws -> Bool {
        let letters = try store.expired(by: view.now, limit: BrokerLimits.sweptInATransaction)
        for id in letters {
            guard let record = try store.letter(id) else { continue }
            try giveUp(record, .expired, status: .expired)
        }
        return letters.count == BrokerLimits.sweptInATransaction
    }

    /// Ends what waits for members that have left, with a notice to each sender.
    func clear(_ member: MemberID) throws -> Bool {
        let deliveries = try store.queued(QueueName(member, .mailbox), limit: BrokerLimits.sweptInATransaction)
        for delivery in deliveries {
            guard let record = try store.letter(delivery.letter) else { continue }
            let others = try store.deliveries(of: record.id).filter {
                $0.isOpen && $0.kind != .context && $0.number != delivery.number
            }
            if others.isEmpty {
                try giveUp(record, .gone, status: .gone)
            } else {
                // Others still wait for it: only this recipient's copy ends.
                try store.finish(delivery.number, .ended)
                let slip = try slip(of: record.id)
                if record.type == .step {
                    let paper = try issue(
                        .notice, about: record.id, slip, to: [slip.from], code: NoticeCode.gone.rawValue)
                    try log(.gone(letter: record.id, notice: paper), in: record.caseID)
                }
            }
        }
        return !deliveries.isEmpty
    }
}
