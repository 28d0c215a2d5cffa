// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Finds what in a profile contradicts itself. Each fault names the section and the name.
struct ProfileChecker {
    private let definition: ProfileDefinition
    private let machines: [ProfileTables.Machine]
    private let guards: [String: Guard]
    private let guardNames: [String]
    /// Events of which some guard reads a fact.
    let eventsReadByGuards: Set<String>
    private let personOfEvents: Set<String>

    init(
        _ definition: ProfileDefinition, machines: [ProfileTables.Machine], guardNames: [String], guardTexts: [Guard]
    ) throws(ProfileError) {
        self.definition = definition
        self.machines = machines
        self.guardNames = guardNames
        guards = Dictionary(uniqueKeysWithValues: zip(guardNames, guardTexts))
        var read: Set<String> = []
        var persons: Set<String> = []
        for text in guardTexts {
            for name in Self.names(in: text) {
                if case .eventFact(let event, let fact) = name {
                    read.insert(event)
                    if fact == "person" { persons.insert(event) }
                }
            }
        }
        eventsReadByGuards = read
        personOfEvents = persons
    }

    func check() throws(ProfileError) {
        guard guards.count <= ProcedureLimits.guards, definition.events.count <= ProcedureLimits.events,
            machines.count <= ProcedureLimits.machines
        else { throw ProfileError(.contradiction, "profile", "too many guards, events or tracks") }
        try checkGuards()
        try checkEvents()
        try checkTracks()
        try checkKeys()
        try checkDeadlines()
        try checkReachability()
    }

    /// Whether a guard compares the person behind this event with another.
    func needsPerson(_ event: String) -> Bool {
        if personOfEvents.contains(event) { return true }
        return closure(of: definition.events[event]?.guards ?? []).contains { name in
            guards[name].map { Self.names(in: $0).contains(.this("person")) } ?? false
        }
    }

    // MARK: guards

    private func closure(of names: [String]) -> Set<String> {
        var found: Set<String> = []
        var open = names
        while let name = open.popLast() {
            guard found.insert(name).inserted, let text = guards[name] else { continue }
            open += Self.references(in: text)
        }
        return found
    }

    private func checkGuards() throws(ProfileError) {
        for name in guardNames {
            let place = "guards.\(name)"
            guard let text = guards[name] else { continue }
            for reference in Self.references(in: text) where guards[reference] == nil {
                throw ProfileError(.unknownName, place, reference)
            }
            if closure(of: Self.references(in: text)).contains(name) { throw ProfileError(.circularGuard, place, name) }
            try checkComparisons(text, place: place)
        }
        var sizes: [String: Int] = [:]
        for name in guardNames where size(of: name, &sizes) > ProcedureLimits.guardAtoms {
            throw ProfileError(.contradiction, "guards.\(name)", "more than \(ProcedureLimits.guardAtoms) comparisons")
        }
    }

    /// Comparisons of a guard with all guards that it names written out: each evaluation costs that much.
    private func size(of name: String, _ sizes: inout [String: Int]) -> Int {
        if let size = sizes[name] { return size }
        guard let text = guards[name] else { return 0 }
        var size = Self.names(in: text).count
        for reference in Self.references(in: text) {
            size = min(size + 1 + self.size(of: reference, &sizes), ProcedureLimits.guardAtoms + 1)
        }
        sizes[name] = size
        return size
    }

    private func checkComparisons(_ text: Guard, place: String) throws(ProfileError) {
        switch text {
        case .named: break
        case .all(let list), .any(let list): for inner in list { try checkComparisons(inner, place: place) }
        case .not(let inner): try checkComparisons(inner, place: place)
        case .equals(let name, .code(let code)): try check(name, against: [code], place: place)
        case .equals(let name, .name(let other)):
            try check(name, against: nil, place: place)
            try check(other, against: nil, place: place)
        case .isIn(let name, let codes): try check(name, against: codes, place: place)
        case .age(let name, _, let deadline), .until(let name, let deadline):
            try check(name, against: nil, place: place)
            guard let rule = definition.deadlines[deadline] else { throw ProfileError(.unknownName, place, deadline) }
            // A month has no fixed length, and two judges must not differ over one.
            guard rule.isInGuards, rule.months == 0, rule.count == .calendar else {
                throw ProfileError(.contradiction, place, "\(deadline) is no deadline for guards")
            }
            try checkTime(name, place: place)
        case .passed(let name):
            try check(name, against: nil, place: place)
            try checkTime(name, place: place)
        }
    }

