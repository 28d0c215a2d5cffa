// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import Procedure
import Sealing
import TransparencyLog

/// Stage 10: receipts and ends; what other cases and the whole bundle need of this one; the counts.
extension CaseAuditor {
    mutating func checkEnds() {
        for (letter, home) in homes.sorted(by: { $0.key < $1.key }) where !unsound.contains(letter) {
            guard let slip = letters[letter]?.slip else { continue }
            // What was numbered before was counted then.
            for addressee in slip.to where home.index >= world.logs[home.log].first {
                result.numbers.append(
                    (
                        PairName(from: slip.from, to: addressee.member, epoch: addressee.epoch), addressee.sequence,
                        home.log, home.index
                    ))
            }
            switch slip.type {
            case .receipt: checkReceipt(letter, slip, home)
            case .step: checkEnd(letter, slip, home)
            default: break
            }
        }
    }

    private mutating func checkReceipt(_ letter: LetterID, _ slip: Slip, _ home: TrailEvent) {
        guard let about = slip.about, !unsound.contains(about.letter) else { return }
        guard let subject = letters[about.letter]?.slip else {
            return report(.receipt, at: home, letter, "about a letter that is not in the trail")
        }
        if subject.type != .step || subject.addressee(slip.from) == nil {
            report(.receipt, at: home, letter, "of somebody to whom the letter was not addressed")
        }
    }

    private mutating func checkEnd(_ letter: LetterID, _ slip: Slip, _ home: TrailEvent) {
        guard !ended.contains(letter) else { return }
        for addressee in slip.to {
            let states = (papers[letter] ?? []).filter { $0.slip.from == addressee.member }.compactMap(
                \.slip.about?.state)
            if states.contains(.acted) || states.contains(.invalid) { continue }
            if states.isEmpty, world.isSilent(of: events, serving: addressee.member, at: home) { continue }
            let open = UnendedLetter(
                origin: world.logs[home.log].origin, leaf: home.index, letter: letter, member: addressee.member,
                expires: slip.expires ?? waitsUntil(letter, home), isOpened: !states.isEmpty)
            result.open.append(open)
            if let finding = open.finding(world.asOf) {
                result.findings.append(finding)
            } else {
                result.pending[home.log, default: 0] += 1
            }
        }
    }

    /// When a letter that still waits for its ancestors is to be given up. Protocols/Queue.md §6.
    private func waitsUntil(_ letter: LetterID, _ home: TrailEvent) -> Instant? {
        switch home.content {
        case .accepted(_, _, .waiting), .arrived(_, _, .waiting, _): break
        default: return nil
        }
        let isJudged = events.contains {
            guard $0.log == home.log, case .admitted(letter, _) = $0.content else { return false }
            return true
        }
        return isJudged ? nil : home.at + TrailLimits.waitingSeconds
    }

    /// A visible step of which the profile asks the facts `erasure`, `leaves` and `origin` orders an erasure, from where a log admits it.
    /// Protocols/Trail.md §7.
    mutating func order(_ letter: LetterID, _ slip: Slip, at event: TrailEvent) {
        guard slip.type == .step, !ended.contains(letter), let first = world.logs[event.log].firstErased[letter],
            let profile = slip.profile.flatMap({ world.profiles[$0.digest] }),
            let file = events.first(where: { $0.log == event.log && CaseSlips.taken($0)?.letter == letter })
                .flatMap({ CaseSlips.taken($0)?.file })
        else { return }
        let facts = slip.steps.compactMap { ErasureFacts($0, by: profile) }
        guard !facts.isEmpty, let directories = world.directories(at: first.index, of: event.log) else { return }
        // Who had left the network when it was carried out could neither be asked nor answer.
        func isMember(_ member: MemberID) -> Bool { directories.isMember(member, at: first.at) }
        // Whoever can read what the broker cannot has judged it too: those whose answers pass there, and nobody objects.
        var left = Set(
            slip.to.map(\.member).filter {
                isMember($0)
                    && world.logs(serving: $0, at: event.index, of: event.log).contains { $0.number == event.log }
            })
        var (ready, objected) = (event.index, Int64?.none)
        let receipts = (papers[letter] ?? []).compactMap { paper in
            (entries[paper.id] ?? []).first { $0.log == event.log }.map { (index: $0.index, slip: paper.slip) }
        }
        for receipt in receipts.sorted(by: { $0.index < $1.index }) where slip.addressee(receipt.slip.from) != nil {
            switch receipt.slip.about?.state {
            case .valid, .acted: if left.remove(receipt.slip.from) != nil { ready = max(ready, receipt.index) }
            default: objected = objected ?? receipt.index
            }
        }
        guard left.isEmpty else { return }
        // Whoever has a part in the case and was not asked could not object.
        let asked = Set(slip.to.map(\.member) + [slip.from])
        let strangers = strangers(in: event.log)
        var unreached: Set<MemberID> = []
        let passedOver = events.first { other in
            guard other.log == event.log, let taken = CaseSlips.taken(other)?.letter, !ended.contains(taken),
                !strangers.contains(taken), let step = letters[taken]?.slip, step.type == .step
            else { return false }
            let others = Set(step.to.map(\.member) + [step.from]).subtracting(asked)
            if other.index < first.index { unreached.formUnion(others) }
            return others.contains(where: isMember)
        }
        objected = [objected, passedOver?.index].compactMap(\.self).min()
        let overtaken = overtaking(letter, in: event.log, beside: strangers)
        result.orders += facts.map {
            ErasureOrder(
                letter: letter, slip: file, from: slip.from, facts: $0, log: event.log, unreached: unreached.count,
                ready: ready,
                objected: [objected, $0.level == .content ? overtaken : nil].compactMap(\.self).min(),
                retention: profile.retentionSeconds)
        }
    }

