// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// What could turn a red guard green, read from the profile: the events that move what the guard reads, and whose they are.
struct Remedy {
    let profile: Profile

    /// The roles whose steps the guard waits for, sorted.
    func roles(for refusal: Refusal) -> [String] {
        Set(events(for: refusal).flatMap { profile.event($0)?.by ?? [] }).sorted()
    }

    /// Events that move a track, or bring a fact, that the guard reads; sorted.
    func events(for refusal: Refusal) -> [String] {
        guard let name = refusal.guardName, let condition = profile.guardExpression(name) else { return [] }
        var names: Set<GuardName> = []
        var seen: Set<String> = [name]
        collect(condition, &names, &seen)
        var events: Set<String> = []
        for name in names {
            switch name {
            case .state(let track), .trackFact(let track, _):
                events.formUnion(profile.definition.tracks[track]?.edges.map(\.event) ?? [])
            case .eventFact(let event, _): events.insert(event)
            case .this: continue
            }
        }
        return events.filter { profile.event($0)?.kind == .progress }.sorted()
    }

    private func collect(_ condition: Guard, _ names: inout Set<GuardName>, _ seen: inout Set<String>) {
        switch condition {
        case .named(let name):
            if seen.insert(name).inserted, let inner = profile.guardExpression(name) { collect(inner, &names, &seen) }
        case .equals(let name, let operand):
            names.insert(name)
            if case .name(let other) = operand { names.insert(other) }
        case .isIn(let name, _), .age(let name, _, _), .until(let name, _), .passed(let name): names.insert(name)
        case .all(let list), .any(let list): for inner in list { collect(inner, &names, &seen) }
        case .not(let inner): collect(inner, &names, &seen)
        }
    }
}
