// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// The sealer cannot seal what consent does not cover: every event with a form, every field of the form, every sender and
/// recipient, every state that her consent can be in and every single way in which it can fail, in every profile.
///
/// What a consent covers is worked out here a second time, from the letters that gave and took it, without the profile's
/// guards.
@Suite struct SealerPropertyTests {
    /// One state of one consent track, and how it came about.
    struct Consent: CustomStringConvertible {
        let track: String
        let state: String
        /// Whether the last step gave it: else it was never given, taken back, or the track moved for another reason.
        let isGiven: Bool
        /// Whom it names, where the step says so.
        let recipient: MemberID?
        let isExpired: Bool
        let giver: String
        let reference: String
        var description: String {
            "\(track) \(state) to \(recipient?.text ?? "–") by \(giver)\(isExpired ? ", expired" : "")"
        }
    }

    /// A profile with one member for each role, and cases made of consents.
    struct World {
        let shipped: ShippedProfile
        let profile: Profile
        let members: [String: MemberID]
        let sender: MemberID
        let receiver: MemberID
        let stranger: MemberID
        static let now = Instant(seconds: 1_780_000_000)

        init(_ shipped: ShippedProfile, profile: Profile? = nil) throws {
            self.shipped = shipped
            self.profile = profile ?? shipped.profile
            var members: [String: MemberID] = [:]
            for (role, rule) in shipped.profile.definition.roles {
                let name = role.lowercased().replacing("_", with: "-")
                members[role] = MemberID("\(rule.country?.lowercased() ?? "in"):\(name)")
            }
            self.members = members
            let opening = try #require(Self.opening(shipped.profile))
            let rule = try #require(shipped.profile.definition.opening[opening])
            let role = try #require(rule.sender ?? shipped.profile.event(opening)?.by.first)
            sender = try #require(members[role])
            receiver = try #require(members[rule.addressee])
            stranger = try #require(MemberID("in:stranger"))
            var ends: Set<MemberID> = [sender, receiver, stranger]
            var kinds: Set<String> = []
            for rule in shipped.profile.definition.parties
            where shipped.profile.event(rule.event)?.consents.isEmpty == false {
                if kinds.insert(rule.event).inserted, let member = members[rule.role] { ends.insert(member) }
            }
            self.ends = ends.sorted()
        }

        static func opening(_ profile: Profile) -> String? {
            profile.definition.opening.filter { $0.value.only.isEmpty }.keys.min()
        }

        /// Both ends of the case, one of each kind that is asked in later with her consent, and somebody who is no party.
        let ends: [MemberID]

        /// The event with all its facts: what matters is given, the rest is the first that the profile allows.
        func event(_ name: String, _ given: [String: FactValue] = [:]) -> Event {
            var facts: [String: FactValue] = [:]
            for fact in profile.compulsoryFacts(of: name) {
                switch profile.definition.facts[fact]?.kind {
                case .codes(let codes): facts[fact] = .text(codes.contains("yes") ? "yes" : codes[0])
                case .instant: facts[fact] = .integer(Self.now.seconds - 900_000)
                case .date: facts[fact] = .text("2026-05-20")
                case .member: facts[fact] = .text(receiver.text)
                case .digest: facts[fact] = .text(Digest.named("paper").hex)
                case .id, nil: facts[fact] = .text(String(Digest.named("id").hex.prefix(32)))
                }
            }
            for (fact, value) in given where facts[fact] != nil { facts[fact] = value }
            return Event(code: name, facts: facts, person: Digest.named("person").hex)
        }

        /// Letters one after the other, to everybody.
        func history(_ events: [[Event]]) -> CaseHistory {
            var history = CaseHistory(profile: profile)
            var last: Digest?
            var lastOf: [MemberID: Digest] = [:]
            for (number, list) in events.enumerated() {
                let rule = list.first.flatMap { profile.event($0.code) }
                let held = rule?.by.first ?? ""
                let from = number == 0 ? sender : members[held] ?? receiver
                let id = Digest.named("letter-\(number)")
                let roles = Set(members.filter { $0.value == from }.keys)
                history.insert(
                    Step(
                        id: id, parents: last.map { [$0] } ?? [], previous: lastOf[from],
                        root: number == 0 ? nil : .named("letter-0"),
                        from: from, roles: roles, to: number == 0 ? [receiver] : members.values.sorted(),
                        at: Instant(seconds: Self.now.seconds - 500_000 + Int64(number)),
                        lane: profile.lane(of: list) ?? .normal,
                        profile: profile.digest, shown: profile.shown(list), sealed: .opened(list)))
                last = id
                lastOf[from] = id
            }
            return history
        }

