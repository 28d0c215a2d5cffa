// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing
import TransparencyLog

/// What can be said only when everything was read: whether the logs agree, which leaves are explained, which numbers are missing.
struct TrailSettlement {
    let world: TrailWorld
    let manifest: TrailManifest?
    let totals: CaseTotals
    /// What the auditor asked for.
    let scope: TrailScope
    /// From where the bundle goes on.
    let since: TrailState?
    let evidence: Set<SeenCheckpoint>

    func findings() -> [TrailFinding] {
        var found = world.absent.map {
            TrailFinding(
                .absent, origin: $0, leaf: nil, detail: "the trust folder has a policy for it, the bundle no log")
        }
        found += unasked() + forks() + stale() + times() + unstamped()
        let (erasure, explained) = erasures()
        found += erasure + unopened(explained) + numbers().found + undisclosed() + overdue()
        return found
    }

    // MARK: - 1: what was asked for

    private func unasked() -> [TrailFinding] {
        guard let manifest else { return [] }
        if !scope.isPromised(by: manifest) {
            return [TrailFinding(.scope, detail: "the bundle does not promise what was asked for")]
        }
        guard manifest.profile == .oneCase else { return [] }
        // The row that would show it, `heads/…`, is not verified.
        return [TrailFinding(.scope, detail: "nothing shows that the case had no further event")]
    }

    // MARK: - 5: one history

    private func forks() -> [TrailFinding] {
        var quoted = evidence.union(world.trust.kept.map(\.seen))
        for log in world.logs { quoted.formUnion(log.cosigned.map(\.checkpoint)) }
        var places: Set<[String]> = []
        return quoted.compactMap { checkpoint in
            guard let log = world.log(checkpoint.origin), log.agrees(checkpoint) == false,
                places.insert([checkpoint.origin, String(checkpoint.size)]).inserted
            else { return nil }
            return TrailFinding(
                .fork, origin: checkpoint.origin, leaf: checkpoint.size,
                detail: "somebody kept a checkpoint of this size that is no prefix of this tree")
        }
    }

    private func stale() -> [TrailFinding] {
        world.logs.compactMap { log in
            let newest = log.newest?.time
            guard newest.map({ world.asOf - $0 > TrailLimits.staleSeconds }) ?? true else { return nil }
            return TrailFinding(
                .stale, origin: log.origin, leaf: log.size,
                detail: newest.map { "cosigned last \(world.asOf - $0) s before the audit's date" } ?? "never cosigned")
        }
    }

    private func unstamped() -> [TrailFinding] {
        guard !world.trust.timeAuthorities.isEmpty else { return [] }
        return world.logs.filter { $0.times.stampedSize < $0.provenSize }.map {
            TrailFinding(
                .unstamped, origin: $0.origin, leaf: $0.times.stampedSize,
                detail: "from here on no time stamp says when a leaf existed")
        }
    }

    // MARK: - 7: the broker's clock

    private func times() -> [TrailFinding] {
        var found: [TrailFinding] = []
        for log in world.logs {
            log.forEachOpened { index, at in
                let isEarly = log.times.after(index).map { at < $0 + -TrailLimits.toleranceSeconds } ?? false
                let isLate = log.times.before(index).map { at > $0 + TrailLimits.toleranceSeconds } ?? false
                guard isEarly || isLate else { return }
                found.append(
                    TrailFinding(
                        .time, origin: log.origin, leaf: index,
                        detail:
                            "the broker's clock is more than 5 min \(isEarly ? "before its witness'" : "after a time stamp")"
                    ))
            }
        }
        return found
    }

    // MARK: - 6, 11: closed leaves

    private func unopened(_ explained: [Set<Int64>]) -> [TrailFinding] {
        guard let manifest, manifest.profile != .oneCase else { return [] }
        var found: [TrailFinding] = []
        for log in world.logs {
            let promised = manifest.profile == .period ? manifest.logs[log.origin] ?? .init(from: 0, to: 0) : nil
            var outside = 0
            guard log.hasTree else {
                for size in log.roots.keys where size > 0 {
                    found.append(TrailFinding(.root, origin: log.origin, leaf: size, detail: "leaves are missing"))
                }
                continue
            }
            var window: TrailWindow?
            if case .period(let period) = scope, promised != nil { window = TrailWindow(period, of: log) }
            for index in log.first..<log.provenSize where !log.isOpened(index) && !explained[log.number].contains(index)
            {
                let isPromised = promised.map { index >= $0.from && index < $0.to } ?? true
                if isPromised || window?.certain.contains(index) ?? false {
                    found.append(
                        TrailFinding(
                            .unopened, origin: log.origin, leaf: index, detail: "neither opened nor erased by order"))
                } else if window?.possible.contains(index) ?? false {
                    found.append(
                        TrailFinding(
                            .unopened, .incomplete, origin: log.origin, leaf: index,
                            detail: "closed, and nothing shows that it lies outside the period"))
                } else {
                    outside += 1
                }
            }
            if outside > 0 {
                found.append(TrailFinding(.outside, origin: log.origin, leaf: nil, detail: String(outside)))
            }
        }
        return found
    }

