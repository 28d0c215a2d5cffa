// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// The main path up to a letter, judged and inserted.
func history(upTo name: String, sight: ReplayScript.Sight = .full, story: String = "main-path-adult") throws
    -> CaseHistory
{
    var script = try ReplayDocument.read(Protocols.bytes("Vectors/procedure/\(story).json"), profile: .repatriation)
    let place = try #require(script.letters.firstIndex { $0.name == name })
    script.letters = Array(script.letters.prefix(place + 1))
    script.expectation = nil
    script.expectationOfBroker = nil
    return script.run(profile: .repatriation, sight: sight).history
}

@Suite struct DisclosureTests {
    private static func member(_ text: String) -> MemberID {
        guard let member = MemberID(text) else { fatalError(text) }
        return member
    }
    private static let shelter = member("in:practice-shelter")
    private static let receiver = member("bd:practice-ngo")
    private static let visitors = member("bd:practice-visitors")
    private static let day: Int64 = 86_400
    private static let start: Int64 = 1_772_344_800

    private static func claim(
        _ event: String, _ tier: Tier, to: MemberID = receiver, from: MemberID = shelter, basis: Basis = .consent,
        classes: Set<String> = [],
        listed: [String: Set<String>] = [:], after days: Int64, judge: Disclosure.Judge = .sealer
    ) -> Disclosure {
        Disclosure(
            form: Profile.repatriation.event(event)?.form, tier: tier, dataClasses: classes, basis: basis, from: from,
            roles: from == shelter
                ? ["IN_SHELTER"] : from == receiver ? ["BD_NGO", "BD_INVESTIGATOR"] : ["BD_INVESTIGATOR"], to: to,
            event: event,
            at: Instant(seconds: start + days * day), listed: listed, judge: judge)
    }

