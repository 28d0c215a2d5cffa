// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A profile with its names turned into small numbers, so that replay touches no string.
///
/// A class only so that copies of a profile share it; nothing in it changes.
final class ProfileTables: Sendable {
    /// The lifecycle (index 0) or a track.
    struct Machine: Sendable {
        let name: String
        let states: [String]
        let initial: UInt8
        let stateIndex: [String: UInt8]
    }

    static let noEdge: UInt8 = 255

    /// A class, because judging a letter asks dozens of them and copies of its lists would cost more than the answers.
    final class EventTable: Sendable {
        let name: String
        let rule: ProfileDefinition.EventRule
        /// Index of its machine, -1 for a notice.
        let home: Int
        /// For each machine that it moves: the state it leads to from each state, or ``noEdge``.
        let edges: [(machine: Int, to: [UInt8])]
        /// These machines, and the states of its home from which it leads somewhere, a bit each.
        let touches: UInt64
        let leading: UInt64
        /// Compulsory facts, attested ones included; and sorted.
        let facts: Set<String>
        let factNames: [String]
        let guards: [Int]
        let needsPerson: Bool
        /// A fact that moves the lifecycle (R2): where to.
        let factTarget: UInt8?
        /// Place among facts of the same moment.
        let factRank: Int
        /// Place among ``ProfileTables/newestEvents``, or -1: no guard asks for its newest step.
        let newestIndex: Int
        /// fact 0, withdrawal 1, stop 2, progress 3, notice 4.
        let classRank: Int

        init(
            name: String, rule: ProfileDefinition.EventRule, home: Int, edges: [(machine: Int, to: [UInt8])],
            facts: Set<String>, guards: [Int], needsPerson: Bool, factTarget: UInt8?, factRank: Int, newestIndex: Int,
            classRank: Int
        ) {
            self.name = name
            self.rule = rule
            self.home = home
            self.edges = edges
            touches = edges.reduce(0) { $0 | 1 << UInt64($1.machine) }
            let leads = edges.first { $0.machine == home }?.to ?? []
            leading = leads.indices.reduce(0) { leads[$1] == noEdge ? $0 : $0 | 1 << UInt64($1) }
            self.facts = facts
            factNames = facts.sorted()
            self.guards = guards
            self.needsPerson = needsPerson
            self.factTarget = factTarget
            self.factRank = factRank
            self.newestIndex = newestIndex
            self.classRank = classRank
        }

        var isProgress: Bool { rule.kind == .progress }
        var isStop: Bool { rule.kind == .stop }
        func edges(on machine: Int) -> [UInt8]? { edges.first { $0.machine == machine }?.to }
    }

    /// A guard with its names resolved.
    indirect enum Expression: Hashable, Sendable {
        case named(Int)
        case equals(Name, Operand)
        case isIn(Name, Set<String>)
        case age(Name, GuardComparison, seconds: Int64)
        case until(Name, seconds: Int64)
        case passed(Name)
        case all([Expression])
        case any([Expression])
        case not(Expression)
    }

    enum Name: Hashable, Sendable {
        case state(Int)
        case trackFact(Int, String)
        /// Place among ``ProfileTables/newestEvents``.
        case eventFact(Int, String)
        case this(String)
    }

    enum Operand: Hashable, Sendable {
        case code(String)
        case name(Name)
    }

    /// What the file says.
    let definition: ProfileDefinition
    let machines: [Machine]
    let machineIndex: [String: Int]
    let events: [EventTable]
    let eventIndex: [String: Int]
    /// For each shown code the events behind it.
    let codes: [String: [Int]]
    let guardNames: [String]
    let guardIndex: [String: Int]
    let guardTexts: [Guard]
    let guards: [Expression]
    /// Events whose newest step some guard reads.
    let newestEvents: [Int]
    /// What an unread letter may do, for every set of roles that a member can hold; larger profiles make them as needed.
    private let reaches: [SealedReach.Key: SealedReach]
    /// Bit mask of the lifecycle's ends.
    let terminal: UInt64
    /// Bit mask of the states that a fact does not move, ends included.
    let unmoved: UInt64
    /// What a case begins with.
    let beginning: Situation
    /// Events that leave a letter out, and that adopt another version of the profile.
    let retraction: Int?
    let adoption: Int?
    /// The events that open a case, by name.
    let openings: [(event: Int, opening: ProfileDefinition.Opening)]
    /// Facts that every step has without naming them.
    static let builtIn: Set<String> = ["from", "to", "by", "person", "at"]
    static let lifecycle = "lifecycle"