    private func checkTime(_ name: GuardName, place: String) throws(ProfileError) {
        guard let fact = Self.fact(of: name) else { throw ProfileError(.contradiction, place, "a state is no time") }
        if fact == "at" { return }
        switch definition.facts[fact]?.kind {
        case .date, .instant: return
        default: throw ProfileError(.contradiction, place, "\(fact) is no time")
        }
    }

    private func check(_ name: GuardName, against codes: [String]?, place: String) throws(ProfileError) {
        switch name {
        case .state(let track):
            guard let machine = machines.first(where: { $0.name == track }) else {
                throw ProfileError(.unknownName, place, track)
            }
            for code in codes ?? [] where machine.stateIndex[code] == nil {
                throw ProfileError(.unknownName, place, "\(track) == \(code)")
            }
            return
        case .trackFact(let track, let fact):
            guard track == ProfileTables.lifecycle || definition.tracks[track] != nil else {
                throw ProfileError(.unknownName, place, track)
            }
            let leading = definition.tracks[track]?.edges.map(\.event) ?? []
            guard leading.contains(where: { hasFact(fact, event: $0) }) else {
                throw ProfileError(.unknownName, place, "\(track).\(fact)")
            }
        case .eventFact(let event, let fact):
            guard definition.events[event] != nil else { throw ProfileError(.unknownName, place, event) }
            guard hasFact(fact, event: event) else { throw ProfileError(.unknownName, place, "\(event).\(fact)") }
        case .this(let fact):
            guard ProfileTables.builtIn.contains(fact) || definition.facts[fact] != nil else {
                throw ProfileError(.unknownName, place, "this.\(fact)")
            }
        }
        guard let codes, let fact = Self.fact(of: name) else { return }
        for code in codes {
            switch fact {
            case "by": guard definition.roles[code] != nil else { throw ProfileError(.unknownName, place, code) }
            default:
                guard case .codes(let list) = definition.facts[fact]?.kind else {
                    throw ProfileError(.contradiction, place, "\(fact) has no codes")
                }
                guard list.contains(code) else { throw ProfileError(.unknownName, place, "\(fact) == \(code)") }
            }
        }
    }

    private func hasFact(_ fact: String, event: String) -> Bool {
        if ProfileTables.builtIn.contains(fact) { return true }
        guard let rule = definition.events[event] else { return false }
        return rule.facts.contains(fact) || (rule.isPaper && definition.attestedFacts.contains(fact))
    }

    /// `not` over a fact that may be missing would turn "nobody said so" into "it is so".
    private func checkNegations(_ text: Guard, event: String, negated: Bool, place: String) throws(ProfileError) {
        switch text {
        case .named(let name):
            if let inner = guards[name] { try checkNegations(inner, event: event, negated: negated, place: place) }
        case .all(let list), .any(let list):
            for inner in list { try checkNegations(inner, event: event, negated: negated, place: place) }
        case .not(let inner): try checkNegations(inner, event: event, negated: !negated, place: place)
        case .passed: break
        case .equals(let name, let operand):
            try checkPresence(name, event: event, negated: negated, place: place)
            if case .name(let other) = operand, case .this = other {
                try checkPresence(other, event: event, negated: negated, place: place)
            }
        case .isIn(let name, _), .age(let name, _, _), .until(let name, _):
            try checkPresence(name, event: event, negated: negated, place: place)
        }
    }

