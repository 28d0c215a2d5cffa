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
        let history = try ReplayDocument.read(bytes, profile: .repatriation).run(profile: .repatriation).history
        let after = try history.migrated(to: try Self.successor.get()).state
        let before = history.state
        #expect(after.lifecycle == before.lifecycle && after.events == before.events && after.care == before.care)
        #expect(before.tracks.allSatisfy { after.tracks[$0.key] == $0.value })
    }

    @Test func `new steps count once both sides adopted the version, and the old version no more`() throws {
        let next = try Self.next()
        var history = try history(upTo: "dossier")
        let shelter = try #require(history.step(.named("dossier")))
        let receiver = try #require(history.step(.named("accept")))
        #expect(history.adoptedProfile == Profile.repatriation.digest)
        let first = try Self.notice(
            "adopt-in", from: shelter.from, roles: shelter.roles, parents: [shelter.id], previous: shelter.id,
            digest: next.digest)
        #expect(history.admit(first) == .admitted)
        history.insert(first)
        // One side alone changes nothing.
        #expect(history.adoptedProfile == Profile.repatriation.digest)
        let second = try Self.notice(
            "adopt-bd", from: receiver.from, roles: receiver.roles, parents: [first.id], previous: receiver.id,
            digest: next.digest)
        #expect(history.admit(second) == .admitted)
        history.insert(second)
        #expect(history.adoptedProfile == next.digest)

        let migrated = try history.migrated(to: next)
        #expect(migrated.adoptedProfile == next.digest)
        let event = Event(code: "SCHOOL_FOUND")
        var step = Step(
            id: .named("school"), parents: [second.id], previous: second.id, root: .named("offer"), from: receiver.from,
            roles: receiver.roles, to: [shelter.from], at: Instant(seconds: 1_773_000_100), lane: .normal,
            profile: next.digest,
            sealed: .opened([event]))
        #expect(migrated.admit(step) == .admitted)
        step.profile = Profile.repatriation.digest
        guard case .refused(let refusal) = migrated.admit(step) else {
            Issue.record("the old version still counts")
            return
        }
        #expect(refusal.reason == .otherProfile)
        // Whoever had not heard of it made its letter under the old one, rightly.
        var unaware = step
        unaware.parents = [receiver.id]
        unaware.previous = receiver.id
        unaware.sealed = .opened([Event(code: "QUESTION")])
        if case .refused(let refusal) = migrated.admit(unaware) { #expect(refusal.reason != .otherProfile) }
    }
}
