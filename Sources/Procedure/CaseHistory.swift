// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// One case as the causal graph of its letters, as one judge knows them.
///
/// A value: judging changes nothing, and two histories with the same letters and the same sight agree, in whatever
/// order the letters came. What this judge cannot read is unknown, not missing.
///
/// - SeeAlso: Protocols/Procedure.md.
public struct CaseHistory: Sendable {
    /// The version of the procedure that the case has by all known letters, as far as this judge holds it.
    public private(set) var profile: Profile
    /// The versions that this judge holds, by digest. Protocols/Procedure.md, "Migration".
    private(set) var versions: [Digest: Profile]
    private(set) var nodes: [Node] = []
    private(set) var index: [Digest: Int] = [:]
    private(set) var reaches: [SealedReach] = []
    private(set) var reachIndex: [SealedReach.Key: Int] = [:]
    /// Letters that others name and that have not come.
    private(set) var missing = BitSet()
    /// Letters that can matter to replay.
    private(set) var eventful = BitSet()
    private(set) var retractions = BitSet()
    /// Letters beside which another of the same sender stood when they came.
    var forks = BitSet()
    /// Letters that adopt another version of the procedure.
    private(set) var adoptions = BitSet()
    /// Letters that may hold a stop.
    private(set) var stops = BitSet()
    /// Letters that open a case, and letters that may make somebody a party.
    private(set) var roots = BitSet()
    private(set) var partyMakers = BitSet()
    private(set) var rootParties: [Int: Parties] = [:]
    /// Whom all known letters make parties; absent after a letter that did not descend from all others that make some.
    private(set) var settledNaming: PartyNaming? = PartyNaming()
    /// The letters of each sender.
    private(set) var sent: [MemberID: BitSet] = [:]
    /// What all known letters leave possible; absent after a letter that did not descend from all others.
    private var settled: Situation?
    /// Where replay begins: nothing has happened, or for the exhaustive check a past that is summed up.
    let beginning: Situation

    /// - Parameters:
    ///   - profile: as long as no letter says otherwise.
    ///   - versions: what the case may adopt.
    public init(profile: Profile, versions: [Digest: Profile] = [:]) {
        self.profile = profile
        self.versions = versions
        beginning = profile.tables.beginning
        settled = beginning
    }

    /// A case of which only the outcome so far is known: its root is an empty letter, and all further letters descend
    /// from it. With full sight of those only.
    init(profile: Profile, beginning: Situation, root: Step, parties: Parties) {
        self.profile = profile
        versions = [:]
        self.beginning = beginning
        settled = beginning
        insert(root)
        rootParties[0] = parties
    }

    /// The number of letters that have come.
    public var count: Int { nodes.count - missing.count }

    public func contains(_ id: Digest) -> Bool { index[id].map { !missing.contains($0) } ?? false }

    /// The letter as it was inserted.
    public func step(_ id: Digest) -> Step? { index[id].flatMap { nodes[$0].step } }

    /// Letters of which no other descends: what the next letter names as its parents. Sorted.
    ///
    /// Only among letters whose ancestors are all there: whoever descended from a letter that names one which never comes
    /// would wait for ever.
    public var heads: [Digest] {
        var heads = BitSet()
        var covered = BitSet()
        for place in nodes.indices where nodes[place].ancestors.isDisjoint(with: missing) && !missing.contains(place) {
            heads.insert(place)
            covered.formUnion(nodes[place].ancestors)
        }
        return heads.subtracting(covered).elements.map { nodes[$0].id }.sorted()
    }

    /// All letters of which `step` descends, or says so, and that have not come. Sorted.
    public func missingAncestors(of step: Step) -> [Digest] {
        let named = Self.edges(of: step)
        if missing.isEmpty, named.allSatisfy({ index[$0] != nil }) { return [] }
        var result = Set(named.filter { !contains($0) })
        for id in named {
            if let place = index[id] {
                for lost in nodes[place].ancestors.intersection(missing).elements { result.insert(nodes[lost].id) }
            }
        }
        return result.sorted()
    }

