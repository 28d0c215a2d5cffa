// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import Procedure
import Sealing
import TransparencyLog

/// Stage 9: every verdict of a log, made again in the order of the log, with what its broker could see.
extension CaseAuditor {
    /// One broker's view of the case as it grows.
    struct View {
        let log: Int
        var history: CaseHistory
        /// With what was disclosed: `nil` where nothing was.
        var full: CaseHistory?
        /// Letters that this log has named so far.
        var named: Set<LetterID> = []
        /// Letters of which the log says that a recipient took them.
        var fetched: Set<LetterID> = []
        var void: [LetterID: LetterID?] = [:]
        /// Letters that its history knows.
        var inserted: Ancestry.Letters
        /// What is judged alike in every view of the case.
        let shared: SharedVerdicts

        mutating func insert(_ step: Step, at place: Int?, opened: Step? = nil) {
            if let place {
                inserted.insert(place)
                shared.note(step, at: place)
            }
            history.insert(step)
            full?.insert(opened ?? step)
        }
    }

    mutating func replay(_ log: Int) {
        let own = events.filter { $0.log == log }
        guard !own.isEmpty, let profile = caseProfile(own) else { return }
        let history = CaseHistory(profile: profile, versions: world.profiles)
        var view = View(
            log: log, history: history, full: opened.isEmpty ? nil : history, inserted: ancestry.none, shared: shared)
        for event in own {
            switch event.content {
            case .accepted(let letter, _, let verdict), .arrived(let letter, _, let verdict, _):
                guard view.named.insert(letter).inserted else { continue }
                judge(letter, verdict, at: event, &view)
            case .admitted(let letter, let verdict): judge(letter, verdict, at: event, &view)
            case .refused(let letter, _, let code, let refusal):
                judgeRefusal(letter, code, refusal, at: event, &view)
                view.named.insert(letter)
            case .fetched(let letter, _): view.fetched.insert(letter)
            case .expired(let letter, let notice): judgeEnd(letter, .expired, notice, at: event, &view)
            case .gone(let letter, let notice): judgeEnd(letter, .gone, notice, at: event, &view)
            case .withheld(let letter, let stop, let notice):
                judgeWithheld(letter, .withheld, stop, notice, at: event, &view)
            case .seenPossibly(let letter, let stop, let notice):
                judgeWithheld(letter, .seenPossibly, stop, notice, at: event, &view)
            default: continue
            }
        }
        keep(view)
    }

    /// The profile of the letter that opened the case; until that is here, of the first that names one.
    private mutating func caseProfile(_ own: [TrailEvent]) -> Profile? {
        let named = letters.values.filter { $0.slip.profile != nil }
        let root =
            named.first { $0.slip.root == nil }
            ?? named.min { ($0.slip.at, $0.slip.from) < ($1.slip.at, $1.slip.from) }
        guard let reference = root?.slip.profile else { return nil }
        return world.profiles[reference.digest]
    }

    // MARK: - Verdicts

    private mutating func judge(
        _ letter: LetterID, _ logged: LogEvent.Verdict, at event: TrailEvent, _ view: inout View
    ) {
        guard let slip = letters[letter]?.slip, !unsound.contains(letter) else { return }
        // 1. Its ancestors are there, of this case, with one root.
        let before = ancestry.before(letter)
        let missing = ancestry.missing(before)
        guard before.isDisjoint(with: unsoundPlaces) else {
            markUnsound(letter)  // what is wrong was said of the ancestor
            return
        }
        if logged == .waiting {
            if missing.isEmpty, ancestry.known(before).allSatisfy(view.named.contains) {
                report(.procedure, at: event, letter, "waiting, though all its ancestors were known")
            }
            return
        }
        let isGap = logged == .gap
        if !missing.isEmpty, !isGap {
            report(
                .ancestor, slip.lane == .urgent ? .incomplete : .fail, at: event, letter,
                "\(missing.count) ancestors are not in the trail")
            if slip.lane == .normal { return }
        }
        let roots = ancestry.roots(before) + (slip.root == nil ? [letter] : [])
        let relies = slip.requires.allSatisfy { ancestry.place($0).map(before.contains) ?? false }
        if missing.isEmpty, roots != [slip.root ?? letter] || !relies {
            return report(.ancestor, at: event, letter, "not one root, or it requires what is no ancestor")
        }
        // 2. Profile and role.
        if let profile = slip.profile?.digest, !world.isInForce(profile, at: event.index, of: event.log) {
            return report(.role, at: event, letter, "made under a profile that is not in force there")
        }
        // 3. The verdict, against the ancestors alone.
        if !isGap { addContexts(before, at: event, &view) }
        let step = step(letter, slip, at: event)
        let verdict = verdict(step, slip, after: missing.isEmpty && !isGap ? before : nil, in: view.history)
        compare(verdict, logged, step, at: event, view)
        if logged == .admitted, missing.isEmpty { order(letter, slip, at: event) }
        let full = opened[letter].map { Step(id: letter, slip: slip, roles: step.roles, opened: $0) }
        if let full, let history = view.full, case .refused(let refusal) = history.admit(full) {
            report(.procedure, at: event, letter, "by its disclosed steps: \(refusal.code)")
        }
        // A stranger's urgent letter is without effect until its ancestors have come.
        if isGap, !view.history.isHeard(step) { return }
        var inserted = step
        inserted.isVoid = view.void[letter] != nil
        view.insert(inserted, at: ancestry.place(letter), opened: full)
        if slip.type == .refusal || slip.type == .notice { apply(slip, &view) }
    }

