// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import MessageStore
public import Procedure

/// What one round of forwarding did.
public struct ForwardReport: Sendable, Hashable {
    /// Letters that the other broker has stored, or refused with a signed refusal of its own.
    public var ended = 0
    /// Letters that rest until a later try.
    public var resting = 0
    /// Slips handed over as context.
    public var context = 0

    public var isEmpty: Bool { ended == 0 && resting == 0 && context == 0 }
}

/// Handing letters on to the broker of another country. Protocols/Queue.md, "Forwarding".
extension BrokerCore {
    /// A letter on its way, with the delivery that it pays off.
    private struct Outgoing: Sendable {
        var delivery: DeliveryRecord
        var bundle: LetterBundle
        /// Parts for members of the other broker, by digest.
        var parts: [Digest]
    }

    /// Makes everything due that rested while nothing ran: after a start, no lease of the process before is worth anything.
    public func resumeForwarding(to broker: MemberID) async throws {
        try await transact { transaction in
            for kind in [DeliveryKind.context, .forward] {
                _ = try transaction.store.wake(QueueName(broker, kind), at: Instant(seconds: .max))
            }
        }
    }

    /// Hands over what is due to one broker: stops' slips first, then urgent letters, then the rest, as many as share a push.
    ///
    /// - Throws: ``ExchangeError`` when the broker cannot be reached or takes nothing; nothing is lost, and no letter's tries are counted.
    public func forward(to broker: MemberID, over connection: any BrokerConnection) async throws -> ForwardReport {
        var report = ForwardReport()
        try await transact { _ = try $0.store.wake(QueueName(broker, .context), at: $0.view.now) }
        report.context = try await forwardContext(to: broker, over: connection)
        let batch = try await takeBatch(for: broker)
        guard !batch.letters.isEmpty else { return report }
        var open = Set(batch.letters.map(\.delivery.number))
        do {
            let outcomes = try await connection.push(batch.letters.map(\.bundle), context: batch.context)
            guard outcomes.count == batch.letters.count else {
                throw ExchangeError(.badAnswer, "not one outcome for each letter")
            }
            try await markKnown(batch.context.map(\.id), at: broker)
            let pairs = Array(zip(batch.letters, outcomes))
            // What is stored there is most of it: one transaction for all.
            let stored = pairs.compactMap { outgoing, outcome in
                if case .stored = outcome { outgoing.delivery } else { nil }
            }
            if !stored.isEmpty {
                try await transact { transaction in for delivery in stored { try transaction.end(delivery) } }
                bell.ring([.sweeper])
                report.ended += stored.count
                open.subtract(stored.map(\.number))
            }
            for (outgoing, outcome) in pairs where open.contains(outgoing.delivery.number) {
                try await settle(outgoing, outcome, at: broker, over: connection)
                    ? (report.ended += 1) : (report.resting += 1)
                open.remove(outgoing.delivery.number)
            }
            return report
        } catch {
            // Not reached: everything that is still open is due again, and time off is no try.
            let numbers = open
            try await transact { transaction in
                for number in numbers { try transaction.store.extend(number, until: Instant(seconds: 0)) }
                _ = try transaction.store.wake(QueueName(broker, .forward), at: transaction.view.now)
            }
            throw error
        }
    }

    /// When there will next be something to do for this broker.
    public func nextForward(to broker: MemberID) async throws -> Instant? {
        let now = now
        return try await look { reading in
            for kind in [DeliveryKind.context, .forward]
            where try !reading.queued(QueueName(broker, kind), limit: 1).isEmpty { return now }
            return try [DeliveryKind.context, .forward].compactMap { try reading.nextDue(QueueName(broker, $0)) }.min()
        }
    }

    // MARK: - Context