    /// The letters that come before a known one, as far as they are known; in no order.
    public func ancestors(of id: Digest) -> [Digest] {
        index[id].map { nodes[$0].ancestors.subtracting(missing).elements.map { nodes[$0].id } } ?? []
    }

    /// Adds a letter, whatever was said of it. Again changes nothing, unless this time more of it is readable or it has
    /// become void.
    public mutating func insert(_ step: Step) {
        let before = adoptions
        add(step)
        if Self.isRoot(step) || adoptions != before { adopt() }
    }

    /// What this judge holds is this now.
    public mutating func learn(_ versions: [Digest: Profile]) {
        let isMore = versions.count != self.versions.count
        self.versions = versions
        if isMore { adopt() }
    }

    /// Takes over the version that the letters say, if this judge holds it.
    private mutating func adopt() {
        let digest = version(among: everything)
        guard digest != profile.digest, let next = versions[digest] else { return }
        self = under(next)
    }

    /// The same letters by the tables of another version.
    func under(_ version: Profile) -> CaseHistory {
        var result = CaseHistory(profile: version, versions: versions)
        for step in nodes.compactMap(\.step) { result.add(step) }
        return result
    }

    private mutating func add(_ step: Step) {
        if let place = index[step.id], let known = nodes[place].step {
            let merged = Self.merge(known, step)
            guard merged != known else { return }
            describe(place, merged)
            (settled, settledNaming) = (nil, nil)
            return
        }
        let wasNamed = index[step.id] != nil
        let place = place(of: step.id)
        missing.remove(place)
        sent[step.from, default: BitSet()].insert(place)
        if Self.isRoot(step) { roots.insert(place) }
        link(place, step)
        describe(place, step)
        if wasNamed { relink(from: place) }
        noteForks(of: place)
        settle(after: place, wasNamed: wasNamed)
        settleNaming(after: place, wasNamed: wasNamed)
    }

    /// Letters that a step names as coming before it.
    static func edges(of step: Step) -> [Digest] {
        var result = step.parents
        for case let id? in [step.previous, step.root, step.opened] { result.append(id) }
        return result.contains(step.id) ? result.filter { $0 != step.id } : result
    }

    private static func merge(_ known: Step, _ step: Step) -> Step {
        var merged = known
        if case .opened = step.sealed, known.sealed == .unknown {
            merged = step
            merged.requires = Array(Set(known.requires + step.requires)).sorted()
        }
        merged.isVoid = known.isVoid || step.isVoid
        return merged
    }

    private mutating func place(of id: Digest) -> Int {
        if let place = index[id] { return place }
        nodes.append(Node(id: id))
        index[id] = nodes.count - 1
        missing.insert(nodes.count - 1)
        return nodes.count - 1
    }

    private mutating func link(_ place: Int, _ step: Step) {
        var ancestors = BitSet()
        var newest = step.at.seconds
        for id in Self.edges(of: step) {
            let parent = self.place(of: id)
            ancestors.insert(parent)
            ancestors.formUnion(nodes[parent].ancestors)
            newest = max(newest, nodes[parent].newestAt)
        }
        ancestors.remove(place)
        nodes[place].ancestors = ancestors
        nodes[place].ancestorCount = ancestors.count
        nodes[place].newestAt = newest
    }

    /// A letter that others named came late: they descend from its ancestors too.
    private mutating func relink(from place: Int) {
        for other in nodes.indices where nodes[other].ancestors.contains(place) {
            nodes[other].ancestors.formUnion(nodes[place].ancestors)
            nodes[other].ancestors.remove(other)
            nodes[other].ancestorCount = nodes[other].ancestors.count
            nodes[other].newestAt = max(nodes[other].newestAt, nodes[place].newestAt)
        }
    }