        /// The opening, and the answer of whoever it was addressed to.
        var start: [[Event]] {
            guard let opening = Self.opening(profile) else { return [] }
            let reached = profile.definition.lifecycle.transitions.first { $0.event == opening }?.to
            let role = profile.definition.opening[opening]?.addressee ?? ""
            let answer = profile.definition.lifecycle.transitions.first { transition in
                transition.from.contains(reached ?? "")
                    && profile.event(transition.event).map { $0.kind == .progress && $0.by == [role] } ?? false
            }
            return [[event(opening)], [event(answer?.event ?? "")]]
        }

        /// Every way to stand on a track: each state by each event that leads there, for each recipient; and for the right
        /// one by each giver, live and expired.
        func consents(on track: String) -> [(consent: Consent, events: [[Event]])] {
            guard let rule = profile.definition.tracks[track] else { return [] }
            let reference = String(Digest.named(track).hex.prefix(32))
            var result: [(consent: Consent, events: [[Event]])] = [
                (
                    Consent(
                        track: track, state: rule.initial, isGiven: false, recipient: nil, isExpired: false, giver: "",
                        reference: reference), []
                )
            ]
            let giving = rule.edges.filter { profile.compulsoryFacts(of: $0.event).contains("consent_ref") }
            var reached: Set<[String]> = []
            for edge in rule.edges.sorted(by: { ($0.from == rule.initial ? 0 : 1) < ($1.from == rule.initial ? 0 : 1) })
            {
                // The way to where the edge begins: one step more at most, and that gave.
                let before =
                    edge.from == rule.initial
                    ? [] : giving.filter { $0.to == edge.from && $0.from == rule.initial }.prefix(1).map(\.event)
                guard edge.from == rule.initial || !before.isEmpty, reached.insert([edge.event, edge.to]).inserted
                else { continue }
                let facts = profile.compulsoryFacts(of: edge.event)
                // Asked again and said yes again, it is the consent that stood before.
                let isGiven =
                    facts.contains("consent_ref") || (profile.event(edge.event)?.kind == .progress && !before.isEmpty)
                let recipients: [MemberID?] = facts.contains("recipient") ? ends : [nil]
                for recipient in isGiven ? recipients : [nil] {
                    let isRight = recipient == nil || recipient == receiver
                    for giver in isGiven && isRight ? ["self", "self_with_cwc"] : ["self_with_cwc"] {
                        for isExpired in isGiven && isRight ? [false, true] : [false] {
                            var given: [String: FactValue] = [
                                "consent_ref": .text(reference), "given_by": .text(giver), "assent": .text("given"),
                                "valid_until": .text(isExpired ? "2026-05-25" : "2026-08-01"),
                            ]
                            if let recipient { given["recipient"] = .text(recipient.text) }
                            // What stood before was whole, so that nothing but the last step decides.
                            let isNew = facts.contains("consent_ref")
                            let whole = isNew ? given.merging(["valid_until": .text("2026-08-01")]) { $1 } : given
                            result.append(
                                (
                                    Consent(
                                        track: track, state: edge.to, isGiven: isGiven, recipient: recipient,
                                        isExpired: isExpired,
                                        giver: giver, reference: reference),
                                    before.map { [event($0, whole)] } + [[event(edge.event, given)]]
                                ))
                        }
                    }
                }
            }
            return result
        }

        /// Whether `consent` covers a part, by the words of the design: to one end of which it names, for as long as it
        /// lives, given by her, or for a child with the committee, up to its tier, for the classes that it lists.
        func covers(
            _ consent: Consent, name: String, isAdult: Bool, from: MemberID, to: MemberID, tier: Tier,
            classes: Set<String>,
            listed: Set<String>?
        ) -> Bool {
            // A visitor is not told her age. That a child's contact needs the committee is asked where the visit is asked for
            // and reported: `G_FAMILY_CONTACT`.
            let isVisit = consent.track == "family_contact"
            guard consent.isGiven, !consent.isExpired, isAdult || isVisit || consent.giver == "self_with_cwc" else {
                return false
            }
            // A preview is a preview, whatever else the track can say.
            if consent.state == "preview", tier > .t1 { return false }
            guard tier <= profile.definition.consents[name]?.covers ?? .t0 else { return false }
            if let listed, !classes.isSubset(of: listed) { return false }
            guard let recipient = consent.recipient else { return true }
            // Who asked her, and who cares for her, read what a visitor finds with her consent.
            return recipient == to || recipient == from || (isVisit && (to == sender || to == receiver))
        }