    /// The first leaf at which a log takes in something urgent, as a hold is, that a letter does not follow: guards judge by ancestors alone,
    /// so nobody has weighed it, whichever came first.
    private func overtaking(_ order: LetterID, in log: Int, beside strangers: Set<LetterID>) -> Int64? {
        let before = ancestry.before(order)
        return events.first { other in
            guard other.log == log, let taken = CaseSlips.taken(other)?.letter, taken != order,
                !ended.contains(taken), !strangers.contains(taken), let place = ancestry.place(taken),
                !before.contains(place),
                let step = letters[taken]?.slip
            else { return false }
            return step.type == .step && step.lane == .urgent
        }?.index
    }

    /// Urgent letters without all their ancestors, of members who have written and got nothing else of the case, as far as this log knows,
    /// and that show nothing which may be told from outside: they are without effect, and whoever has heard of a pseudonym stops no erasure.
    private func strangers(in log: Int) -> Set<LetterID> {
        var gaps: Set<LetterID> = []
        for event in events where event.log == log {
            switch event.content {
            case .accepted(let letter, _, .gap), .arrived(let letter, _, .gap, _): gaps.insert(letter)
            case .admitted(let letter, _): gaps.remove(letter)
            default: break
            }
        }
        guard !gaps.isEmpty else { return [] }
        let parties = events.filter { $0.log == log }.compactMap(CaseSlips.taken).map(\.letter)
            .filter { !gaps.contains($0) }.compactMap { letters[$0]?.slip }.filter { $0.type == .step }
            .reduce(into: Set<MemberID>()) { $0.formUnion($1.to.map(\.member) + [$1.from]) }
        return gaps.filter { letter in
            guard let slip = letters[letter]?.slip, slip.type == .step, slip.lane == .urgent else { return false }
            return !parties.contains(slip.from) && !isFromOutside(slip)
        }
    }

    private func isFromOutside(_ slip: Slip) -> Bool {
        guard let events = slip.profile.flatMap({ world.profiles[$0.digest] })?.definition.events else { return false }
        return !slip.steps.isEmpty
            && slip.steps.allSatisfy { step in
                events.values.contains { $0.shownAs == step.code && $0.isFromOutside }
            }
    }

    // MARK: - Counts of section 5

    mutating func count() {
        for (letter, home) in homes where !unsound.contains(letter) {
            guard let signed = letters[letter], signed.slip.type == .step else { continue }
            let log = home.log
            for relied in signed.ancestors where letters[relied] != nil && !isProved(relied, for: signed) {
                result.referenced[log, default: 0] += 1
            }
            guard signed.slip.sealed != nil, opened[letter] == nil else { continue }
            let isAttested = (papers[letter] ?? []).contains {
                $0.slip.about?.state == .valid && signed.slip.addressee($0.slip.from) != nil
            }
            if isAttested { result.attested[log, default: 0] += 1 } else { result.sealed[log, default: 0] += 1 }
        }
    }

    /// Whether a letter was in a log before another was signed: below a size that the other quotes.
    func isProved(_ letter: LetterID, for later: CaseLetter) -> Bool {
        guard let place = ancestry.place(later.id), let entries = entries[letter] else { return false }
        return quoted[place].contains { quote in
            entries.contains { $0.log == quote.log && $0.index < quote.size }
        }
    }
}