    @Test func `a dossier needs her consent to share all, and it ends with it`() throws {
        #expect(try history(upTo: "accept").disclosure(Self.claim("DOSSIER", .t3, after: 2))?.code == "G_SHARE_FULL")
        #expect(try history(upTo: "full").disclosure(Self.claim("DOSSIER", .t3, after: 2)) == nil)
        #expect(try history(upTo: "full").disclosure(Self.claim("DOSSIER", .t3, after: 171))?.code == "G_SHARE_FULL")
        #expect(
            try history(upTo: "no", story: "withdrawn-assessing").disclosure(Self.claim("QUESTION", .t2, after: 21))?
                .code == "G_SHARE_FULL")
    }

    @Test func `a consent names one recipient`() throws {
        let refusal = try history(upTo: "request").disclosure(Self.claim("QUESTION", .t2, to: Self.visitors, after: 6))
        #expect(refusal?.reason == .badBasis && refusal?.code == "G_C2_LIVE")
        #expect(
            try history(upTo: "request").disclosure(Self.claim("HOME_INV_REQUEST", .t2, to: Self.visitors, after: 6))
                == nil)
        #expect(
            try history(upTo: "request").disclosure(Self.claim("HOME_INV_REQUEST", .t2, after: 6))?.code == "G_C3_LIVE")
    }

    @Test func `data classes that she did not list cannot be sealed`() throws {
        let history = try history(upTo: "full")
        let reference = String(Digest.named("consent-170").hex.prefix(32))
        let listed: [String: Set<String>] = [reference: ["identity", "address"]]
        #expect(history.disclosure(Self.claim("DOSSIER", .t3, classes: ["identity"], listed: listed, after: 3)) == nil)
        let refusal = history.disclosure(
            Self.claim("DOSSIER", .t3, classes: ["identity", "photo", "health"], listed: listed, after: 3))
        #expect(refusal?.reason == .badBasis && refusal?.detail == "health,photo")
        let other: [String: Set<String>] = ["00": []]
        #expect(history.disclosure(Self.claim("DOSSIER", .t3, classes: ["photo"], listed: other, after: 3)) == nil)
    }

    @Test(arguments: [Basis.law, .emergency, .custody])
    func `no other basis escapes her consent where the event does not name it`(basis: Basis) throws {
        #expect(
            try history(upTo: "accept").disclosure(Self.claim("DOSSIER", .t3, basis: basis, after: 2))?.reason
                == .badBasis)
    }

    @Test func `an emergency may be disclosed as one, and only as its own form`() throws {
        let history = try history(upTo: "accept")
        #expect(history.disclosure(Self.claim("EMERGENCY_DISCLOSURE", .t2, basis: .emergency, after: 2)) == nil)
        var other = Self.claim("EMERGENCY_DISCLOSURE", .t2, basis: .emergency, after: 2)
        other.form = "dossier"
        #expect(history.disclosure(other)?.detail == "form")
        #expect(
            history.disclosure(Self.claim("EMERGENCY_DISCLOSURE", .t3, basis: .emergency, after: 2))?.detail == "tier")
    }

    @Test func `what happens after arrival goes to India only with her consent to news`() throws {
        let before = try history(upTo: "arrived")
        #expect(
            before.disclosure(Self.claim("FOLLOW_UP", .t2, to: Self.shelter, from: Self.receiver, after: 81))?.code
                == "G_C6A_LIVE")
        #expect(
            before.disclosure(Self.claim("FOLLOW_UP", .t2, to: Self.receiver, from: Self.receiver, after: 81)) == nil)
        #expect(
            try history(upTo: "news").disclosure(
                Self.claim("FOLLOW_UP", .t2, to: Self.shelter, from: Self.receiver, after: 83)) == nil)
    }

    @Test func `a preview goes with the letter that holds the consent to it`() throws {
        let script = try ReplayDocument.read(
            Protocols.bytes("Vectors/procedure/main-path-adult.json"), profile: .repatriation)
        let empty = CaseHistory(profile: .repatriation)
        let claim = Self.claim("REFERRAL_OFFER", .t1, after: 0)
        #expect(empty.disclosure(claim) != nil)
        #expect(empty.disclosure(claim, with: script.letters[0].step) == nil)
        #expect(
            empty.disclosure(
                Self.claim("REFERRAL_OFFER", .t1, to: Self.visitors, after: 0), with: script.letters[0].step) != nil)
    }

    @Test func `a sealer who cannot read whether consent lives does not seal; a reader does not refuse`() throws {
        let blind = try history(upTo: "request", sight: .broker)
        #expect(blind.disclosure(Self.claim("HOME_INV_REQUEST", .t2, to: Self.visitors, after: 6)) != nil)
        #expect(
            blind.disclosure(Self.claim("HOME_INV_REQUEST", .t2, to: Self.visitors, after: 6, judge: .reader)) == nil)
    }

    @Test func `the investigator, who reads only her own letters, may seal the report to both`() throws {
        let own = try history(upTo: "visit-taken", sight: .member(Self.visitors))
        #expect(
            own.disclosure(Self.claim("HOME_INV_REPORT", .t3, to: Self.shelter, from: Self.visitors, after: 20)) == nil)
        #expect(
            own.disclosure(Self.claim("HOME_INV_REPORT", .t3, to: Self.receiver, from: Self.visitors, after: 20)) == nil
        )
    }

    /// Every form of every event, before any consent: nothing above T1 leaves on basis consent, but her own complaint.
    @Test func `before acceptance and consent nothing above T1 can be sealed to the receiver`() throws {
        let history = try history(upTo: "offer")
        for event in Profile.repatriation.eventNames where Profile.repatriation.event(event)?.form != nil {
            for tier in [Tier.t2, .t3] {
                #expect(history.disclosure(Self.claim(event, tier, after: 1)) != nil, "\(event) \(tier)")
            }
        }
    }
}

@Suite struct StalenessTests {
    @Test func `progress that had not seen a visible stop is stale, and the refusal names the stop`() throws {
        let script = try ReplayDocument.read(
            Protocols.bytes("Vectors/procedure/stop-beside-progress.json"), profile: .repatriation)
        let proposal = try #require(script.letters.last?.step)
        let history = try history(upTo: "hold", story: "stop-beside-progress")
        let refusal = history.staleness(of: proposal)
        #expect(refusal?.reason == .stale && refusal?.stop == .named("hold") && refusal?.event == "CLEARANCE_PROPOSED")
        var aware = proposal
        aware.parents = [.named("hold")]
        #expect(history.staleness(of: aware) == nil)
    }

