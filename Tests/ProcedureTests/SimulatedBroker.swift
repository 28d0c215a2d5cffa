// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// A broker's queues and mailboxes for one case.
struct SimulatedBroker {
    struct Delivery {
        var mail: Int
        var to: Simulation.Place
        var isOpen = true
        /// Leased, or handed on, before.
        var wasTried = false
        /// Only the slip, to be known before all else.
        var isContext = false
    }

    let member: MemberID
    let place: Int
    let clock: Int64
    var judge = SimulatedJudge(nil)
    var deliveries: [Delivery] = []
    /// What each letter was answered with: whether it is stored (else refused).
    var answers: [Int: Bool] = [:]
    var context: Set<Int> = []
    var waiting: [Int] = []
    /// Urgent letters that took effect before their ancestors came, and when.
    var gaps: [Int: Int64] = [:]
    /// Grows with every stop, so that a letter is judged again only when there is something new.
    var stops = 0
    var judgedAt: [Int: Int] = [:]
    /// The stop that a letter was withheld for.
    var causes: [Int: Int] = [:]

    mutating func finish(_ delivery: Int) { deliveries[delivery].isOpen = false }

    func open(_ mail: Int) -> [Int] {
        deliveries.indices.filter { deliveries[$0].mail == mail && deliveries[$0].isOpen }
    }
}

/// Protocols/Queue.md, at the level of steps: the numbers are those of its "Acceptance".
extension Simulation {
    /// - Returns: whether it was answered for good (stored or refused); a letter that waits is pushed again.
    func receive(_ mail: Int, at broker: Int, from: Place) -> Bool {
        // 2. Known.
        if brokers[broker].answers[mail] != nil { return true }
        let letter = mails[mail]
        // 3. Its sender was away too long: the answer says so, and nothing of it is kept.
        if let expires = letter.expires, expires <= now {
            if case .end(let end) = from { ends[end].rejected.insert(mail) }
            return true
        }
        if case .end(let end) = from, !ends[end].rejected.isEmpty {
            // Slips of its ancestors that the broker did not keep come along.
            let before = Set(ends[end].judge.history.ancestors(of: letter.step.id))
            for ancestor in ends[end].rejected.sorted() where before.contains(mails[ancestor].step.id) {
                receiveContext(ancestor, at: broker)
            }
        }
        if brokers[broker].waiting.contains(mail) { return false }
        if brokers[broker].answers[mail] != nil { return true }
        if let expires = letter.expires { schedule(.expire(broker: broker, mail: mail), at: expires) }
        return take(mail, at: broker)
    }

    private func take(_ mail: Int, at broker: Int) -> Bool {
        let letter = mails[mail]
        // 5. Receipts and papers.
        if letter.subject != nil {
            let isThere = letter.subject.map { brokers[broker].judge.known.contains($0) } ?? false
            guard isThere, brokers[broker].judge.missing(mail, mails).isEmpty || letter.step.lane == .urgent else {
                return wait(mail, at: broker)
            }
            accept(mail, at: broker)
            return true
        }
        // 6. The procedure.
        switch verdict(mail, at: broker) {
        case .waiting: return wait(mail, at: broker)
        case .refused(let refusal):
            refuse(mail, at: broker, refusal)
            return true
        case .admitted, .flagged:
            accept(mail, at: broker)
            return true
        }
    }

    private func wait(_ mail: Int, at broker: Int) -> Bool {
        if !brokers[broker].waiting.contains(mail), !mistakes.contains(.waitingDropped) || broker == 0 {
            brokers[broker].waiting.append(mail)
            // Receipts and papers have no `expires`, and must not fill the places for good.
            if mails[mail].expires == nil {
                schedule(.expire(broker: broker, mail: mail), at: now + LetterLimits.ancestorsSeconds)
            }
        } else if mistakes.contains(.waitingDropped), broker == 1 {
            brokers[broker].answers[mail] = true
            return true
        }
        return false
    }

