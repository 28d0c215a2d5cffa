// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Membership
import Procedure

/// Turns what a caseworker wants into letters that the procedure admits, or says why it cannot. Pure: seals and writes nothing.
struct ActPlanner {
    let member: MemberID
    let directories: Directories
    let profile: Profile
    let catalogue: FormCatalogue?
    let caseID: CaseID
    /// `nil` when the act opens the case.
    var sight: CaseSight?
    let personKey: [UInt8]
    /// Classes of data that each consent lists, by `consent_ref`, as its form says.
    let listed: [String: Set<String>]
    let now: Instant

    /// Forms that go in a letter of their own: those of a fact just told, or of an event told earlier.
    struct Following {
        var forms: [FilledForm]
        /// The letter that told the event; `nil`: the one the act itself makes.
        var after: LetterID?
    }

    /// - Parameter parents: what the letter will name as its parents.
    func plan(_ act: Act, previous: LetterID?, parents: [LetterID]) throws -> (
        main: LetterPlan?, following: [Following]
    ) {
        let events = act.events.map { event in
            var event = event
            event.person = Person.code(of: act.account, in: caseID, key: personKey)
            return event
        }
        let forms = try act.forms.map { try FilledForm($0) }
        guard !events.isEmpty || !forms.isEmpty else { throw DeskError(.refused, "neither an event nor a form") }
        let own = forms.filter { form in events.contains { $0.code == form.form.event } }
        var following = try earlier(forms.filter { form in !events.contains { $0.code == form.form.event } }, act)
        guard !events.isEmpty else { return (nil, following) }
        guard let lane = profile.lane(of: events) else {
            if let unknown = events.first(where: { profile.event($0.code) == nil }) {
                throw DeskError(Refusal(.unknownCode, event: unknown.code))
            }
            throw DeskError(.mixedLanes, "these events travel on different lanes: make a letter of each")
        }
        // A fact, a stop, a withdrawal never waits for its paper: the form follows in a letter of its own.
        let together = lane == .urgent ? [] : own
        if lane == .urgent, !own.isEmpty { following.insert(Following(forms: own, after: nil), at: 0) }
        let addressees = try addressees(of: events, act)
        var plan = LetterPlan(
            lane: lane, events: events, requires: act.requires ?? requires(of: events), addressees: addressees,
            stepsTier: tier(of: events), forms: [], profile: profile, verdict: .admitted)
        let candidates = formReaders(act, addressees)
        plan.forms = together.map { part($0, act.basis, candidates) }
        // The guards first: a refusal that names one says more than "no consent". Then each part, against the letter's own events too.
        plan.verdict = try admit(plan, previous: previous, parents: parents)
        var after = sight?.history ?? CaseHistory(profile: profile)
        after.insert(try step(plan, previous: previous, parents: parents))
        try check(own, about: events, after: after)
        try disclose(&plan, together, act, candidates, previous: previous, parents: parents)
        plan.verdict = try admit(plan, previous: previous, parents: parents)
        return (plan, following)
    }

    /// Plans the letters of an act without making any, so that a fact does not go out while its form cannot.
    func rehearse(_ act: Act, previous: LetterID?, parents: [LetterID]) throws -> [LetterPlan] {
        var (previous, parents) = (previous, parents)
        let (main, following) = try plan(act, previous: previous, parents: parents)
        var plans: [LetterPlan] = []
        var told = self
        if let main {
            plans.append(main)
            let step = try step(main, previous: previous, parents: parents)
            if told.sight == nil {
                told.sight = CaseSight(opening: caseID, root: step.id, profile: profile, at: now)
            }
            told.sight?.insert(step)
            (previous, parents) = (step.id, [step.id])
        }
        for one in following { plans.append(try told.planForms(one, act, previous: previous, parents: parents)) }
        return plans
    }

    /// Forms of events that were told before, by the letter that told them.
    private func earlier(_ forms: [FilledForm], _ act: Act) throws -> [Following] {
        var groups: [Following] = []
        for form in forms {
            let event = form.form.event
            let told = sight.flatMap { sight in
                act.events.isEmpty ? act.requires?.last ?? newestOwn(event, in: sight) : newestOwn(event, in: sight)
            }
            guard let told else {
                throw DeskError(Refusal(.noEdge, event: event))  // no letter of ours told it
            }
            if let index = groups.firstIndex(where: { $0.after == told }) {
                groups[index].forms.append(form)
            } else {
                groups.append(Following(forms: [form], after: told))
            }
        }
        return groups
    }

