// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Testing

@Suite struct SightTests {
    @Test func `an investigator reads the visit, the consent to it and the stops, and nothing else of the case`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "14")
        let caseID = try #require(example.caseID)
        let history = try nodes.desk(PracticeNodes.investigator).history(of: caseID)
        let read = Set(history.filter { $0.isOpened && $0.letter.type == .step }.flatMap { $0.events.map(\.code) })
        #expect(
            read == [
                "FAMILY_CONTACT_CONSENT", "HOME_INV_REQUEST", "HOME_INV_ACCEPTED", "HOME_INV_REPORT",
                "HOME_REVIEW_SUITABLE",
            ])
        #expect(
            Set(history.flatMap(\.forms.values)).isSubset(of: ["consent", "home-request", "home-report", "home-review"])
        )
        let view = try nodes.desk(PracticeNodes.investigator).view(of: caseID, at: nodes.clock.now)
        #expect(view.state.tracks["home"] == ["suitable"])
        #expect(!view.state.isExact)
        // A stop reaches it too.
        let withdrawal = Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker")
        _ = try nodes.desk(PracticeNodes.shelter).perform(withdrawal, in: caseID, at: nodes.clock.now)
        try await nodes.settle()
        #expect(
            try nodes.desk(PracticeNodes.investigator).history(of: caseID).contains {
                $0.isOpened && $0.events.map(\.code) == ["SHARE_CONSENT_WITHDRAWN"]
            })
    }

    @Test func `who cannot read whether a consent still lives is told why a form cannot go, and who can help`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "11")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.investigator)
        func report() throws -> PossibleAct? {
            try desk.possible(in: caseID, at: nodes.clock.now).first { $0.event == "HOME_INV_REPORT" }
        }
        #expect(try report()?.consentHiddenBy == [])
        for number in ["12", "13", "14"] {
            try example.send(number)
            try await nodes.settle()
        }
        let again = Event(code: "HOME_REINVESTIGATE", facts: ["reinvestigate_reason": .text("address_incomplete")])
        _ = try nodes.desk(PracticeNodes.shelter).perform(
            Act(events: [again], to: [PracticeNodes.investigator], account: "caseworker"), in: caseID,
            at: nodes.clock.now)
        try await nodes.settle()
        try example.send("11")
        try await nodes.settle()
        let act = try #require(try report())
        #expect(act.refusal == nil)
        // The NGO's unread letters count too: who may be shown the report follows from who holds the case.
        #expect(act.consentHiddenBy == [PracticeNodes.ngo, PracticeNodes.shelter])
        var texts: Set<String> = []
        for language in ["en", "bn", "hi"] {
            let words = try desk.words(for: caseID, in: language)
            let text = try #require(words.unsealable(act))
            #expect(text.contains(words.form("home-report")) && text.contains(words.member(PracticeNodes.shelter)))
            texts.insert(text)
        }
        #expect(texts.count == 3)
        let error = #expect(throws: DeskError.self) { try example.send("12") }
        #expect(error?.code == .cannotSeal)
    }

    @Test func `a fact never waits for its paper, and the case shows what is awaited until it comes`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "25")
        let caseID = try #require(example.caseID)
        let act = try example.act("26")
        var fact = act
        fact.forms = []
        let told = try nodes.desk(PracticeNodes.shelter).perform(fact, in: caseID, at: nodes.clock.now)
        try await nodes.settle()
        for member in [PracticeNodes.shelter, PracticeNodes.ngo] {
            let view = try nodes.desk(member).view(of: caseID, at: nodes.clock.now)
            #expect(view.state.lifecycle == ["in_transit"])
            #expect(view.formsAwaited.map(\.form) == ["departure"])
        }
        var form = act
        form.events = []
        let followed = try nodes.desk(PracticeNodes.shelter).perform(form, in: caseID, at: nodes.clock.now)
        let slip = try nodes.desk(PracticeNodes.shelter).letter(followed.letters[0]).slip
        #expect(slip.lane == .normal)
        #expect(slip.steps.isEmpty)
        try await nodes.settle()
        let step = try nodes.desk(PracticeNodes.ngo).letter(followed.letters[0])
        #expect(step.entry.letter.state == .valid)
        #expect(step.entry.forms.values.sorted() == ["departure"])
        #expect(try nodes.desk(PracticeNodes.ngo).view(of: caseID, at: nodes.clock.now).formsAwaited.isEmpty)
        #expect(told.letters.count == 1)
    }

    @Test func `an attachment arrives byte for byte and is read piece by piece`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let caseID = try #require(example.caseID)
        let original = try Data(contentsOf: example.papers.appendingPathComponent("photo.jpg"))
        for member in [PracticeNodes.shelter, PracticeNodes.ngo] {
            let desk = try nodes.desk(member)
            let dossier = try #require(try desk.history(of: caseID).first { $0.forms.values.contains("dossier") })
            var copy = Data()
            var pieces = 0
            for commitment in dossier.attachments {
                try desk.attachment(commitment, in: caseID) { piece in
                    pieces += 1
                    copy.append(contentsOf: piece)
                }
            }
            #expect(copy == original)
            #expect(pieces == 3)
        }
    }

    @Test func `the board says who has to do what, since when and by when`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "01")
        let caseID = try #require(example.caseID)
        let waits = try nodes.desk(PracticeNodes.shelter).view(of: caseID, at: nodes.clock.now).waits
        let answer = try #require(waits.first { $0.events.contains("REFERRAL_ACCEPTED") })
        #expect(answer.on == [PracticeNodes.ngo])
        #expect(answer.due.map { $0 > answer.since } == true)
        let mine = try nodes.desk(PracticeNodes.ngo).possible(in: caseID, at: nodes.clock.now)
        #expect(mine.contains { $0.event == "REFERRAL_ACCEPTED" && $0.refusal == nil })
        #expect(mine.contains { $0.event == "CLEARANCE_COUNTERSIGNED" && $0.refusal != nil })
    }
}
