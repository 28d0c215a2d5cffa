// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure
import Testing

@Suite struct CaseLineTests {
    @Test func `an offer crosses both brokers, is judged, and its receipt comes back`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        let letter = try #require(try example.send("01").letters.first)
        try await nodes.settle()
        let entry = try #require(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter) })
        #expect(entry.state == .judged)
        #expect(entry.code == nil)
        let receipts = try nodes.store(PracticeNodes.shelter).read { try $0.receipts(for: letter) }
        #expect(receipts.map(\.state) == [.valid])
        #expect(receipts.map(\.sender) == [PracticeNodes.ngo])
    }

    @Test(arguments: [[:], [PracticeNodes.shelter: 7_200, PracticeNodes.ngo: -7_200]])
    func `a whole case runs from the nameless offer to the first follow-up, also with clocks two hours wrong`(
        wrong: [MemberID: Int64]
    ) async throws {
        let nodes = try PracticeNodes()
        nodes.wrong = wrong
        var example = try ExampleCase(nodes)
        var letters: [LetterID] = []
        for letter in ExampleCase.all {
            let result: ActResult
            do { result = try example.send(letter.number) } catch {
                Issue.record("letter \(letter.number): \(error)\n\(nodes.report())")
                return
            }
            #expect(result.flags.isEmpty, "letter \(letter.number)")
            letters += result.letters
            try await nodes.settle()
            let caseID = try #require(example.caseID)
            try nodes.bothEndsAgree(caseID)
        }
        let caseID = try #require(example.caseID)
        let view = try nodes.desk(PracticeNodes.shelter).view(of: caseID, at: nodes.clock.now)
        #expect(view.state.lifecycle == ["reintegration"])
        #expect(view.formsAwaited.isEmpty)
        // Every letter was opened, checked and found in order by each of its addressees.
        for member in PracticeNodes.everybody {
            for item in try nodes.desk(member).outbox() {
                #expect(item.entry.state == .stored)
                guard item.letter.type == .step else { continue }
                let receipts = try nodes.store(member).read { try $0.receipts(for: item.letter.id) }
                #expect(Set(receipts.map(\.sender)) == Set(item.to))
                #expect(receipts.allSatisfy { $0.state == .valid })
            }
            #expect(try nodes.desk(member).alarms().isEmpty, "\(nodes.report())")
        }
    }
}
