// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What the exhaustive check says of one property.
public struct CheckedProperty: Hashable, Sendable {
    /// One letter of a counterexample or witness.
    public struct Line: Hashable, Sendable {
        /// The role it is sent in.
        public var by: String
        public var event: String
        /// States after it, of the machines followed, where they changed: machine and state.
        public var changes: [Change]
        /// Whether its sender had not yet heard of the letter told before it.
        public var isUnaware: Bool
    }

    public struct Change: Hashable, Sendable {
        public var machine: String
        public var state: String
    }

    public enum Outcome: Hashable, Sendable {
        /// For every state explored.
        case proved
        /// By the shortest story there is in the model; empty where the profile's text alone shows it.
        case refuted
    }

    public var id: String
    public var says: String
    public var outcome: Outcome
    /// Abstract states, and ways the facts may be, that were looked at.
    public var explored: Int
    /// The machines that were followed; the others were left open.
    public var tracks: [String]
    /// The shortest way to what must not be.
    public var story: [Line]
    /// What is wrong at its end, or which place of the profile is at fault.
    public var fault: String

    /// The story for people: who does what, in order.
    ///
    /// - Parameter label: the name of an `event`, `role`, `state` or `track` in the reader's language; `nil` where it
    ///   has none.
    public func text(label: (_ kind: String, _ name: String) -> String?) -> [String] {
        func state(_ change: Change) -> String {
            let isLifecycle = change.machine == ProfileTables.lifecycle
            let machine = isLifecycle ? "the case" : label("track", change.machine) ?? change.machine
            let name =
                isLifecycle
                ? label("state", change.state) : label("track", "\(change.machine).\(change.state)")
            return "\(machine): \(name ?? change.state) [\(change.state)]"
        }
        var lines: [String] = []
        for (index, line) in story.enumerated() {
            var text = "\(index + 1). \(label("role", line.by) ?? line.by) [\(line.by)]"
            if line.isUnaware { text += ", who has not heard of it yet" }
            text += ": \(label("event", line.event) ?? line.event) [\(line.event)]"
            if !line.changes.isEmpty { text += " → " + line.changes.map(state).joined(separator: "; ") }
            lines.append(text)
        }
        if !fault.isEmpty { lines.append(fault) }
        return lines
    }
}