    private func forwardContext(to broker: MemberID, over connection: any BrokerConnection) async throws -> Int {
        let queue = QueueName(broker, .context)
        let waiting = try await look { try $0.queued(queue, limit: BrokerLimits.lettersInAForward) }
        guard !waiting.isEmpty else { return 0 }
        let ids = waiting.map(\.letter)
        let letters = try await look { reading in
            let letters = try Self.closure(ids, for: broker, in: reading, including: true)
            guard !Set(letters.map(\.id)).isSuperset(of: ids) else { return letters }
            // More ancestors than go at once: a stop takes effect without them.
            return try ids.compactMap { id in try reading.slip(id).map { ContextLetter(id: id, slip: $0) } }
        }
        _ = try await connection.push([], context: letters)
        // Nothing answers for an ancestor, so it is asked: what the other broker did not take, a directory behind ours for example, is
        // handed over again.
        let taken = Set(try await connection.slips(ids).map(\.id))
        try await transact { transaction in
            for delivery in waiting {
                let received = try transaction.store.letter(delivery.letter)?.received
                if taken.contains(delivery.letter) {
                    try transaction.store.finish(delivery.number, .delivered)
                } else if received.map({ transaction.view.now - $0 > BrokerLimits.oldestContextSeconds }) ?? true {
                    try transaction.store.finish(delivery.number, .ended)
                    transaction.note {
                        $0(.warning, "stop not taken by the other broker", ["letter": .letter(delivery.letter)])
                    }
                } else {
                    let seconds = min(
                        BrokerLimits.forwardRestSeconds << min(delivery.tries, 12),
                        BrokerLimits.longestForwardRestSeconds)
                    try transaction.store.rest(delivery.number, until: transaction.view.now + seconds)
                }
            }
        }
        return taken.count
    }

    /// Slips of ancestors that the other broker cannot know, ancestors before descendants; as many as go in one push.
    ///
    /// - Parameter including: the letters themselves too.
    private static func closure(
        _ letters: [LetterID], for broker: MemberID, in reading: any LetterReading, including: Bool
    ) throws -> [ContextLetter] {
        let ids = try order(letters, for: broker, in: reading, isFull: false)
        let own = Set(letters)
        return try ids.filter { including || !own.contains($0) }.prefix(BrokerLimits.contextInAPush).compactMap {
            try context($0, in: reading)
        }
    }

    private static func context(_ id: LetterID, in reading: any LetterReading) throws -> ContextLetter? {
        guard let record = try reading.letter(id), let file = try reading.slip(id) else { return nil }
        return ContextLetter(id: id, slip: file, void: try record.voidedBy.flatMap { try reading.slip($0) })
    }

    /// The letters and their ancestors, each after all of its own.
    ///
    /// - Parameter isFull: also those that the other broker was told of before: it said that it misses one.
    private static func order(
        _ letters: [LetterID], for broker: MemberID, in reading: any LetterReading, isFull: Bool
    ) throws -> [LetterID] {
        var order: [LetterID] = []
        var seen: Set<LetterID> = []
        let own = Set(letters)
        // Depth first; the second visit puts the letter behind its ancestors.
        var stack = letters.reversed().map { (id: $0, isDone: false) }
        while let (id, isDone) = stack.popLast() {
            if isDone {
                order.append(id)
                continue
            }
            guard seen.insert(id).inserted, let record = try reading.letter(id), let file = try reading.slip(id) else {
                continue
            }
            if !own.contains(id), !isFull, try isKnown(record, at: broker, in: reading) { continue }
            stack.append((id, true))
            let slip = try CaseReader.parse(file)
            for ancestor in Set(slip.ancestors).union([slip.root].compactMap { $0 }).sorted() {
                stack.append((ancestor, false))
            }
        }
        return order
    }

    /// Everything that comes before a letter, in as many pushes as it takes: the other broker has lost more than its parents.
    private func sendAncestors(of letter: LetterID, to broker: MemberID, over connection: any BrokerConnection)
        async throws
    {
        let ids = try await look { try Self.order([letter], for: broker, in: $0, isFull: true).filter { $0 != letter } }
        for start in stride(from: 0, to: ids.count, by: BrokerLimits.contextInAPush) {
            let some = ids[start..<min(ids.count, start + BrokerLimits.contextInAPush)]
            let context = try await look { reading in try some.compactMap { try Self.context($0, in: reading) } }
            _ = try await connection.push([], context: context)
        }
    }

    /// Whether the other broker has the letter: it came from there, or was handed over.
    private static func isKnown(_ record: LetterRecord, at broker: MemberID, in reading: any LetterReading) throws
        -> Bool
    {
        if record.peer == broker { return true }
        return try reading.deliveries(of: record.id).contains { $0.destination == broker && $0.state == .delivered }
    }

