// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The exhaustive check of a profile: proves or refutes what its properties say, and what must hold of any profile.
///
/// - SeeAlso: Protocols/Procedure.md, "What the check proves": the model, its bound and what it leaves out.
public struct ProcedureCheck {
    /// The profile with the properties' guards beside its own.
    let profile: Profile
    let definition: ProfileDefinition
    public let properties: [ProcedureProperty]
    /// Letters that both ends together write before either hears from the other.
    public let late: Int
    /// States of one slice after which a property counts as undecided.
    public let limit: Int
    let guardOfText: [String: Int]
    private let explorations = Explorations()

    /// - Parameter late: 1 for ends that always hear each other first; at most ``lateMaximum``.
    /// - Throws: ``ProfileError`` for a profile that contradicts itself, or naming the property whose guard is at fault.
    public init(_ definition: ProfileDefinition, properties: [ProcedureProperty], late: Int = 2, limit: Int = 50_000)
        throws(ProfileError)
    {
        self.definition = definition
        self.properties = properties
        self.late = min(max(late, 1), Self.lateMaximum)
        self.limit = limit
        let empty = Digest([UInt8](repeating: 0, count: 32))
        guard let empty else { throw ProfileError(.contradiction, "profile", "no digest") }
        // First as it is: a fault of the profile is named as the profile's.
        _ = try Profile(definition, digest: empty)
        var extended = definition
        var names: [String: String] = [:]
        var owners: [String: String] = [:]
        for property in properties {
            for text in property.guardTexts where names[text] == nil {
                let name = "\(Self.prefix)\(names.count)"
                (names[text], owners[name], extended.guards[name]) = (name, property.id, text)
            }
        }
        do {
            profile = try Profile(extended, digest: empty)
        } catch {
            guard let name = error.place.split(separator: ".").last, let owner = owners[String(name)] else {
                throw error
            }
            throw ProfileError(error.code, "properties.\(owner)", error.reason)
        }
        guard Exploration.ends(profile).count == 2 else {
            throw ProfileError(
                .contradiction, "roles", "the check is of two ends: roles that move cases in two countries")
        }
        var indices: [String: Int] = [:]
        for (text, name) in names { indices[text] = profile.tables.guardIndex[name] }
        guardOfText = indices
        try checkNames()
    }

    public static let lateMaximum = 3
    static let prefix = "G_OF_PROPERTY_"

    private func checkNames() throws(ProfileError) {
        var ids: Set<String> = []
        for property in properties {
            let place = "properties.\(property.id)"
            guard ids.insert(property.id).inserted else { throw ProfileError(.contradiction, place, "twice") }
            func events(_ names: [String]) throws(ProfileError) {
                for name in names where definition.events[name] == nil {
                    throw ProfileError(.unknownName, place, name)
                }
            }
            func roles(_ names: [String]) throws(ProfileError) {
                for name in names where definition.roles[name] == nil {
                    throw ProfileError(.unknownName, place, name)
                }
            }
            func tracks(_ names: [String]) throws(ProfileError) {
                for name in names where profile.tables.machineIndex[name] == nil {
                    throw ProfileError(.unknownName, place, name)
                }
            }
            func steps(_ steps: ProcedureProperty.Steps) throws(ProfileError) {
                try events(steps.events)
                for state in steps.into where self.state(state) == nil {
                    throw ProfileError(.unknownName, place, state)
                }
                if let holder = steps.careTo, !definition.lifecycle.care.values.contains(holder) {
                    throw ProfileError(.unknownName, place, holder)
                }
                if selected(steps).isEmpty { throw ProfileError(.contradiction, place, "speaks of no step") }
            }
            try tracks(property.tracks)
            switch property.form {
            case .requires(let chosen, _): try steps(chosen)
            case .only(let chosen, let names, let by):
                try steps(chosen)
                try events(names)
                try roles(by)
            case .before(let chosen, let first):
                try steps(chosen)
                try events(first)
            case .possible(let names, let by, _, _):
                try events(names)
                try roles(by)
            case .leads(_, _, let by): try roles(by)
            case .discloses(let from, let to, _, let names, _):
                try roles([from, to])
                try events(names)
            case .visible(let names): try tracks(names)
            case .never, .reachable: break
            }
        }
    }