    private func checkPresence(_ name: GuardName, event: String, negated: Bool, place: String) throws(ProfileError) {
        guard negated else { return }
        switch name {
        case .state: return
        case .this(let fact) where ProfileTables.builtIn.contains(fact) || hasFact(fact, event: event): return
        default: throw ProfileError(.contradiction, place, "'not' over a fact that may be missing")
        }
    }

    // MARK: events, tracks, keys

    private func checkEvents() throws(ProfileError) {
        for name in definition.events.keys.sorted() {
            guard let rule = definition.events[name] else { continue }
            let place = "events.\(name)"
            guard !rule.by.isEmpty, !rule.lanes.isEmpty else {
                throw ProfileError(.contradiction, place, "no role or no lane")
            }
            for role in rule.by + (rule.to.map { [$0] } ?? []) where definition.roles[role] == nil {
                throw ProfileError(.unknownName, place, role)
            }
            for guardName in rule.guards {
                guard let text = guards[guardName] else { throw ProfileError(.unknownName, place, guardName) }
                try checkNegations(text, event: name, negated: false, place: "\(place): \(guardName)")
            }
            for fact in rule.facts + (rule.isPaper ? definition.attestedFacts : []) where definition.facts[fact] == nil
            {
                throw ProfileError(.unknownName, place, fact)
            }
            if let form = rule.form {
                guard definition.forms[form] != nil else { throw ProfileError(.unknownName, place, form) }
            }
            for consent in rule.consents where definition.consents[consent] == nil {
                throw ProfileError(.unknownName, place, consent)
            }
            if let zone = rule.zone, definition.zones[zone] == nil { throw ProfileError(.unknownName, place, zone) }
            guard !rule.bases.contains(.consent), !rule.bases.contains(.custody) else {
                throw ProfileError(.contradiction, place, "bases names only law and emergency")
            }
            guard (rule.kind == .notice) == (rule.home == nil) else {
                throw ProfileError(.contradiction, place, "a notice has no home, all else has one")
            }
            if let home = rule.home, home != ProfileTables.lifecycle, definition.tracks[home] == nil {
                throw ProfileError(.unknownName, place, home)
            }
            if rule.isWithdrawal {
                // S8: nothing may stand between her no and its effect.
                guard rule.kind == .stop, rule.guards.isEmpty, rule.facts.isEmpty, !rule.isPaper, rule.form == nil
                else {
                    throw ProfileError(.contradiction, place, "a withdrawal is a stop without guard, fact or form")
                }
            }
            // A letter has one lane; replay bounds what a sealed letter may hold by it.
            switch rule.kind {
            case .fact, .stop:
                guard rule.lanes == [.urgent] else {
                    throw ProfileError(.contradiction, place, "facts and stops are urgent")
                }
            case .progress:
                guard rule.lanes == [.normal] else {
                    throw ProfileError(.contradiction, place, "progress is not urgent")
                }
            case .notice: break
            }
            for fact in rule.facts where definition.facts[fact].map({ $0.isShown && $0.tier > .t0 }) ?? false {
                throw ProfileError(.contradiction, place, "\(fact) is shown but above T0")
            }
        }
        for (name, rule) in definition.events.sorted(by: { $0.key < $1.key }) {
            guard let kept = rule.kept else { continue }
            guard rule.form != nil else { throw ProfileError(.contradiction, "events.\(name)", "no form to keep") }
            try checkStandalone(kept, reading: [], place: "events.\(name)")
        }
        for name in definition.factOrder where definition.events[name]?.kind != .fact {
            throw ProfileError(.unknownName, "ordering.fact_order", name)
        }
    }

