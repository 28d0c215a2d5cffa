// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
import MessageStore
public import Procedure
import Sealing
public import TransparencyLog

/// What an erasure has taken away, or what an order of it must say.
public struct Erasure: Sendable, Hashable {
    public let origin: String
    public let level: LogEvent.ErasureLevel
    /// Leaves of the log, ascending.
    public let leaves: [Int64]
    /// What an order of it says.
    public var facts: ErasureFacts { ErasureFacts(level, leaves: leaves, of: origin) }
}

/// Carrying out what an entitled member ordered. Protocols/Queue.md §13.
extension BrokerCore {
    /// What an order must say so that these cases are erased here: their leaves as they are now.
    ///
    /// - Throws: ``ErasureError`` `.otherLeaves` for a case of which this log holds nothing; ``StoreError``.
    public func erasure(_ level: LogEvent.ErasureLevel, of cases: Set<CaseID>) async throws -> Erasure {
        try await look { reading in
            guard let origin = try reading.logs().last?.origin else {
                throw ErasureError(.otherLeaves, "nothing was logged yet")
            }
            return Erasure(
                origin: origin, level: level,
                leaves: try cases.flatMap { try Self.leaves(of: $0, in: origin, reading) }.sorted())
        }
    }

    /// The same of one case's content, for somebody who has never seen the case and may order it.
    ///
    /// - Throws: as ``erasure(_:of:)``.
    public func erasureDraft(of caseID: CaseID) async throws -> ErasureDraft {
        let erasure = try await erasure(.content, of: [caseID])
        let view = view
        return try await look { reading in
            let letters = try reading.letters(of: caseID).filter { $0.record.status != .waiting }
            let slips = try letters.map { ($0.record, try Slip.read(Array(Gate.slip($0.slip).content))) }
            let steps = slips.filter { $0.0.type == .step && !$0.0.isVoid }.map(\.1)
            guard let opening = slips.first(where: { $0.1.root == nil }), let profile = opening.1.profile else {
                throw ErasureError(.otherLeaves, "the letter that opened the case is not here")
            }
            let standing = slips.filter { !$0.0.isVoid }
            let named = Set(standing.flatMap(\.1.ancestors))
            return ErasureDraft(
                caseID: caseID, root: opening.0.id, profile: profile.digest,
                heads: standing.map(\.0.id).filter { !named.contains($0) }.suffix(LetterLimits.parents).sorted(),
                parties: Set(steps.flatMap { $0.to.map(\.member) + [$0.from] }).filter(view.isMember).sorted(),
                facts: erasure.facts)
        }
    }

    /// Carries out an order: logs it, and takes away what it names. What a crash leaves undone the next start of the store ends.
    ///
    /// - Parameters:
    ///   - order: the letter that orders it.
    ///   - cases: whose record goes; empty: the content of the order's own case.
    /// - Throws: ``ErasureError``, ``StoreError``.
    public func erase(by order: LetterID, record cases: Set<CaseID> = []) async throws -> Erasure {
        while try await transact({ try $0.store.discardParts(limit: 16) }) > 0 {}
        let done = try await transact { try $0.erase(by: order, record: cases) }
        try await queue.destroyErased()
        return done
    }

    static func leaves(of caseID: CaseID, in origin: String, _ reading: any LogReading) throws -> [Int64] {
        let leaves = try reading.leaves(of: caseID).filter { $0.origin == origin }.map(\.index)
        guard !leaves.isEmpty else { throw ErasureError(.otherLeaves, "a case of which this log holds nothing") }
        return leaves
    }
}

