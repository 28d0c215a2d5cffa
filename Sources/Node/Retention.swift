// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Procedure
import TransparencyLog

/// What keeps a case from being erased, and until when its trail is kept at least.
///
/// An order of erasure judges it again when it comes: this is what it would find now. Protocols/CaseFile.md §3.1.
public struct Retention: Sendable, Hashable {
    /// A state in which the profile lets nothing be erased: a legal hold, a hearing that is open.
    public struct Hold: Sendable, Hashable {
        public var track: String
        public var state: String
        /// Whose step brought it about, and when; absent where this node cannot read that.
        public var by: MemberID?
        public var since: Instant?
    }

    /// Sorted by track.
    public var holds: [Hold]
    /// Whether the case has ended; what goes on is not erased.
    public var hasEnded: Bool
    /// The first moment at which its trail, which holds no content, may be erased too; absent while the case goes on.
    public var trailUntil: Instant?

    init(holds: [Hold], hasEnded: Bool, trailUntil: Instant? = nil) {
        self.holds = holds
        self.hasEnded = hasEnded
        self.trailUntil = trailUntil
    }

    /// - Parameter newest: when the newest letter of the case was sent.
    init(_ state: CaseState, _ profile: Profile, newest: Instant) {
        hasEnded = state.hasEnded == true
        trailUntil = hasEnded ? newest + profile.retentionSeconds : nil
        holds = profile.statesThatKeep.compactMap { track, held in
            guard let at = state.tracks[track]?.first(where: held.contains) else { return nil }
            let edges = profile.definition.tracks[track]?.edges ?? []
            let step = state.events.last { standing in
                standing.effect == .effective && edges.contains { $0.event == standing.event && $0.to == at }
            }
            return Hold(track: track, state: at, by: step?.from, since: step?.at)
        }.sorted { $0.track < $1.track }
    }
}

extension Profile {
    /// By track the states in which no order of erasure is admitted.
    fileprivate var statesThatKeep: [String: Set<String>] {
        let orders = definition.events.values.filter(\.ordersErasure)
        return orders.flatMap(\.guards).compactMap(guardExpression).flatMap(forbidden).reduce(into: [:]) {
            $0[$1.0, default: []].formUnion($1.1)
        }
    }

    /// What a guard forbids whatever else holds: `not track == state` among the terms that must all be true.
    private func forbidden(by condition: Guard) -> [(String, [String])] {
        switch condition {
        case .named(let name): guardExpression(name).map(forbidden) ?? []
        case .all(let parts): parts.flatMap(forbidden)
        case .not(.equals(.state(let track), .code(let state))): [(track, [state])]
        case .not(.isIn(.state(let track), let states)): [(track, states)]
        default: []
        }
    }
}

extension DeskWords {
    /// Why a case is kept, and how long; a sentence each.
    public func sentences(for retention: Retention) -> [String] {
        let holds = retention.holds.map { hold in
            labels.sentence(
                .keptBy,
                [
                    "track": track(hold.track), "state": states([hold.state], of: hold.track),
                    "holder": hold.by.map(member) ?? "…", "time": hold.since.map(moment) ?? "…",
                ])
        }
        guard let until = retention.trailUntil else { return holds + [labels.sentence(.keptOpen)] }
        let content = holds.isEmpty ? [labels.sentence(.keptContent)] : []
        return holds + content + [labels.sentence(.keptTrail, ["time": moment(until)])]
    }
}
