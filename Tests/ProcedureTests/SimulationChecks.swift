// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// What must hold, while the simulation runs and after everything was delivered.
extension Simulation {
    /// What the cases of a run came to: without it the properties could hold because nothing ever happened.
    struct Tally: Sendable {
        var letters = 0, concurrent = 0, refused = 0, stale = 0, withheld = 0, expired = 0, seenPossibly = 0
        var cleared = 0, departed = 0, withdrawals = 0, hostile = 0, sameSight = 0, judged = 0, longest = 0
        var states: Set<String> = []

        mutating func add(_ other: Tally) {
            letters += other.letters
            concurrent += other.concurrent
            refused += other.refused
            stale += other.stale
            withheld += other.withheld
            expired += other.expired
            seenPossibly += other.seenPossibly
            cleared += other.cleared
            departed += other.departed
            withdrawals += other.withdrawals
            hostile += other.hostile
            sameSight += other.sameSight
            judged += other.judged
            longest = max(longest, other.longest)
            states.formUnion(other.states)
        }
    }

    func events(_ mail: Int) -> [Event] {
        if case .opened(let events) = mails[mail].step.sealed { events } else { mails[mail].step.shown }
    }

    private func rules(_ mail: Int) -> [ProfileDefinition.EventRule] {
        events(mail).compactMap { profile.event($0.code) }
    }
    private func isWithdrawal(_ mail: Int) -> Bool { rules(mail).contains { $0.isWithdrawal } }

    // MARK: while it runs

    /// A broker refuses an honest letter only for what its sender could not know or count: a letter before it that is void meanwhile, or one
    /// that counts after all, because somebody had opened what the sender was told had been given up.
    func checkRefusal(_ mail: Int, at broker: Int, _ refusal: Refusal) {
        guard mails[mail].isHonest, let end = end(of: mails[mail].step.from) else { return }
        let before =
            brokers[broker].judge.history.ancestors(of: mails[mail].step.id).compactMap { places[$0] }
            + mails[mail].step.parents.compactMap { places[$0] }.flatMap { parent in
                [parent] + brokers[broker].judge.history.ancestors(of: mails[parent].step.id).compactMap { places[$0] }
            }
        let isExplained = before.contains {
            brokers[broker].judge.isVoid($0, mails) || ends[end].judge.refusedHere[$0] != nil
                || isRevived($0, at: broker, unknownTo: mail)
        }
        if !isExplained {
            faults.append(
                "\(brokers[broker].member) refused \(refusal.code) \(refusal.detail ?? "") what its sender admitted: "
                    + describe(mail))
        }
    }

    /// Whether a letter counts for a broker by a receipt that the maker of a later one had not heard of, only of the notice.
    private func isRevived(_ mail: Int, at broker: Int, unknownTo later: Int) -> Bool {
        let papers = mails[later].before.filter { mails[$0].subject == mail }.map { mails[$0].about }
        return papers.contains(.notice) && !papers.contains(.opened)
            && brokers[broker].judge.openedBySomebody.contains(mail) && !brokers[broker].judge.isVoid(mail, mails)
    }

    /// After a visible stop is known, no broker hands out visible progress of the lifecycle which neither precedes nor follows it; what
    /// the other broker has refused meanwhile goes with that paper.
    func checkHandedOut(_ mail: Int, by broker: Int) {
        let moving = Set(profile.definition.lifecycle.transitions.map(\.event))
        let judge = brokers[broker].judge
        let shown = mails[mail].step.shown.map(\.code)
        guard mails[mail].step.lane == .normal, !judge.isVoid(mail, mails),
            events(mail).contains(where: {
                moving.contains($0.code) && isVisible(.progress, $0)
                    && shown.contains(profile.event($0.code)?.shownAs ?? "")
            })
        else { return }
        for stop in judge.order where mails[stop].isHonest && mails[stop].about == nil && !judge.isVoid(stop, mails) {
            guard events(stop).contains(where: { isVisible(.stop, $0) }), !mails[mail].before.contains(stop),
                !mails[stop].before.contains(mail)
            else { continue }
            faults.append("\(brokers[broker].member) hands out \(describe(mail)) beside \(describe(stop))")
        }
    }

