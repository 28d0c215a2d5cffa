// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Replay where something is unread.
extension Replay {
    /// How many sets of letters that may have been replayed so far one stretch of a case may have. Protocols/Procedure.md §10.
    private static let setsSideBySide = 256

    /// Follows every machine through all orders of the letters that causality allows, with unread letters anywhere they
    /// may stand.
    ///
    /// Every known letter stands somewhere in each order, so that one who reads more of them is left with less that is possible, and no
    /// judge with less sight excludes what one with more finds.
    func possible() -> (situation: Situation, standings: [Source: Standing]) {
        var situation = tables.beginning
        situation.isExact = false
        var standings: [Source: Standing] = [:]
        let unread = sorted.filter { nodes[$0].reach >= 0 }
        var known: [[Int]] = Array(repeating: [], count: tables.machines.count)
        for letter in sorted { for machine in Bits(word: nodes[letter].touches) { known[machine].append(letter) } }
        for machine in known.indices {
            situation.machines[machine] = follow(machine, known[machine], unread: unread, standings: &standings)
        }
        for index in sorted { noteNotices(index, &standings) }
        gatherNewest(&situation, unread: unread, standings: standings)
        return (situation, standings)
    }

    /// Of a known letter on one machine: which others come before it.
    private struct Neighbours {
        let letter: Int
        let before: BitSet
    }

    /// Unread letters that stand between the same known ones of a machine: a mask over `reaches`.
    private struct Hidden {
        let before: BitSet
        let after: BitSet
        var kinds: UInt64
    }

    /// - Parameter letters: those that touch the machine, ancestors first.
    private func follow(
        _ machine: Int, _ letters: [Int], unread: [Int], standings: inout [Source: Standing]
    ) -> Situation.Outcome {
        var states = States(untouched: tables.machines[machine].initial)
        let hidden = hidden(on: machine, beside: letters, unread)
        /// Kinds of unread letters that may stand behind some of the letters `done`, and before those that are not among `begun`.
        func kinds(among done: BitSet, begun: BitSet) -> UInt64 {
            hidden.reduce(0) { kinds, unread in
                unread.before.isSubset(of: done) && unread.after.isDisjoint(with: begun) ? kinds | unread.kinds : kinds
            }
        }

        var done = BitSet()
        for stretch in stretches(letters) {
            if stretch.count == 1, let letter = stretch.first?.letter {
                states.close(on: machine, pending: kinds(among: done, begun: done), of: reaches)
                states = run(letter, on: machine, from: states, emitted: nil, standings: &standings)
                done.insert(letter)
                continue
            }
            var inputs: [Int: States] = [:]
            var ignored: [Source: Standing] = [:]
            if let orders = allOrders(
                of: stretch, on: machine, from: states, after: done, kinds: { kinds(among: $0, begun: $0) }, &inputs)
            {
                states = orders
            } else {
                // Too many beside each other: each may have stood anywhere, any number of times.
                var end = done
                for letter in stretch { end.insert(letter.letter) }
                let pending = kinds(among: end, begun: done)
                var before: States
                repeat {
                    before = states
                    states.close(on: machine, pending: pending, of: reaches)
                    for letter in stretch {
                        states.formUnion(
                            run(letter.letter, on: machine, from: states, emitted: nil, standings: &ignored))
                    }
                } while states != before
                for letter in stretch { inputs[letter.letter] = states }
            }
            for letter in stretch.map(\.letter) {
                _ = run(
                    letter, on: machine, from: inputs[letter] ?? States(), emitted: nil, standings: &standings)
                done.insert(letter)
            }
        }
        return Situation.Outcome(states, pending: kinds(among: done, begun: done))
    }

    /// What a known letter hides moves the machine at that letter's own place, so it is not among these.
    private func hidden(on machine: Int, beside known: [Int], _ unread: [Int]) -> [Hidden] {
        let all = BitSet(known)
        var result: [Hidden] = []
        for letter in unread where !reaches[nodes[letter].reach].rows[machine].isEmpty && !all.contains(letter) {
            let kind: UInt64 = 1 << UInt64(nodes[letter].reach)
            let before = nodes[letter].ancestors.intersection(all)
            let after = BitSet(known.filter { nodes[$0].ancestors.contains(letter) })
            if let place = result.firstIndex(where: { $0.before == before && $0.after == after }) {
                result[place].kinds |= kind
            } else {
                result.append(Hidden(before: before, after: after, kinds: kind))
            }
        }
        return result
    }

    /// Cuts letters, ancestors first, wherever all that come later descend from all before.
    private func stretches(_ letters: [Int]) -> [ArraySlice<Neighbours>] {
        let all = BitSet(letters)
        let known = letters.map { Neighbours(letter: $0, before: nodes[$0].ancestors.intersection(all)) }
        var result: [ArraySlice<Neighbours>] = []
        var start = known.count
        var common: BitSet?
        var cuts: [Int] = []
        for place in known.indices.reversed() {
            common = common.map { $0.intersection(known[place].before) } ?? known[place].before
            // All before this one are ancestors of it and of all later ones.
            if common?.count == place { cuts.append(place) }
        }
        for cut in cuts {
            if cut < start { result.append(known[cut..<start]) }
            start = cut
        }
        return result.reversed()
    }

    /// Every order of one stretch: the states after each set of letters that holds the ancestors of all in it, a letter more at a time.
    ///
    /// - Returns: the states after all of them; `nil` where there are too many such sets.
    private func allOrders(
        of stretch: ArraySlice<Neighbours>, on machine: Int, from start: States, after done: BitSet,
        kinds: (BitSet) -> UInt64, _ inputs: inout [Int: States]
    ) -> States? {
        var ignored: [Source: Standing] = [:]
        var layer = [done: start]
        for _ in stretch {
            var next: [BitSet: States] = [:]
            for (done, states) in layer {
                var states = states
                states.close(on: machine, pending: kinds(done), of: reaches)
                for letter in stretch where !done.contains(letter.letter) && letter.before.isSubset(of: done) {
                    inputs[letter.letter, default: States()].formUnion(states)
                    var more = done
                    more.insert(letter.letter)
                    next[more, default: States()].formUnion(
                        run(letter.letter, on: machine, from: states, emitted: nil, standings: &ignored))
                }
            }
            guard next.count <= Self.setsSideBySide else { return nil }
            layer = next
        }
        return layer.values.first
    }

    private func gatherNewest(_ situation: inout Situation, unread: [Int], standings: [Source: Standing]) {
        for (place, event) in tables.newestEvents.enumerated() {
            var sources: [(source: Source, must: Bool)] = []
            for index in sorted {
                for (number, item) in nodes[index].items.enumerated() where item.candidates.contains(event) {
                    let source = Source(node: index, item: number, event: event)
                    if let standing = standings[source], standing.may { sources.append((source, standing.must)) }
                }
            }
            let certain = sources.filter(\.must).map(\.source)
            func isOutdated(_ source: Source) -> Bool {
                certain.contains {
                    nodes[Int($0.node)].ancestors.contains(Int(source.node))
                        || ($0.node == source.node && $0.item > source.item)
                }
            }
            situation.newest[place] = Situation.Newest(
                sources: Set(sources.map(\.source).filter { !isOutdated($0) }), mayBeNone: certain.isEmpty,
                mayBeUnread: unread.contains { letter in
                    reaches[nodes[letter].reach].newest[place]
                        && !certain.contains {
                            nodes[Int($0.node)].ancestors.contains(letter) || Int($0.node) == letter
                        }
                })
        }
    }
}
