// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Who of a case's parties may read which events.
///
/// Whoever holds a role from the opening of the case, or takes such a role over, reads every event. A party that was asked in later
/// (a home investigator who is not the receiver) reads the events of the tracks on which it acts, the consents its own work rests on,
/// every withdrawal and every stop that a broker sees; nothing of her health, her age, her trial or the journey. An office reads what
/// it is asked and the events that it may itself send.
///
/// - SeeAlso: Protocols/CaseFile.md, "Recipients".
public struct Readers: Sendable {
    private let profile: Profile
    private let wide: Set<String>
    private var tracks: [String: Set<String>] = [:]

    public init(_ profile: Profile) {
        self.profile = profile
        let definition = profile.definition
        var wide: Set<String> = []
        for opening in definition.opening.values {
            wide.insert(opening.addressee)
            if let sender = opening.sender { wide.insert(sender) }
        }
        for rule in definition.parties where rule.replaces { wide.insert(rule.role) }
        self.wide = wide
        for role in definition.roles.keys where !wide.contains(role) {
            var own: Set<String> = []
            for rule in definition.events.values where rule.by.contains(role) {
                if let home = rule.home { own.insert(home) }
                guard rule.kind == .progress else { continue }
                for consent in rule.consents { own.formUnion(definition.consents[consent].map { [$0.track] } ?? []) }
            }
            tracks[role] = own
        }
    }

    /// Whether a holder of `role` may read `event`.
    public func mayRead(_ event: String, role: String) -> Bool {
        guard let rule = profile.event(event) else { return false }
        if profile.definition.roles[role]?.isOffice == true {
            return rule.by.contains(role)
                || profile.definition.parties.contains { $0.event == event && $0.role == role }
        }
        if wide.contains(role) || rule.by.contains(role) || rule.to == role { return true }
        if rule.isWithdrawal || (rule.kind == .stop && rule.shownAs != nil) { return true }
        guard let home = rule.home, home != "lifecycle" else { return false }
        return tracks[role]?.contains(home) == true
    }

    /// Which of `parties` (roles by member) may read all the events; `none` reads only a part of them.
    public func readers(of events: [Event], among parties: [MemberID: Set<String>]) -> (
        all: Set<MemberID>, partly: Set<MemberID>
    ) {
        var all: Set<MemberID> = []
        var partly: Set<MemberID> = []
        for (member, roles) in parties {
            let readable = events.filter { event in roles.contains { mayRead(event.code, role: $0) } }.count
            if readable == events.count { all.insert(member) } else if readable > 0 { partly.insert(member) }
        }
        return (all, partly)
    }
}