    /// Whether everything behind the code that brokers see is of this class.
    private func isVisible(_ kind: ProfileDefinition.EventRule.Kind, _ event: Event) -> Bool {
        guard let code = profile.event(event.code)?.shownAs else { return false }
        return profile.eventNames.compactMap { profile.event($0) }.filter { $0.shownAs == code }
            .allSatisfy { $0.kind == kind }
    }

    // MARK: at the end

    /// Ends that are parties and were honest all the time.
    private var honest: [Int] {
        let parties = Set(brokers[0].judge.history.parties.values.flatMap { $0 })
        return ends.indices.filter { !isOutside($0) && !ends[$0].isHostile && parties.contains(ends[$0].member) }
    }

    func verify() -> Tally {
        var tally = Tally()
        checkRest()
        checkLate(&tally)
        let full = checkSights(&tally)
        checkNothingLost(full)
        count(&tally)
        return tally
    }

    private func checkRest() {
        for broker in brokers {
            for delivery in broker.deliveries where delivery.isOpen {
                faults.append("\(broker.member) still has \(describe(delivery.mail))")
            }
            for mail in broker.waiting { faults.append("\(broker.member) waits with \(describe(mail))") }
        }
        for end in ends {
            for mail in end.waiting where mails[mail].isHonest {
                faults.append("\(end.member) waits with \(describe(mail))")
            }
        }
    }

    /// All known letters of a judge, in a random order in which none stands before its ancestors.
    private func shuffled(_ judge: SimulatedJudge) -> [Int] {
        var rest = judge.known.sorted().shuffled(using: &random)
        var done: Set<Digest> = []
        var result: [Int] = []
        while !rest.isEmpty {
            var later: [Int] = []
            for mail in rest {
                let step = mails[mail].step
                let named = step.parents + [step.previous, step.root, step.opened].compactMap { $0 }
                if named.allSatisfy({ done.contains($0) || !judge.history.contains($0) }) {
                    result.append(mail)
                    done.insert(step.id)
                } else {
                    later.append(mail)
                }
            }
            guard later.count < rest.count else { return result + later }
            rest = later
        }
        return result
    }

    private func compare(_ left: CaseHistory, _ right: CaseHistory, _ what: String) {
        let (one, other) = (left.state, right.state)
        if one != other {
            let tracks = one.tracks.filter { other.tracks[$0.key] != $0.value }.keys.sorted()
            let differing = zip(one.events, other.events).first { $0 != $1 }
            faults.append(
                "\(what): \(one.lifecycle) and \(other.lifecycle), \(tracks), "
                    + (differing.map { "\($0.0.event) \($0.0.effect) and \($0.1.event) \($0.1.effect)" } ?? ""))
        }
        if left.heads != right.heads { faults.append("\(what): heads differ") }
        if left.parties != right.parties { faults.append("\(what): parties differ") }
    }

    private func voids(_ judge: SimulatedJudge) -> [Int] { judge.known.filter { judge.isVoid($0, mails) }.sorted() }