    @Test func `evidence on another track is not stale, a fact never is`() throws {
        let history = try history(upTo: "hold", story: "stop-beside-progress")
        var step = try #require(history.step(.named("order")))
        step.id = .named("order-2")
        #expect(history.staleness(of: step) == nil)
        step.shown = []
        #expect(history.staleness(of: step) == nil)
    }

    @Test func `a stop that had seen the progress does not make it stale`() throws {
        let history = try history(upTo: "no", story: "withdrawn-cleared")
        for letter in ["dossier", "propose", "clear"] {
            let step = try #require(history.step(.named(letter)))
            #expect(history.staleness(of: step) == nil, "\(letter)")
        }
    }
}

@Suite struct PossibleEventsTests {
    private func refusals(_ history: CaseHistory, _ member: String, _ roles: Set<String>, day: Int64) throws -> [String:
        Refusal?]
    {
        let list = history.possibleEvents(
            for: try #require(MemberID(member)), roles: roles, at: Instant(seconds: 1_772_344_800 + day * 86_400))
        return Dictionary(uniqueKeysWithValues: list.map { ($0.event, $0.refusal) })
    }

    @Test func `after the offer the receiver may accept or decline, and each event it may not send says why`() throws {
        let next = try refusals(history(upTo: "offer"), "bd:practice-ngo", ["BD_NGO", "BD_INVESTIGATOR"], day: 1)
        #expect(next["REFERRAL_ACCEPTED"] == .some(nil))
        #expect(next["REFERRAL_DECLINED"] == .some(nil))
        #expect(next["CLEARANCE_COUNTERSIGNED"]??.reason == .guardRed)
        #expect(next["DOSSIER"] == nil)
        let late = try refusals(history(upTo: "offer"), "bd:practice-ngo", ["BD_NGO"], day: 9)
        #expect(late["REFERRAL_ACCEPTED"]??.code == "G_OFFER_LIVE")
    }

    @Test func `before any letter a shelter may open a case`() throws {
        let next = try refusals(CaseHistory(profile: .repatriation), "in:practice-shelter", ["IN_SHELTER"], day: 0)
        #expect(next["SHARE_CONSENT_PREVIEW"] == .some(nil))
    }

    @Test func `whoever is no party may do nothing`() throws {
        #expect(try refusals(history(upTo: "accept"), "in:other-shelter", ["IN_SHELTER"], day: 2).isEmpty)
    }
}

@Suite struct SpeedTests {
    /// A case of 500 letters, most of them receipts, as a broker sees it: linear, then with a branch.
    @Test func `a long case is carried on from letter to letter, not replayed`() throws {
        let script = try ReplayDocument.read(
            Protocols.bytes("Vectors/procedure/main-path-adult.json"), profile: .repatriation)
        for sight in [ReplayScript.Sight.full, .broker] {
            var history = CaseHistory(profile: .repatriation)
            var last: Digest?
            var number = 0
            let clock = ContinuousClock()
            let start = clock.now
            for letter in script.letters {
                var step = letter.step
                if sight == .broker, case .opened = step.sealed { step.sealed = .unknown }
                step.parents = [last].compactMap { $0 }
                #expect(history.admit(step) == .admitted, "\(letter.name)")
                history.insert(step)
                last = step.id
                for _ in 0..<12 {
                    number += 1
                    let receipt = Step(
                        id: .named("receipt-\(number)"), parents: [last].compactMap { $0 },
                        root: script.letters[0].step.id, from: step.to[0], roles: letter.step.roles,
                        to: [step.from], at: step.at, lane: .normal, profile: step.profile, opened: step.id)
                    history.insert(receipt)
                    last = receipt.id
                }
            }
            #expect(history.count > 450)
            let each = (clock.now - start) / history.count
            // Generous: a debug build on a busy machine. The benchmark has the figure that counts.
            #expect(each < .milliseconds(20), "\(each) a letter")
        }
    }
}