    private func checkTracks() throws(ProfileError) {
        for transition in definition.lifecycle.transitions where definition.events[transition.event]?.home == nil {
            throw ProfileError(.unknownName, "lifecycle.transitions.\(transition.id)", transition.event)
        }
        for state in definition.lifecycle.terminal + definition.lifecycle.notMovedByFacts
        where definition.lifecycle.care[state] == nil {
            throw ProfileError(.unknownName, "lifecycle", state)
        }
        for name in definition.tracks.keys.sorted() {
            guard let track = definition.tracks[name], let machine = machines.first(where: { $0.name == name }) else {
                continue
            }
            for edge in track.edges where definition.events[edge.event]?.home != name {
                throw ProfileError(.contradiction, "tracks.\(name).edges", "\(edge.event) lives elsewhere or nowhere")
            }
            for state in track.green where machine.stateIndex[state] == nil {
                throw ProfileError(.unknownName, "tracks.\(name).green", state)
            }
        }
    }

    private func checkDeadlines() throws(ProfileError) {
        for (name, deadline) in definition.deadlines.sorted(by: { $0.key < $1.key }) {
            let place = "deadlines.\(name)"
            for step in deadline.from + deadline.to + deadline.unless {
                // Names in capitals are events of the profile; others are fields of forms, or ends that no letter tells.
                let pieces = step.split(separator: ".", maxSplits: 1).map(String.init)
                guard let event = pieces.first, event.utf8.first.map({ (0x41...0x5A).contains($0) }) == true else {
                    continue
                }
                guard definition.events[event] != nil, pieces.count == 1 || hasFact(pieces[1], event: event) else {
                    throw ProfileError(.unknownName, place, step)
                }
            }
            if let holder = deadline.holder, definition.roles[holder] == nil,
                ![ProfileDefinition.Deadline.sender, ProfileDefinition.Deadline.addressee].contains(holder)
            {
                throw ProfileError(.unknownName, place, holder)
            }
            if let when = deadline.when { try checkStandalone(when, reading: [], place: place) }
        }
    }

    private func checkKeys() throws(ProfileError) {
        for country in definition.weekends.keys.sorted() where definition.zones[country] == nil {
            throw ProfileError(.unknownName, "weekends", country)
        }
        for (name, track) in definition.tracks.sorted(by: { $0.key < $1.key }) {
            if let live = track.guardName { try checkStandalone(live, reading: [], place: "tracks.\(name)") }
        }
        if let escalation = definition.escalation {
            guard definition.events[escalation]?.form != nil else {
                throw ProfileError(.contradiction, "escalation", "no event with a form")
            }
        }
        for (name, consent) in definition.consents {
            guard definition.tracks[consent.track] != nil else {
                throw ProfileError(.unknownName, "consents.\(name)", consent.track)
            }
            try checkStandalone(consent.live, place: "consents.\(name)")
        }
        for (index, rule) in definition.partRules.enumerated() {
            for role in [rule.from, rule.to] where definition.roles[role] == nil {
                throw ProfileError(.unknownName, "part_rules.\(index)", role)
            }
            try checkStandalone(rule.guardName, place: "part_rules.\(index)")
        }
        for role in definition.roles.keys.sorted() {
            if let country = definition.roles[role]?.country, definition.zones[country] == nil {
                throw ProfileError(.unknownName, "roles.\(role)", country)
            }
        }
        guard !definition.opening.isEmpty else {
            throw ProfileError(.contradiction, "opening", "no event opens a case")
        }
        for (name, opening) in definition.opening {
            guard definition.events[name] != nil else { throw ProfileError(.unknownName, "opening", name) }
            for role in [opening.addressee] + (opening.sender.map { [$0] } ?? []) where definition.roles[role] == nil {
                throw ProfileError(.unknownName, "opening.\(name)", role)
            }
            for event in opening.only where definition.events[event] == nil {
                throw ProfileError(.unknownName, "opening.\(name)", event)
            }
        }
        for rule in definition.parties {
            guard definition.events[rule.event] != nil else { throw ProfileError(.unknownName, "parties", rule.event) }
            guard definition.roles[rule.role] != nil else { throw ProfileError(.unknownName, "parties", rule.role) }
            if case .fact(let fact) = rule.who {
                guard definition.facts[fact]?.kind == .member, hasFact(fact, event: rule.event),
                    definition.facts[fact]?.isShown == true,
                    definition.events[rule.event]?.shownAs != nil
                else { throw ProfileError(.contradiction, "parties", "\(fact) is no visible member of \(rule.event)") }
            }
        }
        if let retraction = definition.retraction {
            guard hasFact(retraction.fact, event: retraction.event), definition.facts[retraction.fact]?.isShown == true,
                definition.events[retraction.event]?.shownAs == retraction.event, !retraction.kinds.contains(.stop)
            else { throw ProfileError(.contradiction, "retraction", "not visible, or it would retract a stop") }
        }
        if let adoption = definition.adoption {
            guard hasFact(adoption.fact, event: adoption.event), definition.facts[adoption.fact]?.isShown == true,
                definition.events[adoption.event]?.shownAs == adoption.event,
                definition.events[adoption.event]?.lanes == [.normal]
            else { throw ProfileError(.contradiction, "adoption", "not visible, or urgent") }
        }
    }