    /// Each judge stands where one would who gets the same letters late and in another order; equal sight, equal state.
    private func checkLate(_ tally: inout Tally) {
        for end in honest {
            let (judge, name) = (ends[end].judge, ends[end].member.text)
            let late = judge.again(in: shuffled(judge), mails)
            compare(judge.history, late.history, "\(name) and one who came late")
            for mail in Set(voids(judge)).symmetricDifference(voids(late)).sorted() {
                let code = { (judge: SimulatedJudge) in
                    judge.refusedHere[mail]?.code ?? "\(judge.isVoid(mail, self.mails))"
                }
                faults.append("\(name): \(code(judge)), one who came late: \(code(late)), void: \(describe(mail))")
            }
            // With what is known of each to begin with, any order at all.
            var inserted = CaseHistory(profile: profile)
            for mail in judge.known.sorted().shuffled(using: &random) { inserted.insert(judge.seen(mail, mails)) }
            compare(judge.history, inserted, "\(name) and any order")
        }
        // The auditor has all slips and reads nothing.
        var auditor = SimulatedJudge(nil)
        for broker in brokers {
            for (mail, papers) in broker.judge.papers { auditor.papers[mail, default: []].formUnion(papers) }
            auditor.openedBySomebody.formUnion(broker.judge.openedBySomebody)
        }
        auditor.unheard = brokers[0].judge.unheard.intersection(brokers[1].judge.unheard)
        for broker in brokers { for mail in shuffled(broker.judge) { auditor.put(mail, mails) } }
        // A broker that serves nobody of the case any longer hears of nothing more: the role may have passed to another country.
        let served = Set(auditor.history.parties.values.joined().map(\.country))
        for broker in brokers where served.contains(broker.member.country) {
            // Of a letter that only others use it hears the end with the next one that builds on the notice.
            let unheard = broker.judge.known.filter { mail in
                let papers = (auditor.papers[mail] ?? []).subtracting(broker.judge.papers[mail] ?? [])
                let users = [mails[mail].step.from] + mails[mail].step.to
                return !papers.isEmpty
                    && papers.allSatisfy { mails[$0].about == .notice && !broker.judge.known.contains($0) }
                    && !users.contains { $0.country == broker.member.country }
            }
            compareStates(broker.judge, auditor, "\(broker.member) and the auditor", beside: Set(unheard))
        }
        for (place, one) in honest.enumerated() {
            for other in honest.dropFirst(place + 1) {
                let (left, right) = (ends[one].judge, ends[other].judge)
                // That a sealed list is empty knows only who reads it.
                func sight(_ judge: SimulatedJudge) -> Set<Int> {
                    judge.opened.filter { mails[$0].about == nil && mails[$0].step.sealed != .none }
                }
                guard sight(left) == sight(right) else { continue }
                tally.sameSight += 1
                compareStates(left, right, "\(ends[one].member) and \(ends[other].member)")
            }
        }
    }

    /// The state alone: one may know receipts and void letters that the other has not heard of.
    private func compareStates(
        _ left: SimulatedJudge, _ right: SimulatedJudge, _ what: String, beside unheard: Set<Int> = []
    ) {
        func broken(_ judge: SimulatedJudge) -> Set<Int> {
            judge.known.filter { !judge.history.missingAncestors(of: mails[$0].step).isEmpty }
        }
        // A letter of somebody hostile that names what never comes is nobody's ancestor; not all hear of it.
        guard broken(left).isEmpty, broken(right).isEmpty else { return }
        let (one, other) = (left.history.state, right.history.state)
        let unlike = left.known.intersection(right.known).subtracting(unheard)
            .filter { left.isVoid($0, mails) != right.isVoid($0, mails) }
        if !unlike.isEmpty { faults.append("\(what): void for one only \(unlike.sorted().map(describe))") }
        if one.lifecycle != other.lifecycle || one.tracks != other.tracks {
            let tracks = one.tracks.filter { other.tracks[$0.key] != $0.value }.keys.sorted()
            faults.append("\(what): \(one.lifecycle) and \(other.lifecycle), \(tracks)")
        }
        for mail in left.known.union(right.known).sorted() where mails[mail].about == nil {
            let isShared = left.known.contains(mail) && right.known.contains(mail)
            let judge = left.known.contains(mail) ? left : right
            if !isShared, !events(mail).isEmpty, !judge.isVoid(mail, mails) {
                faults.append("\(what): only one has \(describe(mail))")
            }
        }
    }