    private mutating func describe(_ place: Int, _ step: Step) {
        let tables = profile.tables
        let held = tables.held(step)
        let reach = step.sealed == .unknown ? reach(of: SealedReach.Key(roles: held, lane: step.lane)) : -1
        let sight = LetterSight(step, held: held, reach: reach < 0 ? nil : reaches[reach], tables: tables)
        nodes[place].sight = sight
        nodes[place].reach = reach
        func mayHold(_ event: Int?) -> Bool {
            event.map { event in sight.items.contains { $0.candidates.contains(event) } } ?? false
        }
        eventful.set(place, sight.isEventful)
        stops.set(place, sight.hasStopMay && !step.isVoid)
        partyMakers.set(place, !sight.naming.isEmpty)
        // Whom it retracts is asked later: that letter may not have come yet.
        retractions.set(place, mayHold(tables.retraction) && !step.isVoid)
        adoptions.set(place, !step.isVoid && !adopted(by: sight).isEmpty)
        if Self.isRoot(step) { rootParties[place] = opening(of: sight) }
    }

    private mutating func reach(of key: SealedReach.Key) -> Int {
        if let place = reachIndex[key] { return place }
        // Kinds are counted in one word; the last two places stand for "any role".
        let wide =
            reaches.count >= 62 ? SealedReach.Key(roles: Set(profile.definition.roles.keys), lane: key.lane) : key
        if let place = reachIndex[wide] { return place }
        reaches.append(profile.tables.reach(wide))
        reachIndex[wide] = reaches.count - 1
        return reaches.count - 1
    }

    /// Keeps the settled situation where the new letter descends from all that matters.
    private mutating func settle(after place: Int, wasNamed: Bool) {
        let node = nodes[place]
        guard forks.isEmpty else {
            settled = nil
            return
        }
        guard node.isEventful else {
            if node.isVoid || wasNamed { settled = nil }
            return
        }
        var others = eventful
        others.remove(place)
        guard !wasNamed, others.isSubset(of: node.ancestors) else {
            settled = nil
            return
        }
        // The order of replay is known as long as every letter is; from there on all orders are followed.
        let isFirstUnread = !node.isCertain && !others.isEmpty && settled?.isExact == true
        guard var situation = settled, !retractions.contains(place), !isFirstUnread else {
            settled = Replay(self, members: eventful).situation()
            return
        }
        settled = nil  // so that it is changed in place
        Replay(self, before: node, members: others).append(place, to: &situation)
        settled = situation
    }

    /// The same for whom they make parties.
    private mutating func settleNaming(after place: Int, wasNamed: Bool) {
        guard !wasNamed, !retractions.contains(place) else {
            settledNaming = nil
            return
        }
        guard let letter = nodes[place].sight, partyMakers.contains(place) else { return }
        var others = partyMakers
        others.remove(place)
        guard others.isSubset(of: nodes[place].ancestors) else {
            settledNaming = nil
            return
        }
        if settledNaming == nil {
            settledNaming = naming(in: everything)
        } else {
            settledNaming?.add(letter.naming, by: profile.definition.parties)
        }
    }

    // MARK: for judging

    /// What a causally closed set of letters leaves possible.
    func situation(after members: BitSet) -> Situation {
        let matter = members.intersection(eventful)
        if let settled, eventful.isSubset(of: matter) { return settled }
        return Replay(self, members: matter, forked: forked(in: members)).situation()
    }

    /// What all known letters leave possible.
    var situation: Situation {
        settled ?? Replay(self, members: eventful, forked: forked(in: everything)).situation()
    }

    /// Possible states of each machine, what may be pending included.
    func states(of situation: Situation) -> [States] {
        situation.machines.indices.map { situation.machines[$0].states(on: $0, reaches) }
    }

    /// The letter that a retraction leaves out.
    private func retractedLetter(_ place: Int) -> Int? {
        guard let retraction = profile.definition.retraction, let step = nodes[place].step, !step.isVoid else {
            return nil
        }
        for item in nodes[place].items
        where item.candidates.contains(where: { profile.tables.events[$0].name == retraction.event }) {
            guard case .text(let text) = item.facts[retraction.fact], let id = Digest(hex: text),
                let target = index[id],
                nodes[place].ancestors.contains(target), nodes[target].step?.from == step.from
            else { continue }
            return target
        }
        return nil
    }

    func retracted(in members: BitSet) -> BitSet {
        var result = BitSet()
        for place in retractions.elements where members.contains(place) {
            if let target = retractedLetter(place) { result.insert(target) }
        }
        return result
    }
}
