// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// What one judge holds of a case: letters, how far it reads them, and what it knows of those that are void.
struct SimulatedJudge {
    /// Absent: a broker, or an auditor.
    let member: MemberID?
    private(set) var history = CaseHistory(profile: .repatriation)
    /// Letters in the order they came.
    private(set) var order: [Int] = []
    private(set) var known: Set<Int> = []
    /// Letters whose sealed steps it reads.
    var opened: Set<Int> = []
    /// By letter: refusals and notices that it knows of.
    var papers: [Int: Set<Int>] = [:]
    /// Letters that an addressee said it had opened.
    var openedBySomebody: Set<Int> = []
    /// Letters that it did not admit itself, and why.
    var refusedHere: [Int: Refusal] = [:]
    /// Urgent letters of somebody who has no part in the case as far as is known: without effect until their ancestors come.
    var unheard: Set<Int> = []
    /// Only for a seeded bug: letters put behind all that came before them.
    var linear: Set<Int> = []
    /// Only for a seeded bug: what is not readable counts as missing.
    var takesUnreadForMissing = false
    var noticeWins = false
    /// Letters of which something became known since it judged that may change a verdict: it became void, an urgent one has its
    /// ancestors now, or one of which it knew only the slip can be read.
    private var changed: Set<Int> = []
    private var isVoidIn: Set<Int> = []
    private var gaps: Set<Int> = []

    init(_ member: MemberID?) { self.member = member }

    func papers(on mail: Int) -> Set<Int> { papers[mail] ?? [] }

    /// Protocols/Queue.md, "Of a letter at a broker": a refusal, or a notice about what nobody has opened.
    func isVoid(_ mail: Int, _ mails: [Simulation.Mail]) -> Bool {
        if refusedHere[mail] != nil || unheard.contains(mail) { return true }
        let papers = papers(on: mail)
        if papers.contains(where: { mails[$0].about == .refusal }) { return true }
        // What it has opened and admitted itself counts, whatever a notice says later.
        let wasOpened =
            openedBySomebody.contains(mail)
            || (member != nil && member != mails[mail].step.from && opened.contains(mail))
        return (!wasOpened || noticeWins) && papers.contains { mails[$0].about == .notice }
    }

    func seen(_ mail: Int, _ mails: [Simulation.Mail]) -> Step {
        var step = mails[mail].step
        if case .opened = step.sealed, !opened.contains(mail) { step.sealed = takesUnreadForMissing ? .none : .unknown }
        step.isVoid = isVoid(mail, mails)
        return step
    }

    func missing(_ mail: Int, _ mails: [Simulation.Mail]) -> [Digest] { history.missingAncestors(of: mails[mail].step) }

    func verdict(_ mail: Int, _ mails: [Simulation.Mail]) -> Verdict {
        var step = seen(mail, mails)
        step.isVoid = false
        return history.admit(step)
    }

    /// Takes a letter in, or in again after more of it has become known.
    mutating func put(_ mail: Int, _ mails: [Simulation.Mail]) {
        if known.insert(mail).inserted {
            order.append(mail)
        } else if case .opened = mails[mail].step.sealed, opened.contains(mail),
            history.step(mails[mail].step.id)?.sealed == .unknown
        {
            changed.insert(mail)
        }
        if !missing(mail, mails).isEmpty {
            gaps.insert(mail)
        } else if gaps.remove(mail) != nil {
            changed.insert(mail)
        }
        var step = seen(mail, mails)
        if linear.contains(mail) {
            step.parents = Array(Set(step.parents + history.heads.filter { $0 != step.id })).sorted()
        }
        if isVoidIn.contains(mail), !step.isVoid {
            isVoidIn.remove(mail)
            rebuild(mails)
        } else {
            if step.isVoid { isVoidIn.insert(mail) }
            history.insert(step)
        }
        for gap in gaps where missing(gap, mails).isEmpty {
            gaps.remove(gap)
            changed.insert(gap)
        }
        guard let subject = mails[mail].subject else { return }
        switch mails[mail].about {
        case .refusal, .notice: papers[subject, default: []].insert(mail)
        case .opened: openedBySomebody.insert(subject)
        case .seenPossibly, nil: return
        }
        guard known.contains(subject), isVoid(subject, mails) != isVoidIn.contains(subject) else { return }
        put(subject, mails)
        changed.insert(subject)
    }

    /// A verdict is one about a letter and what comes before it: whatever rests on what has changed is judged again, each after its ancestors.
    mutating func judgeAgain(_ mails: [Simulation.Mail]) {
        guard !changed.isEmpty else { return }
        let resting = known.filter {
            mails[$0].about == nil && opened.contains($0)
                && (changed.contains($0) || !mails[$0].before.isDisjoint(with: changed))
        }
        for mail in resting.sorted(by: { (mails[$0].before.count, $0) < (mails[$1].before.count, $1) }) {
            if case .refused(let refusal) = verdict(mail, mails) {
                refusedHere[mail] = refusal
            } else {
                refusedHere[mail] = nil
            }
            if isVoid(mail, mails) != isVoidIn.contains(mail) { put(mail, mails) }
        }
        // What these changed in their turn rests on the same, and was judged behind it.
        changed = []
    }

    /// Somebody with the same letters, papers and sight who gets them in this order, each after its ancestors.
    func again(in order: [Int], opening: Set<Int>? = nil, _ mails: [Simulation.Mail]) -> SimulatedJudge {
        var result = SimulatedJudge(member)
        (result.papers, result.openedBySomebody) = (papers, openedBySomebody)
        (result.opened, result.linear) = (opening ?? opened, linear)
        for mail in order {
            let letter = mails[mail]
            if letter.about == nil, result.opened.contains(mail) {
                if case .refused(let refusal) = result.verdict(mail, mails) { result.refusedHere[mail] = refusal }
            }
            result.put(mail, mails)
        }
        return result
    }

    private mutating func rebuild(_ mails: [Simulation.Mail]) {
        history = CaseHistory(profile: .repatriation)
        for mail in order { history.insert(seen(mail, mails)) }
    }
}
