// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// A case stays on its version until every side has signed that it takes another.
@Suite struct MigrationTests {
    /// The next version: one more event on one more track.
    private static func next(_ change: (inout ProfileDefinition) -> Void = { _ in }) throws -> Profile {
        var definition = Profile.repatriation.definition
        definition.version = "0.7.0-draft"
        definition.replaces = [Profile.repatriation.digest]
        var rule = ProfileDefinition.EventRule(
            kind: .progress, home: "schooling", by: ["BD_NGO"], lanes: [.normal], tier: .t1)
        rule.guards = ["G_SHARE_FULL"]
        definition.events["SCHOOL_FOUND"] = rule
        definition.tracks["schooling"] = ProfileDefinition.Track(
            group: .side, initial: "none", green: [],
            edges: [ProfileDefinition.Edge(from: "none", event: "SCHOOL_FOUND", to: "found")])
        change(&definition)
        return try Profile(definition, digest: .named("next"))
    }

    private static let successor = Result { try next() }

    private static func refusal(_ change: (inout ProfileDefinition) -> Void) throws -> ProfileError? {
        let next = try next(change)
        do {
            try next.check(succeeds: .repatriation)
            return nil
        } catch { return error }
    }

    private static func notice(
        _ name: String, from: MemberID, roles: Set<String>, parents: [Digest], previous: Digest?, digest: Digest
    )
        throws -> Step
    {
        let event = Event(code: "PROFILE_ADOPTED", facts: ["profile_digest": .text(digest.hex)])
        return Step(
            id: .named(name), parents: parents, previous: previous, root: .named("offer"), from: from, roles: roles,
            to: [try #require(MemberID("in:practice-shelter")), try #require(MemberID("bd:practice-ngo"))],
            at: Instant(seconds: 1_773_000_000), lane: .normal, profile: Profile.repatriation.digest,
            shown: Profile.repatriation.shown([event]), sealed: .opened([event]))
    }

    @Test func `a version that only adds may be adopted`() throws { #expect(try Self.refusal { _ in } == nil) }

    @Test func `a version that moves an old letter otherwise may not, and the place is named`() throws {
        #expect(try Self.refusal { $0.replaces = [] }?.place == "replaces")
        #expect(try Self.refusal { $0.events["DOSSIER"]?.shownAs = nil }?.place == "events.DOSSIER")
        #expect(try Self.refusal { $0.roles["NODAL"]?.country = "BD" }?.place == "roles.NODAL")
        #expect(try Self.refusal { $0.lifecycle.notMovedByFacts = [] }?.place == "lifecycle.draft")
        #expect(try Self.refusal { $0.factOrder.reverse() }?.place == "ordering.fact_order")
        #expect(
            try Self.refusal { $0.tracks["medical"]?.edges.removeAll { $0.event == "UNFIT" && $0.from == "fit" } }?
                .place == "medical")
        #expect(
            try Self.refusal { definition in
                definition.tracks["medical"]?.edges.append(
                    ProfileDefinition.Edge(from: "unfit", event: "UNFIT", to: "unknown"))
            }?.reason.contains("UNFIT") == true)
        #expect(try Self.refusal { $0.parties.removeAll { $0.role == "BD_INVESTIGATOR" } }?.place == "parties")
    }

    @Test(arguments: ReplayVectorTests.files)
    func `every story stands under the next version where it stood before`(file: String) throws {
        let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
        guard try ReplayDocument.profile(of: bytes) == Profile.repatriation.id else { return }
        let script = try ReplayDocument.read(bytes, profile: .repatriation)
        let history = script.run(profile: .repatriation).history
        var next = CaseHistory(profile: try Self.successor.get())
        for letter in script.letters { if let step = history.step(letter.step.id) { next.insert(step) } }
        let (before, after) = (history.state, next.state)
        #expect(after.lifecycle == before.lifecycle && after.events == before.events && after.care == before.care)
        #expect(before.tracks.allSatisfy { after.tracks[$0.key] == $0.value })
    }

