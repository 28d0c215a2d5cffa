// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Which event of which letter.
struct Source: Hashable, Sendable {
    var node: Int32
    var item: Int16
    var event: Int16

    /// Nothing has happened yet.
    static let initial = Source(node: -1, item: 0, event: 0)
    /// A sealed event that this judge cannot read.
    static let unread = Source(node: -2, item: 0, event: 0)

    init(node: Int32, item: Int16, event: Int16) {
        self.node = node
        self.item = item
        self.event = event
    }

    init(node: Int, item: Int, event: Int) {
        self.init(node: Int32(node), item: Int16(item), event: Int16(event))
    }
}

/// What a set of letters leaves possible. With full sight each machine has one state.
struct Situation: Hashable, Sendable {
    /// Possible states after the last letter that is known to touch a machine, and which kinds of unread letters may
    /// have come since.
    struct Outcome: Hashable, Sendable {
        var states: States
        /// Mask over the history's ``SealedReach``es.
        var pending: UInt64

        init(_ states: States, pending: UInt64 = 0) { (self.states, self.pending) = (states, pending) }

        /// All possible states, what may be pending included.
        func states(on machine: Int, _ reaches: [SealedReach]) -> States {
            var result = states
            result.close(on: machine, pending: pending, of: reaches)
            return result
        }
    }

    struct Newest: Hashable, Sendable {
        var sources: Set<Source> = []
        var mayBeNone = true
        var mayBeUnread = false
    }

    var machines: [Outcome]
    var newest: [Newest]
    /// Whether every letter's events are known: then the order of replay is known too.
    var isExact: Bool

    /// Nothing has happened.
    ///
    /// - Parameter newest: how many events there are whose newest step guards read.
    init(_ machines: [ProfileTables.Machine], newest: Int) {
        self.machines = machines.map { Outcome(States(untouched: $0.initial)) }
        self.newest = Array(repeating: Newest(), count: newest)
        isExact = true
    }

    /// Adds what the unread events of one more letter may do.
    mutating func widen(by reach: SealedReach, _ reaches: [SealedReach]) {
        for machine in machines.indices where !reach.rows[machine].isEmpty {
            var states = machines[machine].states(on: machine, reaches)
            states.close(on: machine, by: reach)
            machines[machine] = Outcome(states)
        }
        for place in newest.indices where reach.newest[place] { newest[place].mayBeUnread = true }
    }
}

/// Truth where something may be unknown (Kleene).
enum Truth: Hashable, Sendable {
    case yes, no, unknown

    init(mayBeTrue: Bool, mayBeFalse: Bool) {
        self = mayBeTrue ? (mayBeFalse ? .unknown : .yes) : .no
    }

    static prefix func ! (truth: Truth) -> Truth {
        switch truth {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }
}