    /// One who reads everything judges all; who reads less never refuses what that one admits, and excludes no state that is true.
    ///
    /// - Returns: the one who reads everything.
    private func checkSights(_ tally: inout Tally) -> SimulatedJudge {
        var all = brokers[0].judge
        for end in honest { all.openedBySomebody.formUnion(ends[end].judge.openedBySomebody) }
        let full = all.again(in: shuffled(all), opening: Set(mails.indices), mails)
        let state = full.history.state
        if !state.isExact || state.lifecycle.count != 1 {
            faults.append("one who reads all does not know: \(state.lifecycle)")
        }
        tally.states.formUnion(state.lifecycle)
        checkConsent(full, state, &tally)
        let reader = honest.randomElement(using: &random)
        let views: [(String, Set<Int>)] =
            [("a broker", [])] + (reader.map { [(ends[$0].member.text, ends[$0].judge.opened)] } ?? [])
        let order = shuffled(full)
        var more = CaseHistory(profile: profile)
        var admitted: Set<Int> = []
        for mail in order {
            let step = full.seen(mail, mails)
            if !step.isVoid, mails[mail].about == nil {
                if case .refused = more.admit(step) {} else { admitted.insert(mail) }
            }
            more.insert(step)
        }
        let sure = more.state
        for (name, opened) in views {
            var less = CaseHistory(profile: profile)
            for mail in order {
                var seen = full.seen(mail, mails)
                if case .opened = seen.sealed, !opened.contains(mail) { seen.sealed = .unknown }
                if admitted.contains(mail) {
                    tally.judged += 1
                    if case .refused(let refusal) = less.admit(seen) {
                        faults.append(
                            "\(name) refuses \(refusal.code) what one with more sight admits: \(describe(mail))")
                    }
                }
                less.insert(seen)
            }
            let unsure = less.state
            if !Set(sure.lifecycle).isSubset(of: unsure.lifecycle) {
                faults.append("\(name) excludes \(sure.lifecycle): \(unsure.lifecycle)")
            }
            for (track, found) in sure.tracks.sorted(by: { $0.key < $1.key })
            where !Set(found).isSubset(of: unsure.tracks[track] ?? []) {
                faults.append("\(name) excludes \(track) \(found): \(unsure.tracks[track] ?? [])")
            }
        }
        return full
    }

    /// No clearance has effect beside a withdrawal of the consent to return or to share, nor after one without a new consent between
    /// them; no departure that is not flagged does so after one, by its ancestors or by replay.
    private func checkConsent(_ full: SimulatedJudge, _ state: CaseState, _ tally: inout Tally) {
        let withdrawals = [
            "RETURN_CONSENT_WITHDRAWN": "RETURN_CONSENT", "SHARE_CONSENT_WITHDRAWN": "SHARE_CONSENT_FULL",
        ]
        let steps: Set = ["CLEARANCE_PROPOSED", "CLEARANCE_COUNTERSIGNED", "DEPARTED"]
        for (number, standing) in state.events.enumerated() where steps.contains(standing.event) {
            guard standing.effect == .effective, let mail = places[standing.letter] else { continue }
            let isDeparture = standing.event == "DEPARTED"
            if isDeparture {
                guard standing.flags.isEmpty, full.verdict(mail, mails) == .admitted else { continue }
                tally.departed += 1
            } else {
                tally.cleared += 1
            }
            let before = Set(full.history.ancestors(of: standing.letter))
            for (place, other) in state.events.enumerated() {
                guard let consent = withdrawals[other.event], other.letter != standing.letter,
                    other.effect == .effective || other.effect == .overtaken
                else { continue }
                let isAncestor = before.contains(other.letter)
                let follows = full.history.ancestors(of: other.letter).contains(standing.letter)
                if follows { continue }
                if !isAncestor {
                    // A departure beside it is a fact, and the withdrawal acts on it: she is turned back.
                    if !isDeparture || place < number {
                        faults.append("\(standing.event) stands beside \(other.event): \(describe(mail))")
                    }
                    continue
                }
                let isGivenAgain = state.events.contains {
                    $0.event == consent && $0.effect == .effective && before.contains($0.letter)
                        && !full.history.ancestors(of: other.letter).contains($0.letter)
                }
                if !isGivenAgain { faults.append("\(standing.event) stands after \(other.event): \(describe(mail))") }
            }
        }
        tally.withdrawals += state.events.filter { withdrawals[$0.event] != nil }.count
    }