    /// The forms of what has been told already, in a letter of their own.
    func planForms(_ following: Following, _ act: Act, previous: LetterID?, parents: [LetterID]) throws -> LetterPlan {
        let forms = following.forms
        let letter = following.after ?? previous
        guard let sight, let letter, let step = sight.history.step(letter), step.from == member,
            forms.allSatisfy({ form in events(of: step).contains { $0.code == form.form.event } })
        else {
            throw DeskError(Refusal(.noEdge, event: forms.first?.form.event))  // forms of another letter
        }
        let named = act.to.filter { step.to.contains($0) }
        let recipients = named.isEmpty ? step.to : named
        var plan = LetterPlan(
            lane: .normal, events: [], requires: [letter], addressees: recipients.sorted(), stepsTier: .t0, forms: [],
            profile: profile,
            verdict: .admitted)
        plan.forms = forms.map { part($0, act.basis, recipients) }
        try check(forms, about: events(of: step), after: sight.history)
        try disclose(&plan, forms, act, recipients, about: events(of: step), previous: previous, parents: parents)
        plan.addressees = Set(plan.forms.flatMap(\.recipients)).sorted()
        plan.verdict = try admit(plan, previous: previous, parents: parents)
        return plan
    }

    // MARK: Judging

    /// The letter as the procedure will see it.
    func step(_ plan: LetterPlan, previous: LetterID?, parents: [LetterID]) throws -> Step {
        Step(
            id: plan.events.isEmpty ? Self.followingDraft : Self.draft,
            parents: Array(Set(parents + [previous].compactMap { $0 })).sorted(), previous: previous,
            root: sight?.record.root, from: member, roles: directories.roles(of: member), to: plan.addressees, at: now,
            lane: plan.lane,
            profile: profile.digest, shown: profile.shown(plan.events), sealed: .opened(plan.events),
            requires: plan.requires,
            parts: plan.claims)
    }

    /// Ids of letters that have none yet: no slip hashes to these in this universe's time.
    private static let draft = digest(0xFF)
    private static let followingDraft = digest(0xFE)
    private static func digest(_ byte: UInt8) -> Digest {
        Digest(Array(repeating: byte, count: 32)) ?? { preconditionFailure("32 bytes") }()
    }

    private func admit(_ plan: LetterPlan, previous: LetterID?, parents: [LetterID]) throws -> Verdict {
        let history = sight?.history ?? CaseHistory(profile: profile)
        let verdict = history.admit(try step(plan, previous: previous, parents: parents))
        switch verdict {
        case .admitted, .flagged: return verdict
        case .refused(let refusal):
            throw DeskError(refusal)
        case .waiting:
            let isComplete = history.missingAncestors(of: try step(plan, previous: previous, parents: parents)).isEmpty
            throw isComplete
                ? DeskError(.unknownProfile, "the profile that it adopts is not here: fetch the documents")
                : DeskError(.incomplete, "letters of this case are still on their way here")
        }
    }

    /// Drops recipients whom no consent covers where the caseworker named none; refuses where she did, or where nobody is left.
    private func disclose(
        _ plan: inout LetterPlan, _ forms: [FilledForm], _ act: Act, _ candidates: [MemberID], about told: [Event] = [],
        previous: LetterID?, parents: [LetterID]
    ) throws {
        let history = sight?.history ?? CaseHistory(profile: profile)
        for (index, form) in forms.enumerated() {
            guard let event = (plan.events + told).first(where: { $0.code == form.form.event }) else { continue }
            let content = form.content(in: catalogue, profile: profile)
            var allowed: [MemberID] = []
            var red: Refusal?
            for recipient in candidates {
                // `this.to` is who gets the forms: each reader is judged as the only one.
                var alone = plan
                alone.forms = [part(form, act.basis, [recipient])]
                let disclosure = Disclosure(
                    form: form.form.name, tier: content.tier, dataClasses: content.dataClasses, basis: act.basis,
                    from: member,
                    roles: directories.roles(of: member), to: recipient, event: event.code,
                    facts: event.facts, at: now, listed: listed, judge: .sealer)
                if let refusal = history.disclosure(
                    disclosure, with: try step(alone, previous: previous, parents: parents))
                {
                    red = red ?? refusal
                } else {
                    allowed.append(recipient)
                }
            }
            let mustAll = !act.to.isEmpty
            if let red, mustAll || allowed.isEmpty {
                throw DeskError(
                    .cannotSeal, "\(form.form.name): \(red.codes)", refusal: red,
                    form: catalogue?.forms[form.form.name])
            }
            plan.forms[index].recipients = allowed
        }
    }