    /// A case up to a letter of the shelter that both sides take to `digest`: the case, and the two notices.
    private static func adopted(_ digest: Digest, versions: [Profile], after last: String = "dossier") throws -> (
        history: CaseHistory, first: Step, second: Step
    ) {
        var history = CaseHistory(
            profile: .repatriation,
            versions: Dictionary(uniqueKeysWithValues: (versions + [.repatriation]).map { ($0.digest, $0) }))
        for letter in Stories.letters("main-path-adult") {
            history.insert(letter.step)
            if letter.name == last { break }
        }
        let shelter = try #require(history.step(.named(last)))
        let receiver = try #require(history.step(.named("accept")))
        let first = try notice(
            "adopt-in", from: shelter.from, roles: shelter.roles, parents: [shelter.id], previous: shelter.id,
            digest: digest)
        let second = try notice(
            "adopt-bd", from: receiver.from, roles: receiver.roles, parents: [first.id], previous: receiver.id,
            digest: digest)
        return (history, first, second)
    }

    private static func school(after second: Step, profile: Digest) throws -> Step {
        Step(
            id: .named("school"), parents: [second.id], previous: second.id, root: .named("offer"), from: second.from,
            roles: second.roles, to: [try #require(MemberID("in:practice-shelter"))],
            at: Instant(seconds: 1_773_000_100), lane: .normal, profile: profile,
            sealed: .opened([Event(code: "SCHOOL_FOUND")]))
    }

    @Test func `new steps count once both sides adopted the version, and the old version no more`() throws {
        let next = try Self.successor.get()
        var (history, first, second) = try Self.adopted(next.digest, versions: [next])
        #expect(history.admit(first) == .admitted)
        history.insert(first)
        #expect(history.profile == .repatriation, "one side alone changes nothing")
        #expect(history.admit(second) == .admitted)
        history.insert(second)
        #expect(history.profile == next)
        let school = try Self.school(after: second, profile: next.digest)
        #expect(history.admit(school) == .admitted)
        var old = school
        (old.profile, old.sealed) = (Profile.repatriation.digest, .opened([Event(code: "QUESTION")]))
        #expect(history.admit(old) == .refused(Refusal(.otherProfile)))
        history.insert(school)
        #expect(history.state.tracks["schooling"] == ["found"])
    }

    @Test func `who had not heard of it made its letter under the old version, and by that it is judged`() throws {
        // The next version asks for more than the old one did.
        let next = try Self.next { definition in
            definition.events["HOME_INV_ACCEPTED"]?.guards.append("G_RECONFIRMED")
        }
        var (history, first, second) = try Self.adopted(next.digest, versions: [next], after: "request")
        let late = try #require(Stories.letters("main-path-adult").first { $0.name == "visit-taken" }?.step)
        #expect(history.admit(late) == .admitted)
        for step in [first, second] { history.insert(step) }
        #expect(history.profile == next)
        #expect(history.admit(late) == .admitted)
        // The control: who had heard of it is judged by the new one.
        var knowing = late
        (knowing.parents, knowing.profile) = ([second.id], next.digest)
        #expect(
            history.admit(knowing) == .refused(Refusal(.guardRed, guard: "G_RECONFIRMED", event: "HOME_INV_ACCEPTED")))
    }

    @Test func `letters of the new version wait for the ones before them, in whatever order they come`() throws {
        let next = try Self.successor.get()
        var (history, first, second) = try Self.adopted(next.digest, versions: [next])
        let school = try Self.school(after: second, profile: next.digest)
        #expect(history.admit(school) == .waiting([second.id]))
        let known = history
        for step in [first, second, school] { history.insert(step) }
        for order in [[first, school, second], [second, first, school], [school, second, first]] {
            var other = known
            for step in order { other.insert(step) }
            #expect(other.profile == next && other.state == history.state)
        }
    }

    @Test func `what adopts a profile that is not here waits for it`() throws {
        let next = try Self.successor.get()
        var (history, first, second) = try Self.adopted(next.digest, versions: [])
        #expect(history.admit(first) == .waiting([next.digest]))
        history.learn([next.digest: next, Profile.repatriation.digest: .repatriation])
        #expect(history.admit(first) == .admitted)
        history.insert(first)
        history.insert(second)
        #expect(history.profile == next)
        // A notice that turns out void takes it back.
        second.isVoid = true
        history.insert(second)
        #expect(history.profile == .repatriation)
    }

    @Test func `a profile that is no successor is refused, and the place is named`() throws {
        let wrong = try Self.next { $0.events["DOSSIER"]?.shownAs = nil }
        let (history, first, _) = try Self.adopted(wrong.digest, versions: [wrong])
        #expect(
            history.admit(first)
                == .refused(Refusal(.otherProfile, event: "PROFILE_ADOPTED", detail: "events.DOSSIER")))
    }
}
