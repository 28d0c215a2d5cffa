// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// The golden vectors as material for random cases.
enum Stories {
    static func letters(_ name: String) -> [ReplayScript.Letter] {
        do {
            return try ReplayDocument.read(
                Protocols.bytes("Vectors/procedure/\(name).json"), profile: .repatriation
            ).letters
        } catch {
            fatalError("\(error)")
        }
    }

    /// What the main paths tell of each event: facts that fit each other, so that a random case comes far.
    static let told: [String: [Event]] = {
        var result: [String: [Event]] = [:]
        for letter in letters("main-path-adult") + letters("main-path-child") {
            guard case .opened(let events) = letter.step.sealed else { continue }
            for event in events { result[event.code, default: []].append(event) }
        }
        return result
    }()
}

/// Events and parts that are well formed and otherwise random.
enum RandomEvents {
    /// - Parameter own: letters that a retraction may name.
    static func event(
        _ name: String, of profile: Profile, by from: MemberID, among members: [MemberID], own: [Digest], at: Instant,
        using random: inout SeededGenerator
    ) -> Event {
        var event = Event(code: name)
        for fact in profile.compulsoryFacts(of: name) {
            event.facts[fact] = value(
                of: fact, in: profile, by: from, among: members, own: own, at: at, using: &random)
        }
        event.person = Digest.named("person-\(Int.random(in: 0..<3, using: &random))").hex
        if Bool.random(using: &random) {
            event.at = Instant(seconds: at.seconds - Int64.random(in: 0..<300_000, using: &random))
        }
        return event
    }

    /// The closed codes for all, and sometimes a form on whatever basis.
    static func parts(
        _ rule: ProfileDefinition.EventRule, to: [MemberID], using random: inout SeededGenerator
    ) -> [PartClaim] {
        var parts = to.map { PartClaim(recipient: $0, tier: .t0, basis: .custody) }
        if Int.random(in: 0..<3, using: &random) == 0, let recipient = to.randomElement(using: &random) {
            parts.append(
                PartClaim(
                    recipient: recipient, tier: rule.tier,
                    basis: Basis.allCases.randomElement(using: &random) ?? .consent))
        }
        return parts
    }

    private static func value(
        of fact: String, in profile: Profile, by from: MemberID, among members: [MemberID], own: [Digest], at: Instant,
        using random: inout SeededGenerator
    ) -> FactValue {
        let day = CivilDate(days: at.seconds / 86_400 + Int64.random(in: -20..<150, using: &random)).description
        switch profile.definition.facts[fact]?.kind {
        case .codes(let codes): return .text(codes.sorted().randomElement(using: &random) ?? "")
        case .date: return .text(day)
        case .instant: return .integer(at.seconds - Int64.random(in: 0..<200_000, using: &random))
        case .member: return .text((members.randomElement(using: &random) ?? from).text)
        case .id where fact == profile.definition.retraction?.fact:
            return .text((own.randomElement(using: &random) ?? .named("nothing")).hex)
        case .id: return .text(String(Digest.named(Bool.random(using: &random) ? "home" : "elsewhere").hex.prefix(32)))
        default: return .text(Digest.named("paper").hex)
        }
    }
}