    // MARK: what a property speaks of

    /// An event, and the states from which it is meant: by machine.
    struct Selected: Hashable {
        let event: Int
        var from: [Int: Set<UInt8>]
    }

    func state(_ text: String) -> (machine: Int, state: UInt8)? {
        let pieces = text.split(separator: ".").map(String.init)
        guard pieces.count == 2, let machine = profile.tables.machineIndex[pieces[0]],
            let state = profile.tables.machines[machine].stateIndex[pieces[1]]
        else { return nil }
        return (machine, state)
    }

    func selected(_ steps: ProcedureProperty.Steps) -> [Selected] {
        let tables = profile.tables
        var result: [Selected] = []
        func add(_ event: Int, _ machine: Int, _ leads: (UInt8, UInt8) -> Bool) {
            guard machine >= 0, let to = tables.events[event].edges(on: machine) else { return }
            let from = to.indices.filter { to[$0] != ProfileTables.noEdge && leads(UInt8($0), to[$0]) }
            if !from.isEmpty { result.append(Selected(event: event, from: [machine: Set(from.map { UInt8($0) })])) }
        }
        for name in steps.events {
            guard let event = tables.eventIndex[name] else { continue }
            if tables.events[event].home < 0 { result.append(Selected(event: event, from: [:])) }
            add(event, tables.events[event].home) { _, _ in true }
        }
        for text in steps.into {
            guard let target = state(text) else { continue }
            for event in tables.events.indices { add(event, target.machine) { $1 == target.state && $0 != $1 } }
        }
        if let holder = steps.careTo {
            let states = tables.machines[0].states
            func care(_ state: UInt8) -> String? { definition.lifecycle.care[states[Int(state)]] ?? nil }
            for event in tables.events.indices { add(event, 0) { care($1) == holder && care($0) != holder } }
        }
        return result
    }

    /// The machines that these guards read, guards that they name included.
    func machines(of guards: [Int]) -> Set<Int> {
        var result: Set<Int> = []
        func visit(_ name: GuardName) {
            switch name {
            case .state(let track), .trackFact(let track, _):
                if let machine = profile.tables.machineIndex[track] { result.insert(machine) }
            default: break
            }
        }
        var open = guards
        var seen: Set<Int> = []
        while let index = open.popLast() {
            guard seen.insert(index).inserted else { continue }
            let text = profile.tables.guardTexts[index]
            ProfileChecker.names(in: text).forEach(visit)
            open += ProfileChecker.references(in: text).compactMap { profile.tables.guardIndex[$0] }
        }
        return result
    }

    func machines(named tracks: [String]) -> Set<Int> { Set(tracks.compactMap { profile.tables.machineIndex[$0] }) }

    // MARK: running

    /// What was explored once serves every property that follows the same machines.
    private final class Explorations {
        struct Key: Hashable {
            let machines: Set<Int>
            let isPlanned: Bool
            let without: Set<Int>
        }
        var known: [Key: Exploration] = [:]
    }

    func exploration(_ machines: Set<Int>, isPlanned: Bool, without: Set<Int> = []) -> Exploration {
        let key = Explorations.Key(machines: machines, isPlanned: isPlanned, without: without)
        if let known = explorations.known[key] { return known }
        let result = Exploration(
            profile, machines: machines, isPlanned: isPlanned, late: late, without: without, limit: limit)
        explorations.known[key] = result
        return result
    }

    /// Everything: what holds of any profile, then the properties in their order.
    public func run() -> [CheckedProperty] { always() + properties.map(check) }

    /// One property.
    public func check(_ property: ProcedureProperty) -> CheckedProperty {
        var judge = PropertyJudge(self, property)
        return judge.result()
    }
}
