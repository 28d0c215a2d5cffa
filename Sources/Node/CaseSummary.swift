// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Letters
public import Procedure

/// What lists show of a case: where it stands, and what waits, without a replay of its letters.
public struct CaseSummary: Sendable, Hashable {
    public var overview: CaseOverview
    /// What waits on us most: what is due first; where nothing is, what has waited longest.
    public var ours: Wait?
    /// The same of what waits on others.
    public var others: Wait?
    /// Letters of ours that their readers' nodes have not all checked yet.
    public var underWay: [LetterID]
    /// Our letters with steps, by the state of their way.
    public var sent: [OutboxEntry.State: Int]
    /// When each letter with steps was judged that nobody here has acted on: those that bear no delay, and the others.
    public var urgentCame: [Instant]
    public var ordinaryCame: [Instant]
    /// Whether we have sent a step in it.
    public var isAnswered: Bool

    public var caseID: CaseID { overview.caseID }
}

extension CaseSummary {
    /// As replay says it.
    ///
    /// - Returns: with the first moment at which time alone may change it.
    init(_ sight: CaseSight, member: MemberID, at now: Instant, _ transaction: CaseTransaction) throws {
        let own = sight.letters.filter { $0.type == .step }
        let inbox = try sight.letters.compactMap { letter in
            try transaction.inboxEntry(letter.id).map { (letter, $0) }
        }
        let unread = inbox.filter { $0.0.type == .step && $0.1.state == .judged && $0.1.acted == nil }.map(\.1)
        urgentCame = unread.filter { $0.lane == .urgent }.compactMap(\.judged)
        ordinaryCame = unread.filter { $0.lane == .normal }.compactMap(\.judged)
        let state = sight.history.state
        overview = CaseOverview(
            caseID: sight.record.caseID, openedHere: sight.record.openedHere, created: sight.record.created,
            lifecycle: state.lifecycle, profile: sight.history.profile.digest, hasEnded: state.hasEnded,
            newest: sight.letters.map(\.sent).max() ?? sight.record.created,
            unread: unread.count,
            waiting: inbox.filter { $0.1.state == .waiting || $0.1.state == .stored }.count)
        let waits = try Waits(sight: sight, member: member, now: now).all(transaction).filter {
            $0.kind == .step || $0.kind == .us
        }
        ours = waits.filter { $0.on.contains(member) }.min(by: Self.isSooner)
        others = waits.filter { !$0.on.contains(member) }.min(by: Self.isSooner)
        (underWay, sent) = ([], [:])
        for letter in own {
            guard let entry = try transaction.outboxEntry(letter.id) else { continue }
            sent[entry.state, default: 0] += 1
            switch entry.state {
            case .waiting: underWay.append(letter.id)
            case .refused, .rejected, .ended: break
            case .stored:
                let answered = Set(try transaction.receipts(for: letter.id).map(\.sender))
                let slip = try sight.slips[letter.id] ?? StoredSlip.read(letter.slip)
                if !slip.to.allSatisfy({ answered.contains($0.member) }) { underWay.append(letter.id) }
            }
        }
        isAnswered = own.contains { $0.direction == .out }
    }

    private static func isSooner(_ left: Wait, _ right: Wait) -> Bool {
        func end(_ wait: Wait) -> Instant { wait.due ?? wait.since + 31_536_000 }
        return (end(left), left.since, left.deadline ?? "") < (end(right), right.since, right.deadline ?? "")
    }
}

/// The summaries of all cases in the orders in which people read them, and what pages ask about all of them: made once, when a case has
/// changed, so that no page walks every case.
public struct CaseList: Sendable {
    /// The newest letter first.
    public let cases: [CaseSummary]
    /// Cases that wait on us, and those that wait on others: the longest wait first. Without those that have ended and are read.
    public let ours: [CaseSummary]
    public let others: [CaseSummary]
    /// Cases that others opened, that go on, and in which we have sent no step.
    public let offers: [CaseSummary]
    /// Letters of ours that are under way, those of the case with the newest letter first.
    public let underWay: [LetterID]
    /// Our letters with steps, by the state of their way.
    public let sent: [OutboxEntry.State: Int]
    /// When what waits for people here came, ascending.
    private let urgentCame, ordinaryCame: [Instant]

    init(_ all: some Collection<CaseSummary>) {
        cases = all.sorted { ($1.overview.newest, $0.caseID.text) < ($0.overview.newest, $1.caseID.text) }
        let open = cases.filter { $0.overview.hasEnded != true || $0.overview.unread > 0 }
        func byWait(_ wait: (CaseSummary) -> Wait?) -> [CaseSummary] {
            open.compactMap { summary in wait(summary).map { (summary, $0.since) } }
                .sorted { ($0.1, $0.0.caseID.text) < ($1.1, $1.0.caseID.text) }.map(\.0)
        }
        ours = byWait(\.ours)
        others = byWait(\.others)
        offers = cases.filter { !$0.isAnswered && !$0.overview.openedHere && $0.overview.hasEnded != true }
        underWay = cases.flatMap { $0.underWay }
        sent = cases.reduce(into: [:]) { $0.merge($1.sent, uniquingKeysWith: +) }
        urgentCame = cases.flatMap { $0.urgentCame }.sorted()
        ordinaryCame = (cases.flatMap { $0.ordinaryCame } + ours.compactMap { $0.ours?.since }).sorted()
    }

    /// When the first came after `mark`.
    func news(after mark: Instant) -> News {
        News(urgent: Self.first(after: mark, in: urgentCame), ordinary: Self.first(after: mark, in: ordinaryCame))
    }

    private static func first(after mark: Instant, in came: [Instant]) -> Instant? {
        var (low, high) = (0, came.count)
        while low < high {
            let middle = (low + high) / 2
            if came[middle] > mark { high = middle } else { low = middle + 1 }
        }
        return low < came.count ? came[low] : nil
    }
}
