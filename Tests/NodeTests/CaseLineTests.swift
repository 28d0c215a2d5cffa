// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure
import Testing

@Suite struct CaseLineTests {
    @Test func `an offer is delivered, judged and receipted`() async throws {
        let nodes = try PracticeNodes()
        let result = try nodes.desk(PracticeNodes.shelter).openCase(nodes.offer(), at: nodes.clock.now)
        let letter = try #require(result.letters.first)
        try await nodes.settle()
        let entry = try #require(try nodes.desk(PracticeNodes.ngo).store.read { try $0.inboxEntry(letter) })
        #expect(entry.state == .judged)
        #expect(entry.code == nil)
        let receipts = try nodes.desk(PracticeNodes.shelter).store.read { try $0.receipts(for: letter) }
        #expect(receipts.map(\.state) == [.valid])
        #expect(receipts.map(\.sender) == [PracticeNodes.ngo])
    }
}
