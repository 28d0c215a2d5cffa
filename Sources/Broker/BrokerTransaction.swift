// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// One transaction of the broker: it judges on what it reads, and records the verdict in the same breath.
///
/// Lives for one closure of ``LetterQueue/write(_:)``; the closure may run again, so all that it does lies in the store or in this object.
final class BrokerTransaction {
    let store: any LetterTransaction
    let view: BrokerView
    /// Queues into which something was put: their bells ring when the transaction has ended.
    private(set) var rung: Set<QueueName> = []
    /// What the log shall say when the transaction has ended.
    private(set) var notes: [@Sendable (BrokerLog) -> Void] = []
    private var histories: [CaseID: CaseHistory] = [:]
    private var slips: [LetterID: Slip] = [:]

    init(_ store: any LetterTransaction, _ view: BrokerView) {
        self.store = store
        self.view = view
    }

    /// Gives the histories back to the memory. The last thing in a transaction; what is undone afterwards is not believed there.
    func end() throws -> Aftermath {
        for (caseID, history) in histories {
            view.memory.keep(history, of: caseID, version: try store.version(of: caseID))
        }
        histories = [:]
        return Aftermath(rung: rung, notes: notes)
    }

    /// Normal letters are put off; the rest of the store is for stops, receipts and notices. Asked of the store as it is now, so that no
    /// flood eats what is left for them.
    var isNearlyFull: Bool { get throws { try store.room().isNearlyFull } }

    func note(_ body: @escaping @Sendable (BrokerLog) -> Void) { notes.append(body) }
    func ring(_ queue: QueueName) { rung.insert(queue) }

    // MARK: - Histories

    /// The history of a case, from memory or from the slips in the store.
    ///
    /// - Parameter profile: of the letter in hand, for a case whose letters here name none.
    /// - Returns: `nil` when no profile of the case is known here.
    func history(of caseID: CaseID, profile: Digest? = nil) throws -> CaseHistory? {
        if let history = histories[caseID] { return history }
        let version = try store.version(of: caseID)
        if version != 0, var history = view.memory.take(caseID, version: version) {
            history.learn(view.profiles)
            histories[caseID] = history
            return history
        }
        guard let history = try CaseReader(store).history(of: caseID, profiles: view.profiles, fallback: profile) else {
            return nil
        }
        histories[caseID] = history
        return history
    }

    /// Whether a judgement was made of the state of the case that this transaction reads. Its history is then this transaction's.
    func use(_ judgement: Judgement, in caseID: CaseID) throws -> Bool {
        guard histories[caseID] == nil, try store.version(of: caseID) == judgement.version else { return false }
        switch judgement.verdict {
        case .admitted, .flagged: histories[caseID] = try judgement.after ?? history(of: caseID)
        case .refused, .waiting: break
        }
        return true
    }

    /// Reads the case again.
    func rebuild(_ caseID: CaseID) throws -> CaseHistory? {
        guard let rebuilt = try CaseReader(store).history(of: caseID, profiles: view.profiles) else { return nil }
        histories[caseID] = rebuilt
        return rebuilt
    }

    /// Adds a letter to the history, if the case has one yet.
    func insert(_ step: Step, in caseID: CaseID) {
        // Taken out and put back, so that it is changed in place.
        guard var history = histories.removeValue(forKey: caseID) else { return }
        history.insert(step)
        histories[caseID] = history
    }

    func step(_ record: LetterRecord, _ slip: Slip) -> Step {
        CaseReader.step(record, slip)
    }

    /// A slip that was verified when it was stored.
    func slip(of id: LetterID) throws -> Slip {
        if let slip = slips[id] { return slip }
        guard let file = try store.slip(id) else { throw StoreError(.unreadable, "a letter without its slip") }
        let slip = try CaseReader.parse(file)
        slips[id] = slip
        return slip
    }

    func remember(_ slip: Slip, of id: LetterID) { slips[id] = slip }

    // MARK: - Deliveries

    func enqueue(_ id: LetterID, lane: Lane, to queue: QueueName) throws {
        try store.enqueue(id, lane: lane, to: queue)
        ring(queue)
    }

    /// Puts a letter that is whole into the mailboxes here and, where its sender is served here, on the way to the other brokers.
    ///
    /// - Returns: whether it goes anywhere.
    func distribute(_ id: LetterID, _ slip: Slip) throws -> Bool {
        let isOrigin = slip.from == view.id || view.isServedHere(slip.from)
        var isQueued = false
        var others: Set<MemberID> = []
        for addressee in slip.to {
            guard let broker = view.broker(of: addressee.member) else { continue }
            if broker == view.id {
                guard addressee.member != view.id else { continue }
                try enqueue(id, lane: slip.lane, to: QueueName(addressee.member, .mailbox))
                isQueued = true
            } else if isOrigin, others.insert(broker).inserted {
                try enqueue(id, lane: slip.lane, to: QueueName(broker, .forward))
                isQueued = true
            }
        }
        return isQueued
    }

    /// Ends all open deliveries of a letter that is void.
    ///
    /// - Returns: whether somebody may have seen it: it was leased, or handed over.
    func endDeliveries(of id: LetterID) throws -> Bool {
        var wasSeen = false
        for delivery in try store.deliveries(of: id) where delivery.kind != .context {
            // A forward is marked as under way without a try.
            if delivery.state == .delivered || delivery.tries > 0 || delivery.state == .resting { wasSeen = true }
            if delivery.isOpen { try store.finish(delivery.number, .ended) }
        }
        return wasSeen
    }

    /// The other broker has the letter, or has refused it with a paper of its own that is on its way.
    func end(_ delivery: DeliveryRecord, refusedBy code: String? = nil, stop: LetterID? = nil) throws {
        try store.finish(delivery.number, code == nil ? .delivered : .ended)
        guard let code, var record = try store.letter(delivery.letter), record.status == .queued,
            try store.deliveries(of: record.id).allSatisfy({ $0.kind == .context || $0.state == .ended })
        else { return try finishIfDone(delivery.letter) }
        record.status = .refused
        record.code = code
        record.stop = stop
        try store.update(record)
    }

    /// After a delivery has ended: the letter is done when none is open.
    func finishIfDone(_ id: LetterID) throws {
        guard var record = try store.letter(id), record.status == .queued else { return }
        guard try !store.deliveries(of: id).contains(where: { $0.isOpen && $0.kind != .context }) else { return }
        record.status = .done
        try store.update(record)
    }
}

/// What is left to do when a transaction has ended well.
struct Aftermath: Sendable {
    let rung: Set<QueueName>
    let notes: [@Sendable (BrokerLog) -> Void]
}
