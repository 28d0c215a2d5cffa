// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// SplitMix64: the same seed gives the same case on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF0 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// A case as three members make it who hear of each other late: the main path, with random steps, receipts, retractions
/// and refused letters in between. Every letter that counts was admitted by a judge who reads everything.
struct RandomCase {
    struct Letter {
        var step: Step
        var readers: Set<MemberID>
    }

    let profile = Profile.repatriation
    private(set) var letters: [Letter] = []
    private var random: SeededGenerator
    private var full: CaseHistory
    private var known: [MemberID: Set<Digest>] = [:]
    private var late: [(member: MemberID, letter: Digest)] = []
    private var last: [MemberID: Digest] = [:]
    private var number = 0
    private var sent: [Digest: Digest] = [:]
    private static let main = Stories.letters("main-path-adult")
    private var members: [MemberID] = []
    private var roles: [MemberID: Set<String>] = [:]

    init(seed: UInt64, length: Int = 70) {
        random = SeededGenerator(seed: seed)
        full = CaseHistory(profile: .repatriation)
        for letter in Self.main where roles[letter.step.from] == nil {
            members.append(letter.step.from)
            roles[letter.step.from] = letter.step.roles
        }
        var (next, tries) = (0, 0)
        var clock = Self.main[0].step.at
        var turns = 0
        while letters.count < length, turns < 6 * length {
            turns += 1
            deliver()
            if next < Self.main.count, letters.isEmpty || Int.random(in: 0..<10, using: &random) < 6 {
                clock = max(clock, Self.main[next].step.at)
                // Refused mostly because its sender has not heard yet: it is tried again, for a while.
                let sent = send(Self.main[next].step, at: clock)
                tries = sent ? 0 : tries + 1
                if sent || tries > 6 {
                    next += 1
                    tries = 0
                }
            } else if Int.random(in: 0..<4, using: &random) == 0 {
                receipt(at: clock)
            } else {
                clock = clock + Int64.random(in: 0..<40_000, using: &random)
                invent(at: clock)
            }
        }
    }

    /// Now and then a member hears of what was sent to it.
    private mutating func deliver() {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            guard let place = late.indices.randomElement(using: &random) else { return }
            let (member, letter) = late.remove(at: place)
            learn(member, letter)
        }
    }

    private mutating func learn(_ member: MemberID, _ id: Digest) {
        var open = [id]
        while let next = open.popLast() {
            guard known[member, default: []].insert(next).inserted, let step = full.step(next) else { continue }
            open += step.parents + [step.previous, step.root, step.opened].compactMap { $0 }
        }
    }

    private mutating func heads(of member: MemberID) -> [Digest] {
        let known = known[member] ?? []
        var result = known
        for id in known { if let step = full.step(id) { for parent in step.parents { result.remove(parent) } } }
        return result.sorted()
    }

    private mutating func id() -> Digest {
        number += 1
        // Random, so that ties between concurrent letters fall either way.
        var bytes = (0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        bytes[0] = UInt8(truncatingIfNeeded: number)
        guard let digest = Digest(bytes) else { fatalError("32 bytes") }
        return digest
    }

    @discardableResult private mutating func send(_ template: Step, at: Instant) -> Bool {
        var step = template
        step.id = id()
        step.at = at
        step.parents = letters.isEmpty ? [] : heads(of: step.from)
        step.previous = last[step.from]
        step.root = letters.first?.step.id
        // A form follows its fact, by the id that the fact was sent under.
        step.requires = template.requires.compactMap { sent[$0] }
        if step.parents.isEmpty, !letters.isEmpty { return false }
        let verdict = full.admit(step)
        if case .refused = verdict {
            // Mostly it is not sent; sometimes it was, and stays in the graph as void.
            guard !letters.isEmpty, Int.random(in: 0..<8, using: &random) == 0 else { return false }
            step.isVoid = true
        }
        if case .waiting = verdict { return false }
        full.insert(step)
        sent[template.id] = step.id
        letters.append(Letter(step: step, readers: Set(step.to).union([step.from])))
        last[step.from] = step.id
        learn(step.from, step.id)
        for member in members where member != step.from { late.append((member, step.id)) }
        return !step.isVoid
    }

    private mutating func receipt(at: Instant) {
        guard let member = members.randomElement(using: &random),
            let target = known[member]?.sorted().randomElement(using: &random),
            let letter = full.step(target), letter.to.contains(member), letter.opened == nil
        else { return }
        send(
            Step(
                id: target, from: member, roles: roles[member] ?? [], to: [letter.from], at: at, lane: .normal,
                profile: letter.profile,
                opened: target), at: at)
    }

    private mutating func invent(at: Instant) {
        guard let from = members.randomElement(using: &random) else { return }
        let mine = profile.eventNames.filter { name in
            profile.event(name)?.by.contains { roles[from]?.contains($0) ?? false } ?? false
        }
        guard let name = mine.randomElement(using: &random), let rule = profile.event(name),
            let lane = rule.lanes.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &random)
        else { return }
        // Her no ends most cases early; a share of them must come far.
        if rule.kind == .stop, Int.random(in: 0..<3, using: &random) > 0 { return }
        let own = letters.filter { $0.step.from == from }.map(\.step.id)
        let event = RandomEvents.event(
            name, of: profile, by: from, among: members, own: own.isEmpty ? [letters[0].step.id] : own, at: at,
            using: &random)
        let parties = Set(full.parties.values.flatMap { $0 })
        let others = members.filter { $0 != from && parties.contains($0) }
        let to = others.filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
        guard !to.isEmpty else { return }
        let parts = RandomEvents.parts(rule, to: to, using: &random)
        send(
            Step(
                id: Digest.named("template"), from: from, roles: roles[from] ?? [], to: to, at: at, lane: lane,
                profile: profile.digest,
                shown: profile.shown([event]), sealed: .opened([event]), parts: parts), at: at)
    }

    /// The letter as one judge sees it; nobody: as a broker.
    static func seen(_ letter: Letter, by member: MemberID?) -> Step {
        var step = letter.step
        if case .opened = step.sealed, member.map({ !letter.readers.contains($0) }) ?? true { step.sealed = .unknown }
        return step
    }
}