extension BrokerTransaction {
    func erase(by order: LetterID, record cases: Set<CaseID>) throws -> Erasure {
        guard let log = try store.logs().last, let letter = try store.letter(order), let caseID = letter.caseID else {
            throw ErasureError(.noOrder, "no such letter")
        }
        guard !cases.contains(caseID) else { throw ErasureError(.noOrder, "an order cannot take its own case away") }
        let ordered = try facts(of: letter, log.origin, cases.isEmpty ? .content : .record)
        try requireAnswers(to: letter)
        try requireNotDone(letter, caseID, log)
        let erasure =
            try cases.isEmpty
            ? content(of: caseID, letter, ordered, log.origin) : record(of: cases, letter, ordered, log.origin)
        let slip = Digest.sha256(try store.slip(order) ?? [])
        for start in stride(from: 0, to: erasure.leaves.count, by: LogLimits.erasedLeaves) {
            let leaves = Array(erasure.leaves[start..<min(start + LogLimits.erasedLeaves, erasure.leaves.count)])
            try self.log(.erased(leaves: leaves, level: erasure.level, letter: order, slip: slip), in: nil)
        }
        for caseID in cases {
            try store.erase(caseID, BrokerCore.leaves(of: caseID, in: log.origin, store), of: log.origin)
        }
        let count = erasure.leaves.count
        note { $0(.notice, "erased", ["order": .letter(order), "leaves": .count(count)]) }
        return erasure
    }

    // MARK: - The order

    private func facts(
        of letter: LetterRecord, _ origin: String, _ level: LogEvent.ErasureLevel
    ) throws -> ErasureFacts {
        let slip = try slip(of: letter.id)
        let named = Digest.sha256(Array(origin.utf8))
        guard let profile = slip.profile.flatMap({ view.profiles[$0.digest] }),
            let facts = slip.steps.lazy.compactMap({ ErasureFacts($0, by: profile) }).first(where: {
                $0.origin == named && $0.level == level
            })
        else { throw ErasureError(.noOrder, "the letter orders no such erasure of this log") }
        guard letter.verdict == .admitted, letter.leaf != nil, !letter.isVoid else {
            throw ErasureError(.notAdmitted, letter.code ?? "it waits")
        }
        return facts
    }

    /// Who carries one order out twice lists more than was ordered.
    private func requireNotDone(_ order: LetterRecord, _ caseID: CaseID, _ log: StoredLog) throws {
        guard var next = try store.leaves(of: caseID).first(where: { $0.origin == log.origin })?.index else { return }
        while next < log.head.size {
            for leaf in try store.leaves(of: log.origin, from: next, count: 256) {
                if let event = leaf.event, case .erased(_, _, order.id, _) = try LogEvent(event).content {
                    throw ErasureError(.done, "at leaf \(leaf.index)")
                }
            }
            next += 256
        }
    }

    /// Whoever can read what this broker cannot has judged the order too: those whose answers pass here, and nobody objects. Who has left the
    /// network can neither be asked nor answer.
    private func requireAnswers(to order: LetterRecord) throws {
        guard let caseID = order.caseID else { return }
        let asked = Set(try slip(of: order.id).to.map(\.member))
        var left = asked.filter { view.isServedHere($0) && view.isMember($0) }
        // Nobody with a part in the case is passed over: one who is not asked cannot object.
        for letter in try store.letters(of: caseID).map(\.record) where letter.type == .step && !letter.isVoid {
            let slip = try slip(of: letter.id)
            let parties = Set(slip.to.map(\.member) + [slip.from]).subtracting(asked)
            guard parties.filter(view.isMember).isSubset(of: [order.from]) else {
                throw ErasureError(.unanswered, "the order does not go to everybody who has a part in the case")
            }
        }
        for letter in try store.letters(of: caseID) where letter.record.type == .receipt && letter.record.leaf != nil {
            let slip = try slip(of: letter.record.id)
            guard let about = slip.about, about.letter == order.id else { continue }
            switch about.state {
            case .valid, .acted: left.remove(slip.from)
            default: throw ErasureError(.objected, about.code ?? "invalid")
            }
        }
        guard left.isEmpty else { throw ErasureError(.unanswered, "\(left.count) addressees have not answered") }
    }

    // MARK: - What it names

    /// The first leaves of the order's own case, as many as it names: the case went on while the order was on its way.
    private func content(
        of caseID: CaseID, _ order: LetterRecord, _ ordered: ErasureFacts, _ origin: String
    ) throws -> Erasure {
        let letters = try store.letters(of: caseID).map(\.record)
        guard try !isOvertaken(order, in: letters) else {
            throw ErasureError(.objected, "the order was made without something urgent, as a hold is")
        }
        for letter in letters where letter.status.isOpen {
            guard try store.neededParts(of: letter.id).isEmpty || letter.id == order.id else {
                throw ErasureError(.open, "a letter of the case is still on its way")
            }
        }
        let leaves = try BrokerCore.leaves(of: caseID, in: origin, store)
        guard let count = ordered.count(ofBeginning: leaves) else {
            throw ErasureError(.otherLeaves, "the order names no beginning of this case")
        }
        return Erasure(origin: origin, level: .content, leaves: Array(leaves.prefix(count)))
    }