    /// Each `erased` event against its order. Several events may carry out one order. Records first: with a record the order that erased
    /// its content goes.
    private func erasures() -> (found: [TrailFinding], explained: [Set<Int64>]) {
        var found: [TrailFinding] = []
        var explained = [Set<Int64>](repeating: [], count: world.logs.count)
        for log in world.logs {
            let carriedOut = Dictionary(grouping: log.erased) { Carried(letter: $0.letter, level: $0.level) }
            for (name, parts) in carriedOut.sorted(by: { $0.key.level.rawValue > $1.key.level.rawValue }) {
                let order = order(of: name, parts, log)
                for part in parts.sorted(by: { $0.index < $1.index }) {
                    let isGone = name.level == .content && explained[log.number].isSuperset(of: part.leaves)
                    guard order != nil && part.leaves.allSatisfy({ $0 < part.index }) || isGone else {
                        found.append(
                            TrailFinding(
                                .erasure, origin: log.origin, leaf: part.index, letter: name.letter,
                                detail: "no valid order for these leaves, or not after them"))
                        continue
                    }
                    if name.level == .record { explained[log.number].formUnion(part.leaves) }
                    let by = order.map(Self.told) ?? "the order went with the record"
                    found.append(
                        TrailFinding(
                            .erased, origin: log.origin, leaf: part.index, letter: name.letter,
                            detail: "\(name.level) of \(part.leaves.count) leaves, \(by)"))
                }
            }
        }
        return (found, explained)
    }

    private static func told(_ order: ErasureOrder) -> String {
        let unreached = order.unreached > 0 ? "; \(order.unreached) parties had left, and were not asked" : ""
        return "ordered by \(order.from.text)\(unreached)"
    }

    private struct Carried: Hashable {
        let letter: LetterID
        let level: LogEvent.ErasureLevel
    }

    /// The valid order that these events carry out, all together.
    private func order(of name: Carried, _ parts: [TrailLog.Erased], _ log: TrailLog) -> ErasureOrder? {
        let leaves = parts.flatMap(\.leaves)
        let facts = ErasureFacts(name.level, leaves: leaves, of: log.origin)
        guard let first = parts.min(by: { $0.index < $1.index }) else { return nil }
        return totals.orders.first { order in
            guard order.letter == name.letter, parts.allSatisfy({ $0.slip == order.slip }), order.facts == facts,
                order.log == log.number, order.ready < first.index, order.objected.map({ $0 > first.index }) ?? true
            else { return false }
            guard name.level == .record else { return true }
            guard let retention = retention(before: first.index, log) else { return false }
            // Certainly too early: its newest leaf was logged after this.
            guard let newest = leaves.max(), let after = log.times.after(newest) else { return true }
            return first.at >= after + max(retention, order.retention) + -TrailLimits.toleranceSeconds
        }
    }

    /// How long the profiles of the cases keep them whose record goes at this leaf, by the `closed` events right before it.
    ///
    /// - Returns: `nil` where there is none, or a profile is not here.
    private func retention(before leaf: Int64, _ log: TrailLog) -> Int64? {
        var (next, longest) = (leaf - 1, Int64?.none)
        for closing in log.closings.reversed() where closing.index == next {
            guard let profile = world.profiles[closing.profile] else { return nil }
            (next, longest) = (next - 1, max(longest ?? 0, profile.retentionSeconds))
        }
        return longest
    }

    // MARK: - 8: numbers

    /// What is wrong with the pairs' numbers, and where they stand now.
    func numbers() -> (found: [TrailFinding], pairs: [PairName: TrailState.Pair]) {
        var pairs = since?.pairs ?? [:]
        guard let profile = manifest?.profile, profile == .all || profile == .increment, world.absent.isEmpty else {
            return ([], pairs)
        }
        var found: [TrailFinding] = []
        for (name, numbers) in totals.numbers {
            var pair = pairs[name] ?? TrailState.Pair()
            var last: CaseTotals.Number?
            for number in numbers.sorted(by: { ($0.sequence, $0.log, $0.index) < ($1.sequence, $1.log, $1.index) }) {
                defer { last = number }
                let log = world.logs[Int(number.log)]
                let sequence = Int64(number.sequence)
                let missing = sequence - pair.last - 1
                if missing > 0 {
                    if missing > closed(log, from: last, to: number) + Int64(totals.unsound) {
                        found.append(gap(log, number, "\(missing) numbers of this pair are missing before it"))
                    }
                    pair.missing.append(pair.last + 1...sequence - 1)
                } else if missing < 0, !pair.finds(sequence) {
                    found.append(gap(log, number, "a number used twice"))
                }
                pair.last = max(pair.last, sequence)
            }
            pairs[name] = pair
        }
        return (found, pairs)
    }

    /// Letters of cases of which this bundle holds nothing, and which have not ended.
    private func overdue() -> [TrailFinding] {
        guard let since else { return [] }
        var found: [TrailFinding] = []
        var pending: [String: Int] = [:]
        for letter in since.open.filter({ totals.open[$0.key] == nil }).values.joined() {
            if let finding = letter.finding(world.asOf) {
                found.append(finding)
            } else {
                pending[letter.origin, default: 0] += 1
            }
        }
        return found + pending.map { TrailFinding(.pending, origin: $0, leaf: nil, detail: String($1)) }
    }

    private func gap(_ log: TrailLog, _ number: CaseTotals.Number, _ detail: String) -> TrailFinding {
        TrailFinding(.gap, origin: log.origin, leaf: Int64(number.index), detail: detail)
    }

    /// Leaves between two letters that are closed: each may have been one of the missing.
    private func closed(_ log: TrailLog, from: CaseTotals.Number?, to: CaseTotals.Number) -> Int64 {
        let start = from.map { $0.log == to.log ? Int64($0.index) : log.first } ?? log.first
        guard start < Int64(to.index) else { return 0 }
        guard log.hasTree else { return Int64(to.index) - start }
        return (start..<Int64(to.index)).reduce(0) { $0 + (log.isOpened($1) ? 0 : 1) }
    }

    private func undisclosed() -> [TrailFinding] {
        world.trust.disclosed.keys.filter { !totals.disclosed.contains($0) }.map { _ in
            TrailFinding(.disclosed, detail: "an opened part to which no slip of the bundle commits")
        }
    }
}
