// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Testing

/// Steps that are owed by what a form says. Protocols/Procedure.md §7.5.
@Suite struct DeadlineTests {
    private static func wait(_ deadline: String, _ desk: CaseDesk, _ caseID: CaseID, at now: Instant) throws -> Wait? {
        try desk.view(of: caseID, at: now).waits.first { $0.deadline == deadline }
    }

    @Test func `what the dossier says is owed at both ends since the day it names, and stands first in their lists`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "04")
        let caseID = try #require(example.caseID)
        let ends = [PracticeNodes.shelter, PracticeNodes.ngo]
        for end in ends {
            #expect(try Self.wait("D10", nodes.desk(end), caseID, at: nodes.clock.now) == nil)
        }
        try example.send("05")
        // 129 days in care, by the dossier; 147 are allowed.
        let since = Instant(seconds: (nodes.clock.now.seconds + 19_800) / 86_400 * 86_400 - 19_800 - 129 * 86_400)
        try await nodes.settle()
        let now = nodes.clock.now
        for end in ends {
            let wait = try #require(try Self.wait("D10", nodes.desk(end), caseID, at: now))
            #expect(wait.since == since && wait.due == since + 147 * 86_400)
            #expect(wait.role == "IN_SHELTER" && wait.on == [PracticeNodes.shelter])
            #expect(wait.events == ["HANDOVER_RECEIPT"])
        }
        // Nobody asks for what only a child's dossier says.
        #expect(try Self.wait("D05", nodes.desk(PracticeNodes.shelter), caseID, at: now) == nil)
        // Long overdue, it is what the lists show of the case; in memory, from the row alone, and replayed.
        nodes.clock.advance(400 * 86_400)
        let later = nodes.clock.now
        let desk = try nodes.desk(PracticeNodes.ngo)
        for list in [
            try desk.list(at: later), try desk.list(at: later), try nodes.desk(PracticeNodes.ngo).list(at: later),
        ] {
            let waits = try list.cases.map { try #require($0.others) }
            #expect(waits.contains { ($0.due ?? later) < later && $0.since < now })
        }
        let words = try desk.words(for: caseID, in: "en")
        let told = try desk.view(of: caseID, at: later).waits.filter { $0.deadline == "D10" }
        #expect(words.sentences(for: told, at: later).count == 1)
    }

    @Test func `a step that is overdue is told to whoever oversees, in a case of its own, without name or text`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try example.send("01")
        try await nodes.settle()
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        func escalate(_ deadline: String) throws -> ActResult {
            try desk.escalate(
                deadline, in: caseID, to: PracticeNodes.nodal, account: "caseworker", at: nodes.clock.now)
        }
        #expect(throws: DeskError(.notOverdue, "")) { try escalate("D02") }
        nodes.clock.advance(10 * 86_400)
        #expect(throws: DeskError(.notOverdue, "")) { try escalate("D03") }
        let owed = try #require(try Self.wait("D02", desk, caseID, at: nodes.clock.now))
        let told = try escalate("D02")
        #expect(told.caseID != caseID && told.letters.count == 1)
        let entry = try #require(try desk.history(of: told.caseID).first)
        #expect(entry.to == [PracticeNodes.nodal] && entry.events.map(\.code) == ["ESCALATION"])
        let form = try FormDocument.read(desk.form(try #require(entry.forms.keys.first), in: told.caseID))
        #expect(
            form.fields == [
                "step": .text("REFERRAL_ACCEPTED"), "holder_role": .text("BD_NGO"),
                "holder": .text(PracticeNodes.ngo.text), "since": .integer(owed.since.seconds),
                "due": .integer(try #require(owed.due).seconds),
            ])
        // The broker takes it: it is no letter of the case, and its party need not be told.
        try await nodes.settle()
        #expect(try desk.outbox().last?.entry.state == .stored)
        #expect(try nodes.desk(PracticeNodes.ngo).cases().map(\.caseID) == [caseID])
    }

    @Test func `a form that came in a letter of its own counts from the fact that it belongs to`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "25")
        let caseID = try #require(example.caseID)
        let told = try #require(try example.send("26").letters.first)
        let crossing = nodes.clock.now
        try await nodes.settle()
        for end in [PracticeNodes.shelter, PracticeNodes.ngo] {
            let wait = try #require(try Self.wait("D12b", nodes.desk(end), caseID, at: nodes.clock.now))
            #expect(wait.letter == told && wait.due == wait.since + 6 * 3_600)
            #expect(abs(wait.since - crossing) <= 60)
        }
        try example.send("27")
        try await nodes.settle()
        for end in [PracticeNodes.shelter, PracticeNodes.ngo] {
            #expect(try Self.wait("D12b", nodes.desk(end), caseID, at: nodes.clock.now) == nil)
        }
    }
}