    /// The longest retention counts, of the order's profile too, from the end of the last case: so auditors count it, who do not know any
    /// more which case had which.
    private func record(
        of cases: Set<CaseID>, _ order: LetterRecord, _ ordered: ErasureFacts, _ origin: String
    ) throws -> Erasure {
        var leaves: [Int64] = []
        var retention = try slip(of: order.id).profile.flatMap { view.profiles[$0.digest] }?.retentionSeconds ?? 0
        var closed: [(CaseID, Profile, Instant)] = []
        for caseID in cases.sorted() {
            let own = try BrokerCore.leaves(of: caseID, in: origin, store)
            leaves += own
            try requireContentFirst(caseID, origin)
            guard let history = try history(of: caseID) else {
                throw ErasureError(.contentFirst, "no profile of it here")
            }
            let last = try own.last.flatMap { try store.leaves(of: origin, from: $0, count: 1).first?.event }
            let end = try last.map { try LogEvent($0).at } ?? view.now
            retention = max(retention, history.profile.retentionSeconds)
            closed.append((caseID, history.profile, end))
        }
        let end = closed.map(\.2).max() ?? view.now
        guard view.now - end >= retention else {
            throw ErasureError(.retention, "until \((end + retention).seconds)")
        }
        for (caseID, profile, end) in closed { try logClosed(caseID, profile, end) }
        let erasure = Erasure(origin: origin, level: .record, leaves: leaves.sorted())
        guard erasure.facts == ordered else { throw ErasureError(.otherLeaves, "the cases have other leaves here") }
        return erasure
    }

    /// Guards judge a letter by its own case: so an order in the case itself, which a hold or a case that is not over refuses, comes before
    /// one that names the case from outside; and nothing urgent, as a hold is, may have come since.
    private func requireContentFirst(_ caseID: CaseID, _ origin: String) throws {
        let letters = try store.letters(of: caseID).map(\.record)
        let order = try letters.last { letter in
            guard letter.type == .step, (try? facts(of: letter, origin, .content)) != nil else { return false }
            try requireAnswers(to: letter)
            return true
        }
        guard let order, try !isOvertaken(order, in: letters) else {
            throw ErasureError(.contentFirst, "no order in the case, or one made without something urgent")
        }
        guard !letters.contains(where: { $0.status.isOpen }) else {
            throw ErasureError(.open, "a letter of the case is still on its way")
        }
    }

    /// Whether an urgent step stands that the order does not follow. Guards judge the order by its ancestors, so nobody has weighed it yet,
    /// whether it came here before the order or after it.
    private func isOvertaken(_ order: LetterRecord, in letters: [LetterRecord]) throws -> Bool {
        var (known, next): (Set<LetterID>, [LetterID]) = ([order.id], [order.id])
        while let letter = next.popLast() {
            guard try store.letter(letter) != nil else { continue }
            next += try slip(of: letter).ancestors.filter { known.insert($0).inserted }
        }
        return letters.contains { $0.type == .step && $0.lane == .urgent && !$0.isVoid && !known.contains($0.id) }
    }

    /// What may be known of a case for ever: no case id.
    private func logClosed(_ caseID: CaseID, _ profile: Profile, _ end: Instant) throws {
        let letters = try store.letters(of: caseID).map(\.record)
        let steps = letters.filter { $0.type == .step && !$0.isVoid }
        let weeks = (end - (letters.map(\.received).min() ?? end) + 302_400) / 604_800
        try log(
            .closed(
                profile: profile.digest, verdict: letters.contains { $0.verdict == .flagged } ? .flagged : .kept,
                steps: Int64(steps.count), weeks: max(0, weeks)), in: nil)
    }
}