        /// Whether all consents that the event needs cover the part; of several, the highest its tier.
        func covers(
            _ standing: [Consent], _ rule: ProfileDefinition.EventRule, isAdult: Bool, from: MemberID, to: MemberID,
            tier: Tier,
            classes: Set<String>, listed: Set<String>?
        ) -> Bool {
            guard !rule.consents.isEmpty else { return tier <= rule.freeTier }
            func limit(_ name: String) -> Tier { profile.definition.consents[name]?.covers ?? .t0 }
            return tier <= rule.consents.map(limit).max() ?? .t0
                && rule.consents.allSatisfy { name in
                    standing.contains { consent in
                        consent.track == profile.definition.consents[name]?.track
                            && covers(
                                consent, name: name, isAdult: isAdult, from: from, to: to, tier: min(tier, limit(name)),
                                classes: classes,
                                listed: listed)
                    }
                }
        }
    }

    struct Outcome: Sendable {
        var wrong: [String] = []
        var allowed: [String: Int] = [:]
        var asked = 0
    }

    private static func describe(_ claim: Disclosure, _ consents: [Consent], _ isAdult: Bool) -> String {
        "\(claim.event) \(claim.tier) \(claim.dataClasses.sorted()) \(claim.from.text) > \(claim.to.text) on \(claim.basis): \(consents), \(isAdult ? "adult" : "child")"
    }

    /// Every tier and class of the form's fields, those of lists included, each once.
    private static func fields(_ schema: FormSchema?) -> Set<[String]> {
        var result: Set<[String]> = []
        func walk(_ fields: [FormSchema.Field]) {
            for field in fields {
                result.insert([field.tier.rawValue, field.dataClass ?? ""])
                if case .list(let inner) = field.kind { walk(inner) }
            }
        }
        walk(schema?.fields ?? [])
        return result
    }

    /// Asks the sealer about everything, and compares with what the consents cover.
    private static func check(_ world: World, only: String? = nil, untilWrong: Bool = false) -> Outcome {
        let profile = world.profile
        var outcome = Outcome()
        let tracks = Set(profile.definition.consents.values.map(\.track)).sorted()
        let adult = profile.definition.tracks["age_branch"]?.edges.first { $0.to == "adult" }?.event
        for track in tracks where only == nil || only == track {
            for (consent, letters) in world.consents(on: track) {
                for isAdult in [true, false] where !untilWrong || outcome.wrong.isEmpty {
                    let age = isAdult ? [[world.event(adult ?? "")]] : []
                    // All others are given and live: nothing but this one is missing.
                    var standing = [consent]
                    var events = world.start + age
                    for other in tracks where other != track {
                        let whole = world.consents(on: other).first {
                            $0.consent.isGiven && !$0.consent.isExpired
                                && $0.consent.giver == (isAdult ? "self" : "self_with_cwc")
                                && ($0.consent.recipient == nil || $0.consent.recipient == world.receiver)
                                && $0.consent.state != "preview" && $0.events.count == 1
                        }
                        guard let whole else { continue }
                        standing.append(whole.consent)
                        events += whole.events
                    }
                    ask(world, world.history(events + letters), standing, about: track, isAdult: isAdult, &outcome)
                }
            }
        }
        return outcome
    }

    private static func ask(
        _ world: World, _ history: CaseHistory, _ standing: [Consent], about track: String, isAdult: Bool,
        _ outcome: inout Outcome
    ) {
        let profile = world.profile
        for name in profile.eventNames {
            guard let rule = profile.event(name), let form = rule.form else { continue }
            let tracks = rule.consents.compactMap { profile.definition.consents[$0]?.track }
            // What reads other consents only is asked where those vary.
            guard tracks.contains(track) || (rule.consents.isEmpty && track == "share_consent") else { continue }
            let fields = fields(world.shipped.catalogue.forms[form])
            for from in world.ends where rule.by.contains(where: { world.members[$0] == from }) {
                let roles = Set(world.members.filter { $0.value == from }.keys)
                for to in world.ends where to != from {
                    func isPermitted(_ tier: Tier, _ classes: Set<String>, _ listed: Set<String>?) -> Bool {
                        let records = listed.map { list in
                            Dictionary(uniqueKeysWithValues: standing.map { ($0.reference, list) })
                        }
                        let claim = Disclosure(
                            form: form, tier: tier, dataClasses: classes, basis: .consent, from: from, roles: roles,
                            to: to,
                            event: name, at: World.now, listed: records ?? [:])
                        outcome.asked += 1
                        guard history.disclosure(claim) == nil else { return false }
                        outcome.allowed[name, default: 0] += 1
                        if !world.covers(
                            standing, rule, isAdult: isAdult, from: from, to: to, tier: tier, classes: classes,
                            listed: listed)
                        {
                            outcome.wrong.append(describe(claim, standing, isAdult))
                        }
                        return true
                    }
                    let tiers = Set(fields.compactMap { Tier(rawValue: $0[0]) }).filter { isPermitted($0, [], nil) }
                    // Lists only narrow: what no consent covers, none covers that lists something.
                    for field in fields where !field[1].isEmpty {
                        guard let tier = Tier(rawValue: field[0]), tiers.contains(tier) else { continue }
                        _ = isPermitted(tier, [field[1]], [field[1]])
                        _ = isPermitted(tier, [field[1]], ["nothing of it"])
                    }
                }
            }
        }
    }