    private func verdict(_ mail: Int, at broker: Int) -> Verdict {
        if mistakes.contains(.allAdmitted), brokers[broker].judge.missing(mail, mails).isEmpty { return .admitted }
        let step = brokers[broker].judge.seen(mail, mails)
        let verdict = brokers[broker].judge.verdict(mail, mails)
        switch verdict {
        case .waiting: return verdict
        case .refused(let refusal):
            checkRefusal(mail, at: broker, refusal)
            return verdict
        case .admitted, .flagged:
            guard !mistakes.contains(.staleTaken), !mistakes.contains(.staleHandedOut),
                let stale = brokers[broker].judge.history.objection(to: step)
            else { return verdict }
            guard let stop = stale.stop.flatMap({ places[$0] }), isGivenUp(stop, at: broker) else {
                return .refused(stale)
            }
            brokers[broker].gaps[stop] = nil
            refuse(stop, at: broker, Refusal(.unaware), telling: mails[stop].step.to)
            return self.verdict(mail, at: broker)
        }
    }

    /// Whether a stop no longer stands in the way: its ancestors have not come for so long. A withdrawal stays.
    private func isGivenUp(_ stop: Int, at broker: Int) -> Bool {
        guard let since = brokers[broker].gaps[stop], now - since >= LetterLimits.ancestorsSeconds,
            !brokers[broker].judge.missing(stop, mails).isEmpty
        else { return false }
        return !mails[stop].step.shown.contains { profile.mayWithdraw($0.code) }
    }

    private func accept(_ mail: Int, at broker: Int) {
        let letter = mails[mail]
        let step = letter.step
        brokers[broker].answers[mail] = true
        brokers[broker].context.remove(mail)
        let missing = brokers[broker].judge.missing(mail, mails)
        if !missing.isEmpty, letter.subject == nil {
            brokers[broker].gaps[mail] = now
            let parties = brokers[broker].judge.history.parties.values
            if !parties.contains(where: { $0.contains(step.from) }) { brokers[broker].judge.unheard.insert(mail) }
        }
        brokers[broker].judge.put(mail, mails)
        note("\(brokers[broker].member) stores \(mail)")
        distribute(mail, at: broker)
        takeEffect(mail, at: broker)
        release(at: broker)
    }

    private func distribute(_ mail: Int, at broker: Int) {
        let step = mails[mail].step
        for member in step.to {
            if let end = end(of: member), ends[end].broker == broker { queue(mail, to: .end(end), at: broker) }
        }
        let isOrigin = end(of: step.from).map { ends[$0].broker == broker } ?? (step.from == brokers[broker].member)
        guard isOrigin else { return }
        for other in brokers.indices where other != broker {
            let isServed = step.to.contains { member in end(of: member).map { ends[$0].broker == other } ?? false }
            if isServed { queue(mail, to: .broker(other), at: broker) }
        }
    }

    private func queue(_ mail: Int, to: Place, at broker: Int, isContext: Bool = false) {
        let isThere = brokers[broker].deliveries.contains {
            $0.mail == mail && $0.to == to && $0.isContext == isContext
        }
        guard !isThere else { return }
        brokers[broker].deliveries.append(SimulatedBroker.Delivery(mail: mail, to: to, isContext: isContext))
        schedule(.hand(broker: broker, delivery: brokers[broker].deliveries.count - 1), at: now)
    }

    /// A stop goes at once to the other broker, and what it makes void is withheld.
    private func takeEffect(_ mail: Int, at broker: Int) {
        let letter = mails[mail]
        brokers[broker].stops += 1
        guard letter.step.lane == .urgent, letter.about == nil, !letter.step.shown.isEmpty,
            !brokers[broker].judge.isVoid(mail, mails)
        else { return }
        for other in brokers.indices where other != broker {
            queue(mail, to: .broker(other), at: broker, isContext: true)
        }
        guard !mistakes.contains(.staleTaken) else { return }
        let open = mails.indices.filter { !brokers[broker].open($0).isEmpty }
        // All are judged before one is withheld.
        let void = open.compactMap { mail in cause(of: mail, stop: letter.step.id, at: broker).map { (mail, $0) } }
        for (mail, cause) in void { withhold(mail, at: broker, because: cause) }
        if mistakes.contains(.factsWithheld), broker == 1 {
            for other in open where mails[other].about == nil && mails[other].step.lane == .urgent && other != mail {
                withhold(other, at: broker, because: mail)
            }
        }
    }