    /// A guard that judges a part or a moment, not an event: it may read `this` only as far as that has it.
    private func checkStandalone(
        _ name: String, reading known: Set<String> = ["from", "to", "by", "at"], place: String
    ) throws(ProfileError) {
        guard guards[name] != nil else { throw ProfileError(.unknownName, place, name) }
        for inner in closure(of: [name]) {
            for case .this(let fact) in guards[inner].map(Self.names) ?? []
            where !known.contains(fact) {
                throw ProfileError(.contradiction, place, "\(inner) reads this.\(fact)")
            }
        }
    }

    private func checkReachability() throws(ProfileError) {
        try checkReachability(
            of: machines[0],
            edges: definition.lifecycle.transitions.flatMap { rule in rule.from.map { ($0, rule.to) } },
            ends: Set(definition.lifecycle.terminal), place: "lifecycle")
        for machine in machines.dropFirst() {
            let edges = definition.tracks[machine.name]?.edges.map { ($0.from, $0.to) } ?? []
            try checkReachability(of: machine, edges: edges, ends: Set(machine.states), place: "tracks.\(machine.name)")
        }
    }

    private func checkReachability(
        of machine: ProfileTables.Machine, edges: [(String, String)], ends: Set<String>, place: String
    ) throws(ProfileError) {
        func reach(_ start: Set<String>, _ edges: [(String, String)]) -> Set<String> {
            var found = start
            var grew = true
            while grew {
                grew = false
                for (from, to) in edges where found.contains(from) && found.insert(to).inserted { grew = true }
            }
            return found
        }
        let reached = reach([machine.states[Int(machine.initial)]], edges)
        if let lost = machine.states.first(where: { !reached.contains($0) }) {
            throw ProfileError(.unreachable, place, lost)
        }
        let leaving = reach(ends, edges.map { ($0.1, $0.0) })
        if let trapped = machine.states.first(where: { !leaving.contains($0) }) {
            throw ProfileError(.unreachable, place, "no end can be reached from \(trapped)")
        }
    }

    // MARK: names in a guard

    static func references(in text: Guard) -> [String] {
        switch text {
        case .named(let name): [name]
        case .all(let list), .any(let list): list.flatMap(references)
        case .not(let inner): references(in: inner)
        default: []
        }
    }

    static func names(in text: Guard) -> [GuardName] {
        switch text {
        case .named: []
        case .all(let list), .any(let list): list.flatMap(names)
        case .not(let inner): names(in: inner)
        case .equals(let name, .name(let other)): [name, other]
        case .equals(let name, _), .isIn(let name, _), .age(let name, _, _), .until(let name, _), .passed(let name):
            [name]
        }
    }

    private static func fact(of name: GuardName) -> String? {
        switch name {
        case .state: nil
        case .trackFact(_, let fact), .eventFact(_, let fact), .this(let fact): fact
        }
    }
}