    // MARK: Recipients

    private func addressees(of events: [Event], _ act: Act) throws -> [MemberID] {
        var addressees = Set(act.to)
        if let sight {
            let roles = sight.history.parties.reduce(into: [MemberID: Set<String>]()) { result, entry in
                for party in entry.value { result[party, default: []].insert(entry.key) }
            }
            let closed = events.compactMap { profile.event($0.code)?.to }
            if closed.isEmpty {
                let readers = Readers(profile).readers(of: events, among: roles)
                if let partly = readers.partly.subtracting([member]).min() {
                    throw DeskError(.mixedLanes, "\(partly) may read only some of these events: make a letter of each")
                }
                addressees.formUnion(readers.all)
            }
        }
        addressees.remove(member)
        guard !addressees.isEmpty else { throw DeskError(.noRecipient, "nobody to send it to: name the receiver") }
        for addressee in addressees {
            guard directories.member(addressee) != nil else {
                throw DeskError(.unknownMember, "\(addressee) is in no directory")
            }
        }
        return addressees.sorted()
    }

    /// Whom the forms go to: those who are named, else every addressee whom a consent covers.
    private func formReaders(_ act: Act, _ addressees: [MemberID]) -> [MemberID] {
        act.to.isEmpty ? addressees : act.to.sorted()
    }

    private func part(_ form: FilledForm, _ basis: Basis, _ recipients: [MemberID]) -> LetterPlan.FormPart {
        LetterPlan.FormPart(
            form: form.form, attachments: form.attachments, tier: form.content(in: catalogue, profile: profile).tier,
            basis: basis,
            recipients: recipients)
    }

    // MARK: What it rests on

    /// The newest letters that gave the consents which these events need.
    private func requires(of events: [Event]) -> [LetterID] {
        guard let sight else { return [] }
        var tracks: Set<String> = []
        for event in events {
            for consent in profile.event(event.code)?.consents ?? [] {
                tracks.formUnion(profile.definition.consents[consent].map { [$0.track] } ?? [])
            }
        }
        return tracks.sorted().compactMap { track in
            sight.letters.last { letter in
                letter.state != .invalid
                    && sight.history.step(letter.id).map { step in
                        !step.isVoid && self.events(of: step).contains { profile.event($0.code)?.home == track }
                    } ?? false
            }?.id
        }
    }

    private func newestOwn(_ event: String, in sight: CaseSight) -> LetterID? {
        sight.letters.last { letter in
            letter.sender == member
                && sight.history.step(letter.id).map { self.events(of: $0).contains { $0.code == event } } ?? false
        }?.id
    }

    private func events(of step: Step) -> [Event] {
        if case .opened(let events) = step.sealed { events } else { step.shown }
    }

    private func tier(of events: [Event]) -> Tier {
        events.flatMap(\.facts.keys).compactMap { profile.definition.facts[$0]?.tier }.max() ?? .t0
    }

    // MARK: Forms

    /// Each form against the profile's schema and the facts of its event.
    private func check(_ forms: [FilledForm], about events: [Event], after history: CaseHistory) throws {
        guard forms.isEmpty || catalogue != nil else {
            throw DeskError(.unknownProfile, "the forms of this profile are not here: take in its forms.json")
        }
        for form in forms {
            let facts = events.first { $0.code == form.form.event }?.facts ?? [:]
            let violations = form.content(in: catalogue, profile: profile).violations(
                facts: facts, isChild: history.countsAsChild)
            guard violations.isEmpty else {
                throw DeskError(
                    .formInvalid, "\(form.form.name): \(violations.map(\.codes).joined(separator: "; "))",
                    form: catalogue?.forms[form.form.name], violations: violations)
            }
        }
    }
}