    private func step(_ letter: LetterID, _ slip: Slip, at event: TrailEvent) -> Step {
        Step(
            id: letter, slip: slip,
            roles: world.directories(at: event.index, of: event.log)?.roles(of: slip.from) ?? [])
    }

    /// As a broker judges: admission, and for visible progress that is admitted the stops it had not seen. Papers are its own.
    ///
    /// - Parameter ancestors: all of them, each in `history`; `nil` where one is not: then the verdict is of this log alone.
    private func verdict(
        _ step: Step, _ slip: Slip, after ancestors: Ancestry.Letters?, in history: CaseHistory
    ) -> Verdict {
        guard slip.type == .step || slip.type == .receipt else {
            let missing = history.missingAncestors(of: step)
            return missing.isEmpty || slip.lane == .urgent ? .admitted : .waiting(missing)
        }
        return history.verdict(on: step) {
            guard let ancestors, slip.root != nil else { return history.admit(step) }
            return shared.verdict(on: step, after: ancestors) { history.admit(step) }
        }
    }

    private mutating func compare(
        _ verdict: Verdict, _ logged: LogEvent.Verdict, _ step: Step, at event: TrailEvent, _ view: View
    ) {
        let mine: String
        switch verdict {
        case .admitted: mine = LogEvent.Verdict.admitted.rawValue
        case .flagged:
            let isGap = !view.history.missingAncestors(of: step).isEmpty
            mine = (isGap ? LogEvent.Verdict.gap : .flagged).rawValue
        case .waiting: mine = LogEvent.Verdict.waiting.rawValue
        case .refused(let refusal):
            return report(
                refusal.reason == .wrongRole ? .role : .procedure, at: event, step.id,
                "logged \(logged.rawValue), the procedure refuses it: \(refusal.code)")
        }
        guard mine != logged.rawValue else { return }
        report(.procedure, at: event, step.id, "logged \(logged.rawValue), the procedure says \(mine)")
    }

    /// Ancestors that this log knew without an event of their own: handed over as context, void ones with their paper.
    private func addContexts(_ ancestors: Ancestry.Letters, at event: TrailEvent, _ view: inout View) {
        for place in ancestors.subtracting(view.inserted).places {
            let letter = ancestry.id(place)
            guard let slip = letters[letter]?.slip else { continue }
            var step = step(letter, slip, at: event)
            step.isVoid = (papers[letter] ?? []).contains { Self.voids($0.slip, letter) }
            view.insert(
                step, at: place,
                opened: opened[letter].map { Step(id: letter, slip: slip, roles: step.roles, opened: $0) })
        }
    }

    /// Whether a paper takes a letter's steps out: a refusal, or a notice that it was not handed over.
    static func voids(_ paper: Slip, _ letter: LetterID) -> Bool {
        guard let about = paper.about, about.letter == letter else { return false }
        return paper.type == .refusal || paper.type == .notice && about.code != NoticeCode.seenPossibly.rawValue
    }

    /// A paper of the other broker, when it becomes known here.
    private func apply(_ paper: Slip, _ view: inout View) {
        guard let about = paper.about, Self.voids(paper, about.letter), !view.fetched.contains(about.letter) else {
            return
        }
        markVoid(about.letter, stop: about.stop, &view)
    }

    private func markVoid(_ letter: LetterID, stop: LetterID?, _ view: inout View) {
        view.void[letter] = .some(stop)
        guard var step = view.history.step(letter) else { return }
        step.isVoid = true
        view.insert(step, at: ancestry.place(letter))
    }

    // MARK: - Refusals and notices

    /// The signed letter that an event names: of this type, about this letter, with this code.
    private func paper(_ id: LetterID, _ type: LetterType, about letter: LetterID, code: String) -> About? {
        guard let slip = letters[id]?.slip, slip.type == type, let about = slip.about, about.letter == letter,
            about.code == code
        else { return nil }
        return about
    }

