// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
import Sealing
import TransparencyLog

/// A case as its trail tells it, without a name: what happened, who did it, between which times it was logged, what it rested on.
public struct CaseStory: Sendable {
    /// One letter.
    public struct Row: Sendable {
        public let letter: LetterID
        /// What a broker sees of it; for receipts and papers their state or code. Empty where everything is sealed.
        public let steps: [String]
        public let type: LetterType
        public let lane: Lane
        public let from: MemberID
        public let to: [MemberID]
        /// When its sender says that it was sent.
        public let at: Instant
        /// Logged after this, by the witnesses' word; before this, by a time stamp; and by the broker's clock at this.
        public let after: Instant?
        public let before: Instant?
        public let logged: Instant
        /// `admitted`, `flagged`, `refused` with its code …
        public let verdict: String
        /// What its recipients said of it: member and state.
        public let receipts: [String]
        /// The visible steps of consents and checkpoints that it came after: the newest of each track.
        public let restsOn: [String]
        /// Whether every letter it names was in a log before it was signed.
        public let isProved: Bool
        /// Whether it holds steps that only its readers know.
        public let isSealed: Bool
    }

    /// A pseudonym.
    public let id: CaseID
    public let rows: [Row]
    /// Where the case stands, or every state that it may stand in, with a broker's sight.
    public let lifecycle: [String]
    public let checkpoints: [Procedure.Checkpoint]
    /// Steps that somebody owes and that are late at the audit's date.
    public let overdue: [DueStep]
}

extension CaseAuditor {
    /// The story by the view of one log; of several the one that knows most.
    mutating func keep(_ view: View) {
        guard world.tellsStories, view.history.count > (result.story?.rows.count ?? 0) else { return }
        let state = view.history.state
        result.story = CaseStory(
            id: id, rows: rows(view), lifecycle: state.lifecycle, checkpoints: view.history.checkpoints(at: world.asOf),
            overdue: view.history.dueSteps(at: world.asOf).filter { $0.isOverdue(at: world.asOf) })
    }

    private func rows(_ view: View) -> [CaseStory.Row] {
        let tracks = standingTracks(view.history.profile)
        return homes.sorted {
            ($0.value.at, $0.value.log, $0.value.index) < ($1.value.at, $1.value.log, $1.value.index)
        }
        .compactMap { letter, home in letters[letter].map { row($0, home, tracks) } }
    }

    private func row(_ letter: CaseLetter, _ home: TrailEvent, _ tracks: [String: String]) -> CaseStory.Row {
        let slip = letter.slip
        let about = slip.about.map { [$0.state?.rawValue, $0.code].compactMap { $0 }.joined(separator: " ") }
        let receipts = (papers[letter.id] ?? []).compactMap { other in
            other.slip.about?.state.map { "\(other.slip.from) \($0.rawValue)" }
        }
        return CaseStory.Row(
            letter: letter.id, steps: slip.steps.map(\.code) + (about.map { [$0] } ?? []), type: slip.type,
            lane: slip.lane,
            from: slip.from, to: slip.to.map(\.member), at: slip.at,
            after: world.logs[home.log].times.after(home.index),
            before: world.logs[home.log].times.before(home.index), logged: home.at, verdict: Self.verdict(of: home),
            receipts: receipts.sorted(),
            restsOn: slip.type == .step ? restsOn(letter.id, tracks) : [],
            isProved: letter.ancestors.allSatisfy { isProved($0, for: letter) }, isSealed: slip.sealed != nil)
    }

    private static func verdict(of event: TrailEvent) -> String {
        switch event.content {
        case .accepted(_, _, let verdict), .arrived(_, _, let verdict, _): verdict.rawValue
        case .refused(_, _, let code, _): "refused: \(code)"
        default: ""
        }
    }

    /// Codes as brokers see them, to the track of a consent or checkpoint on which they stand.
    private func standingTracks(_ profile: Profile) -> [String: String] {
        var result: [String: String] = [:]
        for rule in profile.definition.events.values {
            guard let code = rule.shownAs, let home = rule.home, let track = profile.definition.tracks[home],
                track.group != .side
            else { continue }
            result[code] = home
        }
        return result
    }

    /// Of each such track the newest step that the letter came after.
    private func restsOn(_ letter: LetterID, _ tracks: [String: String]) -> [String] {
        var newest: [String: (at: Instant, code: String)] = [:]
        for ancestor in ancestry.known(ancestry.before(letter)) {
            guard let slip = letters[ancestor]?.slip else { continue }
            for event in slip.steps {
                guard let track = tracks[event.code], newest[track].map({ $0.at <= slip.at }) ?? true else { continue }
                newest[track] = (slip.at, event.code)
            }
        }
        return newest.sorted { $0.key < $1.key }.map { "\($0.value.code)" }
    }
}
