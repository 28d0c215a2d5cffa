// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Testing

@Suite struct RefusalTests {
    /// Everything a node has written, as one value.
    private func everything(_ nodes: PracticeNodes, _ member: MemberID) throws -> [String] {
        try nodes.store(member).read { transaction in
            let cases = try transaction.cases()
            let letters = try cases.flatMap { try transaction.letters(of: $0.caseID) }
            return try cases.map { "\($0)" } + letters.map { "\($0.id) \($0.state)" }
                + transaction.outbox().map { "\($0)" }
                + [PracticeNodes.shelter, PracticeNodes.ngo].map { "\($0) \(try transaction.newestSequence(to: $0))" }
        }
    }

    @Test func `a dossier without her consent is refused by the guard's name, and nothing is written`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let before = try everything(nodes, PracticeNodes.shelter)
        let error = #expect(throws: DeskError.self) { try example.send("05") }
        #expect(error?.code == .refused)
        #expect(error?.refusal?.guardName == "G_SHARE_FULL")
        #expect(try everything(nodes, PracticeNodes.shelter) == before)
        // The control: with the consent the same act goes out.
        try example.send("03")
        try example.send("04")
        try await nodes.settle()
        try example.send("05", events: ["DOSSIER"])
        #expect(try everything(nodes, PracticeNodes.shelter) != before)
    }

    @Test func `a class of data that the consent does not list cannot be sealed`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        var consent = try example.act("03")
        let text = String(decoding: consent.forms[0].document, as: UTF8.self)
        #expect(text.contains("\"health\", "))
        consent.forms[0].document = Array(text.replacing("\"health\", ", with: "").utf8)
        _ = try desk.perform(consent, in: caseID, at: nodes.clock.now)
        try await nodes.settle()
        try example.send("04")
        try await nodes.settle()
        let before = try everything(nodes, PracticeNodes.shelter)
        let files = try FileManager.default.contentsOfDirectory(
            atPath: nodes.home(PracticeNodes.shelter).path + "/parts"
        ).count
        let error = #expect(throws: DeskError.self) { try example.send("05", events: ["DOSSIER"]) }
        #expect(error?.code == .cannotSeal)
        #expect(error?.refusal?.detail == "health")
        #expect(try everything(nodes, PracticeNodes.shelter) == before)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: nodes.home(PracticeNodes.shelter).path + "/parts").count
                == files)
    }

    @Test func `a basis that the event does not name opens no way around her consent`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "04")
        let caseID = try #require(example.caseID)
        for basis in [Basis.law, .emergency, .custody] {
            var act = try example.act("05", events: ["DOSSIER"])
            act.basis = basis
            let error = #expect(throws: DeskError.self) {
                try nodes.desk(PracticeNodes.shelter).perform(act, in: caseID, at: nodes.clock.now)
            }
            #expect(error?.refusal?.reason == .badBasis, "\(basis)")
        }
    }

    @Test func `a withdrawal goes out at once, ends the sharing at both ends, and no form can be sealed after it`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let caseID = try #require(example.caseID)
        let withdrawal = Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker")
        let result = try nodes.desk(PracticeNodes.shelter).perform(withdrawal, in: caseID, at: nodes.clock.now)
        #expect(try nodes.desk(PracticeNodes.shelter).letter(result.letters[0]).slip.lane == .urgent)
        try await nodes.settle()
        try nodes.bothEndsAgree(caseID)
        #expect(
            try nodes.desk(PracticeNodes.ngo).view(of: caseID, at: nodes.clock.now).state.lifecycle == [
                "closed_withdrawn"
            ])
        let error = #expect(throws: DeskError.self) { try example.send("06") }
        #expect(error?.code == .refused)
    }

    @Test func `a step from before 1970 is refused, and the case still reads`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        let before = try desk.history(of: caseID).count
        let event = Event(code: "SHARE_CONSENT_WITHDRAWN", at: Instant(seconds: -1))
        let refused = #expect(throws: DeskError.self) {
            try desk.perform(Act(events: [event], account: "caseworker"), in: caseID, at: nodes.clock.now)
        }
        #expect(refused?.refusal?.reason == .badTime)
        #expect(try desk.history(of: caseID).count == before)
    }

    @Test func `only an account of this node acts`() throws {
        let nodes = try PracticeNodes()
        var act = try ExampleCase(nodes).act("01")
        act.account = "nobody"
        #expect(throws: DeskError(.unknownAccount, "")) {
            try nodes.desk(PracticeNodes.shelter).openCase(act, at: nodes.clock.now)
        }
    }

    @Test func `a form with a missing answer is not sealed, and the finding names the field`() throws {
        let nodes = try PracticeNodes()
        var act = try ExampleCase(nodes).act("01")
        for (index, form) in act.forms.enumerated() {
            act.forms[index].document = Array(
                String(decoding: form.document, as: UTF8.self).replacing("\"age_band\": \"18-24\", ", with: "").utf8)
        }
        let error = #expect(throws: DeskError.self) {
            try nodes.desk(PracticeNodes.shelter).openCase(act, at: nodes.clock.now)
        }
        #expect(error?.code == .formInvalid)
        #expect(error?.findings == ["age_band: missing"])
    }

    @Test func `with an expired directory a normal letter waits for the newer one and a withdrawal goes`() async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        nodes.clock.advance(30 * 86_400)
        #expect(throws: DeskError(.directoryExpired, "")) { try example.send("04") }
        let withdrawal = Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker")
        #expect(
            try nodes.desk(PracticeNodes.shelter).perform(withdrawal, in: caseID, at: nodes.clock.now).letters.count
                == 1)
    }

    @Test func `one person has another code in each case`() throws {
        let nodes = try PracticeNodes()
        let example = try ExampleCase(nodes)
        let desk = try nodes.desk(PracticeNodes.shelter)
        let codes = try (0..<2).map { _ in
            let result = try desk.openCase(example.act("01"), at: nodes.clock.now)
            return try #require(try desk.history(of: result.caseID).first?.events.first?.person)
        }
        #expect(codes[0] != codes[1])
    }
}
