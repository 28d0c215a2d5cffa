// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import Testing

/// Judges with the same sight agree, and one with less never refuses what one with more admits.
@Suite struct SightTests {
    /// `KHEYA_SEEDS=1000` for a long run; a failure names its seed.
    private static let seeds: [UInt64] = Array(
        1...(ProcessInfo.processInfo.environment["KHEYA_SEEDS"].flatMap { UInt64($0) } ?? 8))

    private static let cases = Dictionary(uniqueKeysWithValues: seeds.map { ($0, RandomCase(seed: $0).letters) })
    private static func letters(_ seed: UInt64) -> [RandomCase.Letter] { cases[seed] ?? [] }

    private static func isRefused(_ verdict: Verdict) -> Bool { if case .refused = verdict { true } else { false } }

    /// Judges the letters in the order given, each twice: by one who reads all, and by one who reads what `member` may.
    private static func compare(
        _ letters: [RandomCase.Letter], as member: MemberID?,
        see: (RandomCase.Letter, MemberID?) -> Step = RandomCase.seen
    ) -> (wrong: [String], judged: Int, states: [String]) {
        var full = CaseHistory(profile: .repatriation)
        var partial = CaseHistory(profile: .repatriation)
        var wrong: [String] = []
        var judged = 0
        var waiting = letters
        while let place = waiting.firstIndex(where: { full.missingAncestors(of: $0.step).isEmpty }) {
            let letter = waiting.remove(at: place)
            let less = see(letter, member)
            if !letter.step.isVoid {
                let sure = full.admit(letter.step)
                let unsure = partial.admit(less)
                judged += 1
                if !isRefused(sure), isRefused(unsure) {
                    wrong.append("\(letter.step.shown.map(\.code)) \(letter.step.sealed): \(sure) but \(unsure)")
                }
            }
            full.insert(letter.step)
            partial.insert(less)
        }
        let (sure, unsure) = (full.state, partial.state)
        var states: [String] = []
        if !Set(sure.lifecycle).isSubset(of: unsure.lifecycle) {
            states.append("lifecycle \(sure.lifecycle) \(unsure.lifecycle)")
        }
        for (track, found) in sure.tracks where !Set(found).isSubset(of: unsure.tracks[track] ?? []) {
            states.append("\(track) \(found) \(unsure.tracks[track] ?? [])")
        }
        return (wrong, judged, states)
    }

    @Test(arguments: seeds)
    func `whoever reads less never refuses what one who reads all admits, and excludes no state that is true`(
        seed: UInt64
    ) {
        let letters = Self.letters(seed)
        var generator = SeededGenerator(seed: seed &+ 999)
        let order = letters.shuffled(using: &generator)
        for member in [nil] + Set(letters.map(\.step.from)).sorted() as [MemberID?] {
            let result = Self.compare(order, as: member)
            #expect(result.wrong == [], "seed \(seed), \(member?.text ?? "broker")")
            #expect(result.states == [], "seed \(seed), \(member?.text ?? "broker")")
            #expect(result.judged > 5)
        }
    }

    /// Without this the property could hold because nothing ever happened.
    @Test func `the random cases come far, run beside each other, and hold facts, stops, receipts and refused letters`()
    {
        var (states, concurrent, void, receipts, judged): (Set<String>, Int, Int, Int, Int) = ([], 0, 0, 0, 0)
        for seed in Self.seeds {
            let letters = Self.letters(seed)
            var history = CaseHistory(profile: .repatriation)
            for letter in letters {
                history.insert(letter.step)
                if history.heads.count > 1 { concurrent += 1 }
            }
            states.formUnion(history.state.lifecycle)
            void += letters.filter(\.step.isVoid).count
            receipts += letters.filter { $0.step.opened != nil }.count
            judged += letters.count
        }
        #expect(states.count >= 2, "\(states.sorted())")
        #expect(concurrent > judged / 8)
        #expect(void > 0 && receipts > 0 && judged > 300)
    }

    @Test func `a judge who took the unread for missing would refuse what others admit`() {
        var wrong = 0
        for seed in Self.seeds.prefix(4) {
            wrong +=
                Self.compare(Self.letters(seed), as: nil) { letter, _ in
                    var step = letter.step
                    step.sealed = .none
                    return step
                }.wrong.count
        }
        #expect(wrong > 0)
    }