    private func markKnown(_ letters: [LetterID], at broker: MemberID) async throws {
        guard !letters.isEmpty else { return }
        try await transact { transaction in
            for id in letters {
                try transaction.store.enqueue(id, lane: .urgent, to: QueueName(broker, .context))
                for delivery in try transaction.store.deliveries(of: id)
                where delivery.kind == .context && delivery.destination == broker {
                    try transaction.store.finish(delivery.number, .delivered)
                }
            }
        }
    }

    // MARK: - Letters

    /// Marks letters as under way, and reads them. The mark is only for this process: ``resumeForwarding(to:)`` takes it off.
    private func takeBatch(for broker: MemberID) async throws -> (letters: [Outgoing], context: [ContextLetter]) {
        let queue = QueueName(broker, .forward)
        let deliveries = try await transact { transaction in
            _ = try transaction.store.wake(queue, at: transaction.view.now)
            _ = try transaction.store.wake(QueueName(broker, .context), at: transaction.view.now)
            var due: [DeliveryRecord] = []
            for delivery in try transaction.store.queued(queue, limit: BrokerLimits.lettersInAForward) {
                // Staleness is judged once more: what a stop has made void does not go on either.
                if let record = try transaction.store.letter(delivery.letter), let caseID = record.caseID,
                    try transaction.store.hasUrgentStep(in: caseID),
                    let stop = try transaction.voidCause(of: record, stop: nil)
                {
                    try transaction.withhold(record, because: stop)
                    continue
                }
                try transaction.store.extend(delivery.number, until: transaction.view.now + 300)
                due.append(delivery)
            }
            return due
        }
        guard !deliveries.isEmpty else { return ([], []) }
        let view = view
        // Each goes with the proof that it is in our log, all of them under one checkpoint.
        let leaves = try await look { reading in
            try deliveries.compactMap { delivery in
                try reading.letter(delivery.letter)?.leaf.map { (delivery.letter, $0) }
            }
        }
        let proofs = Dictionary(
            zip(leaves.map(\.0), try await receipts(of: leaves.map(\.1))).lazy.compactMap { id, receipt in
                receipt.map { (id, $0) }
            }
        ) { first, _ in first }
        return try await look { reading in
            var room = BrokerLimits.bundleBytes
            let letters = try deliveries.compactMap { delivery -> Outgoing? in
                guard let slip = try reading.slip(delivery.letter) else { return nil }
                room -= slip.count + (proofs[delivery.letter]?.count ?? 0)
                var files: [Digest: [UInt8]] = [:]
                let parts = try reading.neededParts(of: delivery.letter).filter {
                    view.broker(of: $0.recipient) == broker
                }
                for part in parts {
                    guard let size = try reading.partSize(part.digest), size <= BrokerLimits.partInABundleBytes,
                        size <= room,
                        let file = try reading.part(part.digest, offset: 0, count: size)
                    else { continue }
                    files[part.digest] = file.bytes
                    room -= size
                }
                return Outgoing(
                    delivery: delivery,
                    bundle: LetterBundle(
                        id: delivery.letter, slip: slip, parts: files, receipt: proofs[delivery.letter]),
                    parts: parts.map(\.digest))
            }
            let context = try Self.closure(deliveries.map(\.letter), for: broker, in: reading, including: false)
            return (letters, context)
        }
    }