    init(_ definition: ProfileDefinition) throws(ProfileError) {
        self.definition = definition
        // 1. machines
        var machines = [try Self.machine(definition.lifecycle)]
        for name in definition.tracks.keys.sorted() {
            guard let track = definition.tracks[name] else { continue }
            guard name != Self.lifecycle, definition.events[name] == nil else {
                throw ProfileError(.contradiction, "tracks.\(name)", "the name is taken")
            }
            machines.append(try Self.machine(name, track))
        }
        self.machines = machines
        let machineIndex = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1.name, $0) })
        self.machineIndex = machineIndex

        // 2. guards
        let guardNames = definition.guards.keys.sorted()
        var texts: [Guard] = []
        for name in guardNames {
            guard name.hasPrefix("G_") else {
                throw ProfileError(.contradiction, "guards.\(name)", "a guard's name begins with G_")
            }
            texts.append(try GuardParser.parse(definition.guards[name] ?? "", place: "guards.\(name)"))
        }
        self.guardNames = guardNames
        guardTexts = texts
        let guardIndex = Dictionary(uniqueKeysWithValues: guardNames.enumerated().map { ($1, $0) })
        self.guardIndex = guardIndex

        // 3. events
        let eventNames = definition.events.keys.sorted()
        let eventIndex = Dictionary(uniqueKeysWithValues: eventNames.enumerated().map { ($1, $0) })
        self.eventIndex = eventIndex
        let checker = try ProfileChecker(definition, machines: machines, guardNames: guardNames, guardTexts: texts)
        try checker.check()
        let newest = checker.eventsReadByGuards.compactMap { eventIndex[$0] }.sorted()
        newestEvents = newest
        let edges = try Self.edges(definition, machines: machines, machineIndex: machineIndex)
        var events: [EventTable] = []
        for (index, name) in eventNames.enumerated() {
            guard let rule = definition.events[name] else { continue }
            let moves = edges[name] ?? []
            var target: UInt8?
            if rule.kind == .fact, let lifecycle = moves.first(where: { $0.machine == 0 }) {
                let targets = Set(lifecycle.to.filter { $0 != Self.noEdge })
                guard targets.count == 1, let only = targets.first else {
                    throw ProfileError(.contradiction, "events.\(name)", "a fact leads to one state of the lifecycle")
                }
                target = only
                guard definition.factOrder.contains(name) else {
                    throw ProfileError(.contradiction, "ordering.fact_order", "lacks \(name)")
                }
            }
            let home = rule.home.flatMap { machineIndex[$0] } ?? -1
            if rule.kind != .notice, !moves.contains(where: { $0.machine == home }) {
                throw ProfileError(.contradiction, "events.\(name)", "has no edge at its home")
            }
            events.append(
                EventTable(
                    name: name, rule: rule, home: home, edges: moves,
                    facts: Set(rule.facts).union(rule.isPaper ? definition.attestedFacts : []),
                    guards: rule.guards.compactMap { guardIndex[$0] },
                    needsPerson: checker.needsPerson(name), factTarget: target,
                    factRank: definition.factOrder.firstIndex(of: name) ?? definition.factOrder.count,
                    newestIndex: newest.firstIndex(of: index) ?? -1,
                    classRank: rule.kind == .fact
                        ? 0 : rule.isWithdrawal ? 1 : rule.kind == .stop ? 2 : rule.kind == .progress ? 3 : 4))
        }
        self.events = events
        var codes: [String: [Int]] = [:]
        for (index, event) in events.enumerated() {
            if let code = event.rule.shownAs { codes[code, default: []].append(index) }
        }
        self.codes = codes

        // 4. guards with their names resolved; the checker has seen that all do
        let resolver = Resolver(
            machineIndex: machineIndex, guardIndex: guardIndex, eventIndex: eventIndex, newest: newest,
            deadlines: definition.deadlines)
        guards = texts.map(resolver.expression)

        // 5. the lifecycle's masks
        let lifecycle = machines[0]
        func mask(_ names: [String]) -> UInt64 {
            names.reduce(0) { $0 | (lifecycle.stateIndex[$1].map { 1 << UInt64($0) } ?? 0) }
        }
        terminal = mask(definition.lifecycle.terminal)
        unmoved = terminal | mask(definition.lifecycle.notMovedByFacts)

        beginning = Situation(machines, newest: newest.count)
        retraction = definition.retraction.flatMap { eventIndex[$0.event] }
        adoption = definition.adoption.flatMap { eventIndex[$0.event] }
        openings = definition.opening.sorted { $0.key < $1.key }.compactMap { name, opening in
            eventIndex[name].map { ($0, opening) }
        }

        // 6. what an unread letter may do: a member holds roles of one country only
        var reaches: [SealedReach.Key: SealedReach] = [:]
        for country in Set(definition.roles.values.compactMap(\.country)).sorted() {
            let roles = definition.roles.keys.sorted().filter { name in
                definition.roles[name].map { $0.country == nil || $0.country == country } ?? false
            }
            guard roles.count <= 8 else { continue }
            for subset in 0..<1 << roles.count {
                let held = Set(roles.enumerated().filter { subset & (1 << $0.offset) != 0 }.map(\.element))
                for lane in Lane.allCases {
                    let key = SealedReach.Key(roles: held, lane: lane)
                    reaches[key] = SealedReach(
                        key, events: events, machines: machines.count, newest: newest.count, unmoved: unmoved)
                }
            }
        }
        self.reaches = reaches
    }

    func reach(_ key: SealedReach.Key) -> SealedReach {
        reaches[key]
            ?? SealedReach(
                key, events: events, machines: machines.count, newest: newestEvents.count, unmoved: unmoved)
    }

    private static func machine(_ lifecycle: ProfileDefinition.Lifecycle) throws(ProfileError) -> Machine {
        try machine(
            Self.lifecycle, states: lifecycle.care.keys.sorted(), initial: lifecycle.initial, place: "lifecycle")
    }

    private static func machine(_ name: String, _ track: ProfileDefinition.Track) throws(ProfileError) -> Machine {
        let states = Set(track.edges.flatMap { [$0.from, $0.to] }).union([track.initial])
        return try machine(name, states: states.sorted(), initial: track.initial, place: "tracks.\(name)")
    }

    private static func machine(_ name: String, states: [String], initial: String, place: String) throws(ProfileError)
        -> Machine
    {
        guard states.count <= ProcedureLimits.states else {
            throw ProfileError(.contradiction, place, "more than \(ProcedureLimits.states) states")
        }
        let index = Dictionary(uniqueKeysWithValues: states.enumerated().map { ($1, UInt8($0)) })
        guard let first = index[initial] else { throw ProfileError(.unknownName, "\(place).initial", initial) }
        return Machine(name: name, states: states, initial: first, stateIndex: index)
    }

    private static func edges(
        _ definition: ProfileDefinition, machines: [Machine], machineIndex: [String: Int]
    ) throws(ProfileError) -> [String: [(machine: Int, to: [UInt8])]] {
        var result: [String: [(machine: Int, to: [UInt8])]] = [:]
        func add(_ event: String, _ machine: Int, _ from: String, _ to: String, _ place: String) throws(ProfileError) {
            let states = machines[machine].stateIndex
            guard let source = states[from] else { throw ProfileError(.unknownName, place, from) }
            guard let target = states[to] else { throw ProfileError(.unknownName, place, to) }
            var moves = result[event] ?? []
            let place0 =
                moves.firstIndex { $0.machine == machine }
                ?? {
                    moves.append((machine, Array(repeating: noEdge, count: machines[machine].states.count)))
                    return moves.count - 1
                }()
            guard moves[place0].to[Int(source)] == noEdge else {
                throw ProfileError(.contradiction, place, "two ways for \(event) from \(from)")
            }
            moves[place0].to[Int(source)] = target
            result[event] = moves
        }
        for transition in definition.lifecycle.transitions {
            for from in transition.from {
                try add(transition.event, 0, from, transition.to, "lifecycle.transitions.\(transition.id)")
            }
        }
        for (name, track) in definition.tracks {
            guard let machine = machineIndex[name] else { continue }
            for edge in track.edges { try add(edge.event, machine, edge.from, edge.to, "tracks.\(name).edges") }
        }
        return result
    }

    private struct Resolver {
        let machineIndex: [String: Int]
        let guardIndex: [String: Int]
        let eventIndex: [String: Int]
        let newest: [Int]
        let deadlines: [String: ProfileDefinition.Deadline]

        func expression(_ text: Guard) -> Expression {
            switch text {
            case .named(let name): .named(guardIndex[name] ?? 0)
            case .equals(let name, .code(let code)): .equals(self.name(name), .code(code))
            case .equals(let name, .name(let other)): .equals(self.name(name), .name(self.name(other)))
            case .isIn(let name, let codes): .isIn(self.name(name), Set(codes))
            case .age(let name, let comparison, let deadline):
                .age(self.name(name), comparison, seconds: deadlines[deadline]?.seconds ?? 0)
            case .until(let name, let deadline): .until(self.name(name), seconds: deadlines[deadline]?.seconds ?? 0)
            case .passed(let name): .passed(self.name(name))
            case .all(let list): .all(list.map(expression))
            case .any(let list): .any(list.map(expression))
            case .not(let inner): .not(expression(inner))
            }
        }

        func name(_ name: GuardName) -> Name {
            switch name {
            case .state(let track): .state(machineIndex[track] ?? 0)
            case .trackFact(let track, let fact): .trackFact(machineIndex[track] ?? 0, fact)
            case .eventFact(let event, let fact):
                .eventFact(eventIndex[event].flatMap { newest.firstIndex(of: $0) } ?? 0, fact)
            case .this(let fact): .this(fact)
            }
        }
    }
}