    @Test(arguments: seeds)
    func `one who reads all knows every state exactly`(seed: UInt64) {
        var history = CaseHistory(profile: .repatriation)
        for letter in Self.letters(seed) { history.insert(letter.step) }
        let state = history.state
        #expect(state.isExact && state.lifecycle.count == 1)
        #expect(state.tracks.values.allSatisfy { $0.count == 1 })
    }

    @Test(arguments: seeds)
    func `the order of arrival changes neither verdict nor state`(seed: UInt64) {
        let letters = Self.letters(seed)
        var generator = SeededGenerator(seed: seed &+ 77)
        for member in [nil, letters[0].step.from] as [MemberID?] {
            let seen = letters.map { RandomCase.seen($0, by: member) }
            // In causal order the situation is carried on from letter to letter; shuffled it is replayed anew.
            var first = CaseHistory(profile: .repatriation)
            var verdicts: [Digest: Verdict] = [:]
            for step in seen {
                verdicts[step.id] = first.admit(step)
                first.insert(step)
            }
            var second = CaseHistory(profile: .repatriation)
            for step in seen.shuffled(using: &generator) { second.insert(step) }
            #expect(first.state == second.state)
            #expect(first.heads == second.heads)
            #expect(first.parties == second.parties)
            for step in seen where !step.isVoid {
                #expect(second.admit(step) == verdicts[step.id], "seed \(seed)")
            }
            for party in Set(seen.map(\.from)) {
                let roles = seen.first { $0.from == party }?.roles ?? []
                #expect(
                    first.possibleEvents(for: party, roles: roles, at: seen[seen.count - 1].at)
                        == second.possibleEvents(for: party, roles: roles, at: seen[seen.count - 1].at))
            }
        }
    }

    /// Found by the simulation: the name of the stop depended on which came first.
    @Test func `of two stops that void a step every judge names the same, in whatever order they came`() throws {
        let script = Stories.letters("stop-beside-progress").map(\.step)
        let stop = try #require(script.first { $0.id == .named("hold") })
        var other = stop
        other.id = .named("another-hold")
        let histories = [[stop, other], [other, stop]].map { stops in
            var history = CaseHistory(profile: .repatriation)
            for step in script where step.id != stop.id { history.insert(step) }
            for step in stops { history.insert(step) }
            return history
        }
        #expect(histories[0].state == histories[1].state)
        let isVoid = histories[0].state.events.contains { if case .void = $0.effect { true } else { false } }
        #expect(isVoid)
    }

    /// Found by the simulation: whoever read which letter it was that stands beside a stop let that one stand as the last.
    @Test func `one who reads a letter more is left with no state more`() throws {
        let script = Stories.letters("main-path-adult")
        let review = try #require(script.firstIndex { $0.name == "review" })
        let told = script[...review].map(\.step)
        func stop(_ name: String, _ code: String, like step: Step) -> Step {
            let events = [Event(code: code, facts: Stories.told[code]?.first?.facts ?? [:])]
            return Step(
                id: .named(name), parents: [told[review].id], root: told[0].id, from: step.from, roles: step.roles,
                to: [told[0].from], at: Instant(seconds: told[review].at.seconds + 60), lane: .urgent,
                profile: step.profile, shown: Profile.repatriation.shown(events), sealed: .opened(events))
        }
        let report = try #require(script.first { $0.name == "report" }?.step)
        let beside = [
            stop("risk", "NEW_RISK", like: told[review]), stop("declined", "HOME_INV_DECLINED", like: report),
            stop("child", "CHILD_ESTABLISHED", like: told[review]),
        ]
        func home(unread: Set<Digest>) -> [String]? {
            var history = CaseHistory(profile: .repatriation)
            for var step in told + beside {
                if unread.contains(step.id) { step.sealed = .unknown }
                history.insert(step)
            }
            return history.state.tracks["home"]
        }
        #expect(home(unread: []) == ["not_requested"])
        #expect(home(unread: [.named("declined"), .named("child")]) == ["not_requested"])
        #expect(home(unread: [.named("child")]) == ["not_requested"])
    }

    @Test func `whoever cannot read whether a role changed hands takes nobody's role away`() throws {
        var definition = Profile.repatriation.definition
        let place = try #require(definition.parties.firstIndex { $0.event == "HOME_INV_REQUEST" })
        definition.parties[place].replaces = true
        let profile = try Profile(definition, digest: Profile.repatriation.digest)
        let told = Stories.letters("main-path-adult").prefix(7).map(\.step)
        let request = try #require(told.last)
        let (visitors, others) = (request.to, try #require(MemberID("bd:practice-others")))
        func next(_ code: String, _ name: String, after: [Digest]) -> Step {
            let events = [Event(code: code, facts: Stories.told[code]?.first?.facts ?? [:])]
            return Step(
                id: .named(name), parents: after, root: told[0].id, from: request.from, roles: request.roles,
                to: [others], at: request.at, lane: .normal, profile: request.profile,
                shown: profile.shown(events), sealed: .opened(events))
        }
        func holders(_ letters: [Step], isRead: Bool) -> Set<MemberID>? {
            var history = CaseHistory(profile: profile)
            for var step in told + letters {
                if !isRead { step.sealed = .unknown }
                history.insert(step)
            }
            var late = CaseHistory(profile: profile)
            for var step in (told + letters).reversed() {
                if !isRead { step.sealed = .unknown }
                late.insert(step)
            }
            #expect(history.parties == late.parties)
            return history.parties["BD_INVESTIGATOR"]
        }
        for letters in [
            [next("HOME_INV_REQUEST", "again", after: [request.id])],
            [
                next("HOME_INV_REQUEST", "again", after: [request.id]),
                next("HOME_INV_REQUEST", "third", after: [.named("again")]),
            ],
        ] {
            #expect(holders(letters, isRead: true) == [others])
            #expect(holders(letters, isRead: false) == Set(visitors + [others]))
        }
        let plan = next("CARE_PLAN", "plan", after: [request.id])
        #expect(holders([plan], isRead: true) == holders([], isRead: true))
        #expect(holders([plan], isRead: false) == Set(visitors + [others]))
    }

    /// Found by the simulation: whoever went on after such a letter waited for ever.
    @Test func `a letter that names one which never comes is nobody's parent`() throws {
        let script = Stories.letters("main-path-adult").prefix(3).map(\.step)
        var history = CaseHistory(profile: .repatriation)
        for step in script { history.insert(step) }
        let heads = history.heads
        var urgent = script[2]
        urgent.id = .named("urgent")
        urgent.lane = .urgent
        urgent.parents = [script[2].id, .named("never-comes")]
        history.insert(urgent)
        #expect(history.contains(urgent.id))
        #expect(history.heads == heads)
        var late = script[1]
        late.id = .named("never-comes")
        history.insert(late)
        #expect(history.heads == [urgent.id])
    }

    @Test func `who cannot read whether a consent lives asks those whose letters may say so, and nobody else`() throws {
        let letters = Stories.letters("main-path-adult")
        let offer = try #require(letters.first).step
        let accept = try #require(letters.first { $0.name == "accept" }).step
        let consent = try #require(letters.first { $0.name == "family" }).step
        let visitor = try #require(letters.first { $0.name == "visit-taken" }).step
        var history = CaseHistory(profile: .repatriation)
        for letter in letters.prefix(while: { $0.step.at <= visitor.at }) { history.insert(letter.step) }
        func hiding() -> [MemberID] {
            history.hidingConsent(
                for: "HOME_INV_REPORT", by: visitor.from, roles: visitor.roles,
                at: Instant(seconds: visitor.at.seconds + 86_400))
        }
        func tell(_ name: String, by sender: Step, _ lane: Lane, _ sealed: Step.Sealed) {
            history.insert(
                Step(
                    id: .named(name), parents: history.heads, root: offer.id, from: sender.from, roles: sender.roles,
                    to: consent.to, at: visitor.at, lane: lane, profile: visitor.profile, sealed: sealed))
        }
        #expect(hiding() == [])
        // Only what is urgent can be a withdrawal, and the NGO records no consent of this kind.
        tell("letter", by: accept, .normal, .unknown)
        #expect(hiding() == [])
        tell("stop", by: accept, .urgent, .unknown)
        #expect(hiding() == [accept.from])
        tell("other", by: offer, .normal, .unknown)
        #expect(hiding() == [accept.from, offer.from])
        // A consent that can be read, after all of them, settles it.
        tell("again", by: offer, .normal, consent.sealed)
        #expect(hiding() == [])
    }
}