    /// Judges again what waited, until nothing moves.
    private func release(at broker: Int) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for mail in brokers[broker].gaps.keys.sorted() where brokers[broker].judge.missing(mail, mails).isEmpty {
                brokers[broker].gaps[mail] = nil
                brokers[broker].judge.unheard.remove(mail)
                brokers[broker].judge.put(mail, mails)
                guard !brokers[broker].judge.isVoid(mail, mails) else { continue }
                if case .refused(let refusal) = verdict(mail, at: broker) {
                    refuse(mail, at: broker, refusal, telling: mails[mail].step.to)
                } else {
                    takeEffect(mail, at: broker)
                }
                isMoving = true
            }
            for mail in brokers[broker].waiting where brokers[broker].waiting.contains(mail) {
                brokers[broker].waiting.removeAll { $0 == mail }
                if take(mail, at: broker) { isMoving = true }
            }
        }
    }

    // MARK: papers

    private func paper(_ about: Mail.About, on subject: Int, by broker: Int, to: [MemberID], code: String) -> Int {
        let step = Step(
            id: id(), parents: [mails[subject].step.id], root: mails[0].step.id, from: brokers[broker].member,
            roles: [],
            to: to, at: Instant(seconds: now + brokers[broker].clock), lane: .urgent, profile: profile.digest)
        var mail = Mail(step: step, subject: subject, about: about)
        mail.code = code
        return post(mail)
    }

    private func issue(_ about: Mail.About, on subject: Int, by broker: Int, to: [MemberID], code: String) {
        let mail = paper(about, on: subject, by: broker, to: to, code: code)
        note("\(brokers[broker].member) issues \(describe(mail))")
        brokers[broker].answers[mail] = true
        brokers[broker].judge.put(mail, mails)
        brokers[broker].stops += 1
        distribute(mail, at: broker)
    }

    /// - Parameter others: those who were given it before it was refused.
    private func refuse(_ mail: Int, at broker: Int, _ refusal: Refusal, telling others: [MemberID] = []) {
        brokers[broker].answers[mail] = false
        brokers[broker].judge.put(mail, mails)
        end(deliveriesOf: mail, at: broker)
        if mistakes.contains(.refusalUnsaid) {
            brokers[broker].judge.refusedHere[mail] = refusal
            brokers[broker].judge.put(mail, mails)
        } else {
            issue(.refusal, on: mail, by: broker, to: [mails[mail].step.from] + others, code: refusal.code)
        }
        release(at: broker)
    }

    @discardableResult private func end(deliveriesOf mail: Int, at broker: Int) -> Bool {
        var wasSeen = false
        for delivery in brokers[broker].deliveries.indices where brokers[broker].deliveries[delivery].mail == mail {
            let found = brokers[broker].deliveries[delivery]
            // Forwarding the slip alone shows nobody what is in it.
            if !found.isContext { wasSeen = wasSeen || found.wasTried || !found.isOpen }
            if !found.isContext { brokers[broker].deliveries[delivery].isOpen = false }
        }
        return wasSeen
    }

    private func withhold(_ mail: Int, at broker: Int, because stop: Int) {
        guard !brokers[broker].open(mail).isEmpty, !brokers[broker].judge.isVoid(mail, mails) else { return }
        let wasSeen = end(deliveriesOf: mail, at: broker)
        brokers[broker].causes[mail] = stop
        let step = mails[mail].step
        let code = wasSeen ? "seen-possibly" : "withheld"
        issue(wasSeen ? .seenPossibly : .notice, on: mail, by: broker, to: [step.from] + step.to, code: code)
        release(at: broker)
    }

    /// Only the broker that keeps it last says so; a receipt ends without a paper.
    private func giveUp(_ mail: Int, at broker: Int) {
        let sender = mails[mail].step.from
        let isOurs = brokers[broker].answers[mail] == true || end(of: sender).map { ends[$0].broker } == broker
        end(deliveriesOf: mail, at: broker)
        brokers[broker].judge.put(mail, mails)
        note("\(brokers[broker].member) gives \(mail) up")
        // Where somebody has it, her receipt says so, and it counts.
        if isOurs, mails[mail].about == nil { issue(.notice, on: mail, by: broker, to: [sender], code: "expired") }
        release(at: broker)
    }

    func expire(_ mail: Int, at broker: Int) {
        if brokers[broker].waiting.contains(mail) {
            brokers[broker].waiting.removeAll { $0 == mail }
            brokers[broker].answers[mail] = false
            return giveUp(mail, at: broker)
        }
        guard mails[mail].expires != nil, brokers[broker].answers[mail] == true, !brokers[broker].open(mail).isEmpty,
            !brokers[broker].judge.isVoid(mail, mails)
        else { return }
        giveUp(mail, at: broker)
    }

    // MARK: handing out

    func hand(_ broker: Int, _ number: Int) {
        let delivery = brokers[broker].deliveries[number]
        guard delivery.isOpen else { return }
        if case .end(let end) = delivery.to, ends[end].awayUntil > now {
            schedule(.hand(broker: broker, delivery: number), at: ends[end].awayUntil + 60)
            return
        }
        let mail = delivery.mail
        if !delivery.isContext {
            if !mistakes.contains(.staleTaken), !mistakes.contains(.staleHandedOut),
                brokers[broker].judgedAt[mail] != brokers[broker].stops
            {
                if let cause = cause(of: mail, stop: nil, at: broker) {
                    return withhold(mail, at: broker, because: cause)
                }
                brokers[broker].judgedAt[mail] = brokers[broker].stops
            }
            checkHandedOut(mail, by: broker)
        }
        brokers[broker].deliveries[number].wasTried = true
        switch delivery.to {
        case .end(let end): send(.deliver(end: end, mail: mail, broker: broker, delivery: number))
        case .broker(let other):
            var context: [Int] = []
            if !mistakes.contains(.contextLeftOut) {
                let before = Set(brokers[broker].judge.history.ancestors(of: mails[mail].step.id))
                // In the order they came here, so none before its own ancestors; papers before what they make void.
                for letter in brokers[broker].judge.order
                where before.contains(mails[letter].step.id) && !brokers[other].judge.known.contains(letter) {
                    context += brokers[broker].judge.papers(on: letter).sorted()
                    context.append(letter)
                }
            }
            send(.forward(to: other, mail: mail, context: context, broker: broker, delivery: number))
        }
        again(.hand(broker: broker, delivery: number))
    }

    /// An ancestor's slip from the other broker.
    @discardableResult func receiveContext(_ mail: Int, at broker: Int) -> Bool {
        let letter = mails[mail]
        if brokers[broker].judge.known.contains(mail) { return true }
        guard !brokers[broker].waiting.contains(mail) else { return false }
        if let subject = letter.subject {
            // A paper makes its letter known as void.
            if !brokers[broker].judge.known.contains(subject) {
                guard letter.about == .refusal || letter.about == .notice else { return false }
                brokers[broker].judge.papers[subject, default: []].insert(mail)
                brokers[broker].judge.put(subject, mails)
            }
        } else {
            switch brokers[broker].judge.verdict(mail, mails) {
            case .waiting: return false
            case .refused(let refusal):
                // Said aloud: else all that descends from it would wait here for ever.
                refuse(mail, at: broker, refusal)
                return true
            case .admitted, .flagged: break
            }
        }
        brokers[broker].context.insert(mail)
        let isGap = !brokers[broker].judge.missing(mail, mails).isEmpty
        if isGap, letter.subject == nil {
            brokers[broker].gaps[mail] = now
            let parties = brokers[broker].judge.history.parties.values
            if !parties.contains(where: { $0.contains(letter.step.from) }) {
                brokers[broker].judge.unheard.insert(mail)
            }
        }
        brokers[broker].judge.put(mail, mails)
        note("\(brokers[broker].member) knows \(mail)")
        takeEffect(mail, at: broker)
        release(at: broker)
        return true
    }

    // MARK: stops

    /// The letter that makes this one void which waits here: a stop that it had not seen, or one that took the consent away on which it
    /// rests.
    private func cause(of mail: Int, stop: Digest?, at broker: Int) -> Int? {
        let letter = mails[mail]
        guard letter.about == nil, letter.step.lane == .normal, !brokers[broker].judge.isVoid(mail, mails) else {
            return nil
        }
        let history = brokers[broker].judge.history
        let step = brokers[broker].judge.seen(mail, mails)
        if let refusal = history.staleness(of: step) { return refusal.stop.flatMap { places[$0] } }
        guard step.parts.contains(where: { $0.basis == .consent }) else { return nil }
        if history.isUncovered(step, after: nil) {
            return history.ancestors(of: step.id).compactMap { places[$0] }.sorted()
                .compactMap { brokers[broker].causes[$0] }.first
        }
        // Of several that take the cover away, the one that rests on the fewest others.
        let stops =
            stop.map { [$0] }
            ?? brokers[broker].judge.order.filter {
                mails[$0].about == nil && mails[$0].step.lane == .urgent && !brokers[broker].judge.isVoid($0, mails)
            }.map { (history.ancestors(of: mails[$0].step.id).count, mails[$0].step.id) }.sorted(by: <).map(\.1)
        return stops.first { history.isUncovered(step, after: $0) }.flatMap { places[$0] }
    }
}
