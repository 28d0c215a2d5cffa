// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import MessageStore
import Node
import Procedure
import TestSupport
import Testing

/// A case stays on its version of the procedure until its parties have signed that it takes another. Protocols/Procedure.md §7.6.
@Suite struct VersionTests {
    private static func adopt(_ digest: Digest) -> Act {
        Act(
            events: [Event(code: "PROFILE_ADOPTED", facts: ["profile_digest": .text(digest.hex)])],
            account: "caseworker")
    }

    private static let question = Act(events: [Event(code: "QUESTION")], account: "caseworker")

    @Test func `a case adopts the next version and goes on; ends that hear of it late agree`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        let next = try PracticeSuccessor(of: nodes.profileFile)
        let (shelter, ngo) = (try nodes.desk(PracticeNodes.shelter), try nodes.desk(PracticeNodes.ngo))
        func view(_ member: MemberID) throws -> CaseView {
            try nodes.desk(member).view(of: caseID, at: nodes.clock.now)
        }
        let before = try view(PracticeNodes.shelter).state

        // Nobody adopts what is not here.
        #expect(throws: DeskError.self) {
            try shelter.perform(Self.adopt(next.profile.digest), in: caseID, at: nodes.clock.now)
        }
        try await nodes.putInForce(next, at: [PracticeWorld.inBroker])
        try await nodes.settle()
        _ = try shelter.perform(Self.adopt(next.profile.digest), in: caseID, at: nodes.clock.now)
        try await nodes.settle()
        #expect(try ngo.history(of: caseID).allSatisfy { !$0.events.contains { $0.code == "PROFILE_ADOPTED" } })
        try await nodes.putInForce(next, at: [PracticeWorld.bdBroker])
        nodes.clock.advance(3_600)
        try await nodes.settle()
        #expect(try ngo.history(of: caseID).contains { $0.events.contains { $0.code == "PROFILE_ADOPTED" } })
        // One side alone changes nothing.
        #expect(try view(PracticeNodes.ngo).profile == nodes.profile.digest)

        _ = try ngo.perform(Self.adopt(next.profile.digest), in: caseID, at: nodes.clock.now)
        // The shelter has not heard of it yet: its letter is under the old version, rightly.
        let late = try shelter.perform(Self.question, in: caseID, at: nodes.clock.now)
        #expect(try shelter.letter(late.letters[0]).slip.profile?.digest == nodes.profile.digest)
        try await nodes.settle()
        for member in [PracticeNodes.shelter, PracticeNodes.ngo] {
            #expect(try view(member).profile == next.profile.digest)
            #expect(try view(member).state.lifecycle == before.lifecycle)
        }
        #expect(try ngo.letter(late.letters[0]).entry.letter.state == .valid)

        let school = try ngo.perform(
            Act(events: [Event(code: "SCHOOL_FOUND")], account: "caseworker"), in: caseID, at: nodes.clock.now)
        let asked = try shelter.perform(Self.question, in: caseID, at: nodes.clock.now)
        try await nodes.settle()
        #expect(try shelter.letter(asked.letters[0]).slip.profile?.digest == next.profile.digest)
        #expect(try shelter.letter(school.letters[0]).entry.letter.state == .valid)
        #expect(try ngo.letter(asked.letters[0]).entry.letter.state == .valid)
        #expect(try view(PracticeNodes.shelter).state.tracks["schooling"] == ["found"])
        try nodes.bothEndsAgree(caseID)
        for member in [PracticeNodes.shelter, PracticeNodes.ngo] {
            #expect(try nodes.desk(member).outbox().allSatisfy { $0.entry.state == .stored }, "\(nodes.report())")
        }
        // Where nothing is left in memory, the letters say it again.
        nodes.restart(PracticeNodes.shelter)
        try await nodes.service(PracticeNodes.shelter).pass()
        #expect(try view(PracticeNodes.shelter).state.tracks["schooling"] == ["found"])
    }

    @Test func `a profile that is no successor cannot be adopted, and the place is named`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let caseID = try #require(example.caseID)
        let wrong = try PracticeSuccessor(of: nodes.profileFile, isRight: false)
        try await nodes.putInForce(wrong, at: [PracticeWorld.inBroker, PracticeWorld.bdBroker])
        try await nodes.settle()
        let desk = try nodes.desk(PracticeNodes.shelter)
        let error = #expect(throws: DeskError.self) {
            try desk.perform(Self.adopt(wrong.profile.digest), in: caseID, at: nodes.clock.now)
        }
        #expect(error?.refusal == Refusal(.otherProfile, event: "PROFILE_ADOPTED", detail: "events.DOSSIER"))
    }
}