    /// What the other broker said of one letter.
    ///
    /// - Returns: whether the delivery has ended.
    private func settle(
        _ outgoing: Outgoing, _ first: PushOutcome, at broker: MemberID, over connection: any BrokerConnection
    ) async throws -> Bool {
        var outcome = first
        var rounds = 0
        var sent: Set<Digest> = []
        let slipOnly = LetterBundle(
            id: outgoing.bundle.id, slip: outgoing.bundle.slip, receipt: outgoing.bundle.receipt)
        while true {
            switch outcome {
            case .stored:
                let delivery = outgoing.delivery
                try await transact { try $0.end(delivery) }
                bell.ring([.sweeper])
                return true
            case .refused(let code, _, let stop):
                // Its refusal is a letter and comes by itself; until then the record says what is known.
                log(
                    .notice, "letter refused by the other broker",
                    ["letter": .letter(outgoing.bundle.id), "code": .code(code)])
                let delivery = outgoing.delivery
                try await transact { try $0.end(delivery, refusedBy: code, stop: stop) }
                bell.ring([.sweeper])
                return true
            case .awaitingParts(let missing):
                let next = missing.filter { outgoing.parts.contains($0) && !sent.contains($0) }
                guard !next.isEmpty else { return try await rest(outgoing, "the same parts again", at: broker) }
                for digest in next {
                    // A stop does not stand behind an attachment: the upload goes on where it was, after what is urgent.
                    guard try await !isUrgentWaiting(for: broker) else {
                        try await restUntil(outgoing, seconds: 0, isTry: false, at: broker)
                        return false
                    }
                    guard try await send(digest, over: connection) else {
                        return try await rest(outgoing, "part not taken", at: broker)
                    }
                    sent.insert(digest)
                }
            case .waiting(let missing):
                // First what it names, then, if that does not help, everything.
                let id = outgoing.bundle.id
                rounds += 1
                switch rounds {
                case 1:
                    let context = try await look { try Self.closure(missing, for: broker, in: $0, including: true) }
                    _ = try await connection.push([], context: context)
                case 2: try await sendAncestors(of: id, to: broker, over: connection)
                default: return try await rest(outgoing, "ancestors not taken", at: broker)
                }
            case .rejected(let code):
                log(
                    .warning, "letter rejected by the other broker",
                    ["letter": .letter(outgoing.bundle.id), "code": .code(code)])
                if code == Self.expiredCode {
                    let delivery = outgoing.delivery
                    try await transact { try $0.end(delivery, refusedBy: code) }
                    return true
                }
                return try await rest(outgoing, "rejected", at: broker)
            case .later(_, let seconds):
                try await restUntil(outgoing, seconds: Int64(max(1, min(seconds, 3_600))), isTry: false, at: broker)
                return false
            }
            guard let again = try await connection.push([slipOnly], context: []).first else {
                throw ExchangeError(.badAnswer, "no outcome")
            }
            outcome = again
        }
    }

    /// For good: a later try gives the same.
    private static let expiredCode = "letter.expired"

    private func isUrgentWaiting(for broker: MemberID) async throws -> Bool {
        try await look { reading in
            try !reading.queued(QueueName(broker, .context), limit: 1).isEmpty
                || reading.queued(QueueName(broker, .forward), limit: 1).first?.lane == .urgent
        }
    }

    /// One part file from where its upload stands; memory holds one file.
    private func send(_ digest: Digest, over connection: any BrokerConnection) async throws -> Bool {
        var state = try await connection.partState(digest)
        for _ in 0..<8 {
            let offset: Int
            switch state {
            case .stored: return true
            case .missing: offset = 0
            case .partial(let count): offset = count
            }
            guard let file = try await look({ try $0.part(digest, offset: offset, count: StoreLimits.partBytes) })
            else { return false }
            do {
                state = try await connection.putPart(digest, offset: offset, bytes: file.bytes, size: file.size)
            } catch let error as ExchangeError where [.badRequest, .notFound, .busy].contains(error.code) {
                return false
            }
        }
        return false
    }

    private func rest(_ outgoing: Outgoing, _ reason: StaticString, at broker: MemberID) async throws -> Bool {
        let seconds = min(
            BrokerLimits.forwardRestSeconds << min(outgoing.delivery.tries, 12), BrokerLimits.longestForwardRestSeconds)
        log(
            .info, "letter rests",
            ["letter": .letter(outgoing.bundle.id), "broker": .member(broker), "reason": .code("\(reason)")])
        // Half of it at least, so that many letters do not come back at one moment.
        try await restUntil(
            outgoing, seconds: Int64.random(in: max(1, seconds / 2)...max(1, seconds)), isTry: true, at: broker)
        return false
    }

    private func restUntil(_ outgoing: Outgoing, seconds: Int64, isTry: Bool, at broker: MemberID) async throws {
        let number = outgoing.delivery.number
        try await transact { transaction in
            let due = transaction.view.now + seconds
            if isTry {
                try transaction.store.rest(number, until: due)
            } else {
                try transaction.store.extend(number, until: due)
            }
        }
    }
}
