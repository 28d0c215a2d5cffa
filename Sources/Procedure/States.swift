// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A state of one machine, and what brought it there.
struct Config: Hashable, Comparable, Sendable {
    var state: UInt8
    var source: Source

    static func < (left: Self, right: Self) -> Bool {
        (left.source.node, left.source.item, left.source.event, left.state)
            < (right.source.node, right.source.item, right.source.event, right.state)
    }
}

/// Possible states of one machine, each with what brought it there. With full sight there is one.
///
/// A set of states is one word: a broker follows every machine through every sealed step that may have been.
struct States: Hashable, Sendable {
    /// States that nothing has led to yet, and states that a sealed event which this judge cannot read may have led to.
    private(set) var untouched: UInt64 = 0
    private(set) var unread: UInt64 = 0
    /// States that known events may have led to; ascending, none twice.
    private(set) var known: [Config] = []

    /// Every possible state, a bit each.
    private(set) var mask: UInt64 = 0

    init() {}

    init(untouched state: UInt8) { insert(Config(state: state, source: .initial)) }

    /// - Parameter states: a bit each, all led to by what this judge cannot read.
    init(unread states: UInt64) { (unread, mask) = (states, states) }

    var isEmpty: Bool { mask == 0 }
    /// Ascending.
    var elements: [Int] { Array(Bits(word: mask)) }

    /// Whether all possible states are among `states`; of none, all are.
    func areAll(among states: UInt64) -> Bool { mask & ~states == 0 }

    mutating func insert(_ config: Config) {
        let bit: UInt64 = 1 << UInt64(config.state)
        mask |= bit
        switch config.source {
        case .initial: untouched |= bit
        case .unread: unread |= bit
        default:
            let place = known.firstIndex { !($0 < config) } ?? known.endIndex
            if place == known.endIndex || known[place] != config { known.insert(config, at: place) }
        }
    }

    mutating func formUnion(_ other: States) {
        untouched |= other.untouched
        unread |= other.unread
        mask |= other.mask
        if known.isEmpty {
            known = other.known
        } else if known != other.known {
            for config in other.known { insert(config) }
        }
    }

    /// Those among `states`.
    func filtered(_ states: UInt64) -> States {
        var result = States()
        result.untouched = untouched & states
        result.unread = unread & states
        result.known = known.filter { states & (1 << UInt64($0.state)) != 0 }
        result.mask = mask & states
        return result
    }

    /// What may have brought it where it may be, each once.
    var sources: [Source] {
        (untouched == 0 ? [] : [.initial]) + (unread == 0 ? [] : [.unread]) + Set(known.map(\.source))
    }

    /// In no order that means anything.
    var configs: [Config] {
        var result = known
        for state in Bits(word: untouched) { result.append(Config(state: UInt8(state), source: .initial)) }
        for state in Bits(word: unread) { result.append(Config(state: UInt8(state), source: .unread)) }
        return result
    }

    /// Adds every state that any number of unread events, in any order, can lead to.
    ///
    /// - Parameter row: the states that one such event leads to from a state.
    mutating func close(_ row: (_ state: Int) -> UInt64) {
        var reached: UInt64 = 0
        for state in Bits(word: mask) { reached |= row(state) }
        var open = reached
        while open != 0 {
            let more = row(open.trailingZeroBitCount) & ~reached
            open &= open - 1
            reached |= more
            open |= more
        }
        unread |= reached
        mask |= reached
    }
}

/// The places of the bits of a word, ascending.
struct Bits: Sequence, IteratorProtocol {
    var word: UInt64

    mutating func next() -> Int? {
        guard word != 0 else { return nil }
        defer { word &= word - 1 }
        return word.trailingZeroBitCount
    }
}