    /// Each honest letter came to each addressee, or its sender holds a paper that says it did not; facts and withdrawals always count;
    /// every event that counts stands in the record once.
    private func checkNothingLost(_ full: SimulatedJudge) {
        // A broker takes what only the sealed steps forbid. Who holds which role may then be one thing for brokers and another for ends,
        // and brokers refuse letters between people who are no parties to them.
        let isJammed = honest.contains { end in
            ends[end].judge.refusedHere.keys.contains { mail in
                brokers.contains { !$0.judge.isVoid(mail, mails) && $0.judge.known.contains(mail) }
            }
        }
        guard !isJammed else { return }
        let voids = Set(voids(full))
        // Where the letter that gave somebody a part was retracted nobody writes to her any more, though a broker, which reads less, must
        // still take her for a party: she has what was addressed to her, and need not hear of the rest.
        let parties = Set(full.history.parties.values.joined())
        for mail in mails.indices where mails[mail].isHonest && mails[mail].about == nil {
            guard let sender = end(of: mails[mail].step.from), !isOutside(sender), !ends[sender].isHostile else {
                continue
            }
            let told =
                ends[sender].rejected.contains(mail)
                || ends[sender].judge.order.contains { mails[$0].subject == mail && mails[$0].about != .opened }
            // Who handed the case on in a letter that came too late for the broker cannot speak of it any more.
            let own = ends[sender].judge.history.parties.values.joined()
            if told, !own.contains(ends[sender].member) { continue }
            for member in mails[mail].step.to {
                guard let end = end(of: member), honest.contains(end) else { continue }
                if !ends[end].judge.known.contains(mail) {
                    faults.append("\(member) does not know \(describe(mail))")
                } else if !told, !ends[end].judge.opened.contains(mail) {
                    faults.append("\(member) never got \(describe(mail)), and nobody said so")
                }
            }
            let mustStand = rules(mail).contains { $0.kind == .fact || $0.isWithdrawal }
            for broker in brokers where mustStand && broker.judge.isVoid(mail, mails) {
                faults.append("void at \(broker.member): \(describe(mail))")
            }
            for end in honest where !voids.contains(mail) && parties.contains(ends[end].member) {
                if ends[end].judge.history.step(mails[mail].step.id) == nil {
                    faults.append("\(ends[end].member) has lost \(describe(mail))")
                    continue
                }
            }
        }
        for end in honest {
            let state = ends[end].judge.history.state
            var found: [Digest: Int] = [:]
            for standing in state.events { found[standing.letter, default: 0] += 1 }
            for mail in ends[end].judge.known.sorted() where mails[mail].about == nil {
                let judge = ends[end].judge
                guard !judge.isVoid(mail, mails) else { continue }
                let expected = judge.opened.contains(mail) ? events(mail).count : mails[mail].step.shown.count
                if found[mails[mail].step.id] ?? 0 != expected, mails[mail].isHonest {
                    faults.append("\(ends[end].member): \(describe(mail)) is not in the record")
                }
            }
        }
    }

    private func count(_ tally: inout Tally) {
        tally.letters = mails.count
        tally.longest = mails.count
        for mail in mails {
            if mail.about == .refusal { tally.refused += 1 }
            if mail.code == Refusal.Reason.stale.rawValue { tally.stale += 1 }
            if mail.code == "withheld" { tally.withheld += 1 }
            if mail.code == "seen-possibly" { tally.seenPossibly += 1 }
            if mail.code == "expired" { tally.expired += 1 }
            if !mail.isHonest { tally.hostile += 1 }
            if mail.step.parents.count > 1 { tally.concurrent += 1 }
        }
    }
}
