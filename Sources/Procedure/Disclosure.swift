// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The claim that something may be sealed to somebody.
public struct Disclosure: Hashable, Sendable {
    /// Who asks: a sealer needs to know that consent lives; a reader refuses only what certainly does not.
    public enum Judge: Hashable, Sendable { case sealer, reader }

    /// The form's name; an attachment bears that of the form which names it. Absent: the sealed steps.
    public var form: String?
    public var tier: Tier
    /// What the form holds, by the classes of its filled fields.
    public var dataClasses: Set<String>
    public var basis: Basis
    public var from: MemberID
    /// The sender's roles by the directory.
    public var roles: Set<String>
    public var to: MemberID
    /// The event that the form belongs to.
    public var event: String
    public var facts: [String: FactValue]
    public var at: Instant
    /// Data classes that consent records list, by the `consent_ref` of the step that gave the consent. A consent that
    /// is not here lists none, and covers all.
    public var listed: [String: Set<String>]
    public var judge: Judge

    public init(
        form: String?, tier: Tier, dataClasses: Set<String>, basis: Basis, from: MemberID, roles: Set<String>,
        to: MemberID,
        event: String, facts: [String: FactValue] = [:], at: Instant, listed: [String: Set<String>] = [:],
        judge: Judge = .sealer
    ) {
        self.form = form
        self.tier = tier
        self.dataClasses = dataClasses
        self.basis = basis
        self.from = from
        self.roles = roles
        self.to = to
        self.event = event
        self.facts = facts
        self.at = at
        self.listed = listed
        self.judge = judge
    }
}

extension CaseHistory {
    /// Why this must not be sealed, or `nil` where it may.
    ///
    /// - Parameter step: the letter it goes with, not inserted yet: consents that it gives, or takes, count.
    /// - SeeAlso: Protocols/Procedure.md, "Disclosure".
    public func disclosure(_ claim: Disclosure, with step: Step? = nil) -> Refusal? {
        guard let step else {
            let newest = nodes.reduce(claim.at.seconds) { max($0, $1.newestAt) }
            let situation = situation
            return refusal(claim, states: states(of: situation), newest: situation.newest, judged: nil, now: newest)
        }
        var admission = Admission(self, step)
        let situation = admission.situationAfter()
        return refusal(
            claim, states: states(of: situation), newest: situation.newest, judged: (admission.place, admission.node),
            now: max(admission.node.newestAt, claim.at.seconds))
    }

    func refusal(
        _ claim: Disclosure, states: [States], newest: [Situation.Newest], judged: (place: Int, node: Node)?,
        now: Int64
    ) -> Refusal? {
        // 1. To oneself nothing is disclosed.
        if claim.to == claim.from { return nil }
        guard let rule = profile.event(claim.event) else { return Refusal(.unknownCode, event: claim.event) }
        func refused(_ detail: String, guard name: String? = nil) -> Refusal {
            Refusal(.badBasis, guard: name, event: claim.event, detail: detail)
        }
        // 2. Sealed steps are closed codes: basis custody, and nothing else has it.
        guard let form = claim.form else { return claim.basis == .custody ? nil : refused("steps") }
        guard claim.basis != .custody else { return refused("custody") }
        // 3. The event's own form, no higher than the event allows.
        guard form == rule.form else { return refused("form") }
        guard claim.tier <= min(rule.tier, profile.definition.forms[form] ?? .t0) else { return refused("tier") }
        // 4. Law and emergency only where the event names them.
        if claim.basis != .consent { return rule.bases.contains(claim.basis) ? nil : refused(claim.basis.rawValue) }
        // 5. Consent.
        let by = rule.by.first(where: claim.roles.contains)
        let this = JudgedEvent(
            event: nil, isFull: true, by: by, from: claim.from, recipients: [claim.to], person: nil, at: claim.at)
        let evaluation = GuardEvaluation(
            history: self, judged: judged, states: states, newest: newest, this: this, now: now)
        func isRed(_ guardName: String) -> Bool {
            guard let index = profile.tables.guardIndex[guardName] else { return true }
            let truth = evaluation.evaluate(index)
            return claim.judge == .sealer ? truth != .yes : truth == .no
        }
        let parties = parties(in: everything, root: rootPlace, extra: judged?.node.sight)
        for part in profile.definition.partRules
        where part.tier == claim.tier && claim.roles.contains(part.from)
            && parties.roles(of: claim.to).contains(part.to)
        {
            if isRed(part.guardName) { return refused(part.tier.rawValue, guard: part.guardName) }
        }
        guard !rule.consents.isEmpty else { return claim.tier <= rule.freeTier ? nil : refused("no consent") }
        var covers = Tier.t0
        for name in rule.consents {
            guard let consent = profile.definition.consents[name] else { return refused(name) }
            if isRed(consent.live) { return refused(name, guard: consent.live) }
            covers = max(covers, consent.covers)
            for listed in evaluation.listedClasses(track: consent.track, claim.listed)
            where !claim.dataClasses.isSubset(of: listed) {
                return refused(claim.dataClasses.subtracting(listed).sorted().joined(separator: ","), guard: name)
            }
        }
        return claim.tier <= covers ? nil : refused("tier")
    }
}

extension GuardEvaluation {
    /// The data classes of the consents that may have brought the track where it is.
    fileprivate func listedClasses(track: String, _ listed: [String: Set<String>]) -> [Set<String>] {
        consentReferences(track: track).compactMap { listed[$0] }
    }
}

extension Profile {
    /// On what a letter's forms are disclosed where nobody chooses: the one other basis that each of the events with a form names, where none
    /// of them asks for a consent; else consent.
    public func basis(of events: some Sequence<String>) -> Basis {
        let rules = events.compactMap { event($0) }.filter { $0.form != nil }
        guard let named = rules.first?.bases, named.count == 1, let basis = named.first,
            rules.allSatisfy({ $0.bases == named && $0.consents.isEmpty })
        else { return .consent }
        return basis
    }
}