    private mutating func judgeRefusal(
        _ letter: LetterID, _ code: String, _ refusal: LetterID, at event: TrailEvent, _ view: inout View
    ) {
        defer { markVoid(letter, stop: nil, &view) }
        guard let slip = letters[letter]?.slip, !unsound.contains(letter) else { return }
        guard let about = paper(refusal, .refusal, about: letter, code: code) else {
            return report(.refusal, at: event, letter, "refused without its signed refusal")
        }
        let before = ancestry.before(letter)
        guard before.isDisjoint(with: unsoundPlaces) else { return }
        if ancestry.missing(before).isEmpty { addContexts(before, at: event, &view) }
        var step = step(letter, slip, at: event)
        if code == Refusal.Reason.stale.rawValue {
            if let stop = about.stop { learn(stop, at: event, &view) }
            if !isVoided(step, by: about.stop, in: view.history), !isHiddenInPart(about.stop, at: event) {
                report(.refusal, at: event, letter, "stale, but the stop that it names does not make it void")
            }
        } else if code == Refusal.Reason.unaware.rawValue, slip.lane == .urgent, !ancestry.missing(before).isEmpty,
            event.at - slip.at >= LetterLimits.ancestorsSeconds - LetterLimits.aheadSeconds
        {
            // A stop whose ancestors never came: given up.
        } else if case .refused(let mine) = view.history.admit(step), mine.code == code {
        } else {
            report(.refusal, at: event, letter, "refused (\(code)), though the procedure does not say so")
        }
        step.isVoid = true
        view.insert(step, at: ancestry.place(letter))
    }

    /// A stop takes effect by its slip alone, which another broker sends ahead of the letter: that broker had logged it by then.
    private mutating func learn(_ stop: LetterID, at event: TrailEvent, _ view: inout View) {
        guard !view.history.contains(stop) else { return }
        let isKnownElsewhere = (entries[stop] ?? []).contains { other in
            other.log != event.log && other.at <= event.at + TrailLimits.toleranceSeconds
        }
        guard isKnownElsewhere || isHidden(stop, at: event), let place = ancestry.place(stop) else { return }
        var letters = ancestry.before(stop)
        letters.insert(place)
        addContexts(letters, at: event, &view)
    }

    /// Whether its sender's log may have said at a closed leaf, or may say elsewhere, that it has a letter of which no other log speaks.
    private func isHidden(_ letter: LetterID, at event: TrailEvent) -> Bool {
        guard !(entries[letter] ?? []).contains(where: { $0.log != event.log }) else { return false }
        guard let from = letters[letter]?.slip.from else { return !world.isWhole }
        return !world.hasWholeLog(of: from, at: event.index, of: event.log)
    }

    /// Whether closed leaves may explain that a stop and what it rests on are not all here.
    private func isHiddenInPart(_ stop: LetterID?, at event: TrailEvent) -> Bool {
        guard let stop, isHidden(stop, at: event) else { return false }
        return letters[stop] == nil || !ancestry.missing(ancestry.before(stop)).isEmpty
    }

    /// Whether a stop that is known, and no ancestor of the letter, makes it void: judged with these two and what came before them.
    private func isVoided(_ step: Step, by stop: LetterID?, in history: CaseHistory) -> Bool {
        guard let stop, history.contains(stop) else { return false }
        var small = CaseHistory(profile: history.profile, versions: world.profiles)
        let before = step.parents + [step.root, step.previous, stop].compactMap { $0 }
        for id in Set(before.flatMap { history.ancestors(of: $0) + [$0] }) where id != step.id {
            if let known = history.step(id) { small.insert(known) }
        }
        return small.staleness(of: step)?.stop == stop
    }

    private mutating func judgeWithheld(
        _ letter: LetterID, _ code: NoticeCode, _ stop: LetterID, _ notice: LetterID, at event: TrailEvent,
        _ view: inout View
    ) {
        learn(stop, at: event, &view)
        // Judged as the case stood before the notice.
        let history = view.history
        if code == .withheld { markVoid(letter, stop: stop, &view) }
        guard !unsound.contains(letter) else { return }
        guard let about = paper(notice, .notice, about: letter, code: code.rawValue), about.stop == stop else {
            return report(.refusal, at: event, letter, "\(code.rawValue) without its signed notice")
        }
        guard !isHiddenInPart(stop, at: event) else { return }
        guard let step = history.step(letter), history.contains(stop) else {
            return report(.refusal, at: event, letter, "\(code.rawValue), but its stop was not known then")
        }
        let rests = history.ancestors(of: letter).contains { view.void[$0] == .some(stop) }
        guard
            isVoided(step, by: stop, in: history) || history.isUncovered(step, after: stop)
                || rests && history.isUncovered(step, after: nil)
        else { return report(.refusal, at: event, letter, "\(code.rawValue), but its stop does not make it void") }
    }

    private mutating func judgeEnd(
        _ letter: LetterID, _ code: NoticeCode, _ notice: LetterID, at event: TrailEvent, _ view: inout View
    ) {
        guard !unsound.contains(letter) else { return }
        if !view.fetched.contains(letter) { markVoid(letter, stop: nil, &view) }
        guard paper(notice, .notice, about: letter, code: code.rawValue) != nil else {
            return report(.refusal, at: event, letter, "\(code.rawValue) without its signed notice")
        }
        if code == .expired, let expires = letters[letter]?.slip.expires, expires > event.at {
            report(.refusal, at: event, letter, "given up before its time")
        }
    }
}