    @Test(arguments: ShippedProfile.all)
    func `whatever the sealer permits on basis consent, a living consent of hers covers`(shipped: ShippedProfile) throws
    {
        let outcome = Self.check(try World(shipped))
        #expect(outcome.wrong.prefix(5) == [], "\(outcome.wrong.count) of \(outcome.asked)")
        // Not because it permits nothing: each event that needs a consent goes to somebody under one.
        let silent = shipped.profile.eventNames.filter { name in
            // A record at the organisation that cares for her goes nowhere.
            guard let rule = shipped.profile.event(name), rule.form != nil, !rule.consents.isEmpty,
                rule.consents != ["C0"]
            else {
                return false
            }
            return outcome.allowed[name] == nil
        }
        #expect(silent == [])
    }

    /// The same check finds each hole: a consent that never ends, is anybody's, is a child's alone, or is not asked at all.
    @Test(arguments: [
        (
            "C2", "share_consent",
            "share_consent == full and (share_consent.recipient == this.to or share_consent.recipient == this.from) and G_SHARE_GIVER"
        ),
        ("C2", "share_consent", "share_consent == full and not passed(share_consent.valid_until) and G_SHARE_GIVER"),
        (
            "C2", "share_consent",
            "share_consent in {preview, full} and not passed(share_consent.valid_until) and G_SHARE_GIVER"
        ),
        (
            "C3", "family_contact", "family_contact == given and not passed(family_contact.valid_until)"
        ),
        ("C4", "mission_contact", "mission_contact in {given, lawful} or not passed(mission_contact.valid_until)"),
        ("C5", "return_consent", "age_branch in {adult, child}"),
        ("C6a", "news", "not news == none"),
        ("C6b", "testimony_contact", "testimony_contact in {given, withdrawn}"),
        ("C6c", "claim_contact", "claim_contact == given"),
    ])
    func `a hole in what a consent must be is found`(consent: String, track: String, weaker: String) throws {
        let shipped = ShippedProfile.named("in-bd-repatriation")
        var definition = shipped.profile.definition
        definition.guards["G_WEAKER"] = weaker
        definition.consents[consent]?.live = "G_WEAKER"
        let broken = try Profile(definition, digest: .named("broken"))
        let outcome = Self.check(try World(shipped, profile: broken), only: track, untilWrong: true)
        #expect(!outcome.wrong.isEmpty)
    }

    /// Law and emergency only where the event names them, custody for no form, and no form but the event's own.
    @Test(arguments: ShippedProfile.all)
    func `no other basis is a way around her consent`(shipped: ShippedProfile) throws {
        let world = try World(shipped)
        let history = world.history(world.start)
        func other(than form: String?) -> String? { shipped.catalogue.forms.keys.sorted().first { $0 != form } }
        var named = 0
        for name in shipped.profile.eventNames {
            guard let rule = shipped.profile.event(name) else { continue }
            for from in world.ends where rule.by.contains(where: { world.members[$0] == from }) {
                for to in world.ends where to != from {
                    for basis in [Basis.law, .emergency, .custody] {
                        for form in Set([rule.form, other(than: rule.form)].compactMap { $0 }) {
                            for tier in Tier.allCases {
                                let claim = Disclosure(
                                    form: form, tier: tier, dataClasses: [], basis: basis, from: from,
                                    roles: Set(world.members.filter { $0.value == from }.keys), to: to, event: name,
                                    at: World.now)
                                guard history.disclosure(claim) == nil else { continue }
                                named += 1
                                #expect(
                                    basis != .custody && rule.bases.contains(basis) && form == rule.form
                                        && tier <= rule.tier)
                            }
                        }
                    }
                }
            }
        }
        #expect(named > 0)
    }
}
