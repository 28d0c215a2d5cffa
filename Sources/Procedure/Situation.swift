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

/// A state of one machine, and what brought it there.
struct Config: Hashable, Sendable {
    var state: UInt8
    var source: Source
}

/// What a set of letters leaves possible. With full sight each set holds one element.
struct Situation: Hashable, Sendable {
    /// Possible states after the last letter that is known to touch a machine, and which kinds of unread letters may
    /// have come since.
    struct Branch: Hashable, Sendable {
        var configs: Set<Config>
        /// Mask over the history's ``SealedReach``es.
        var pending: UInt64
    }

    struct Newest: Hashable, Sendable {
        var sources: Set<Source> = []
        var mayBeNone = true
        var mayBeUnread = false
    }

    var machines: [[Branch]]
    var newest: [Newest]
    /// Whether every letter's events are known: then the order of replay is known too.
    var isExact: Bool

    init(_ tables: ProfileTables) {
        machines = tables.machines.map { [Branch(configs: [Config(state: $0.initial, source: .initial)], pending: 0)] }
        newest = Array(repeating: Newest(), count: tables.newestEvents.count)
        isExact = true
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
