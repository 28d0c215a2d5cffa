// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure
import TestSupport
import Testing

@testable import Node

/// Protocols/Web.md, "Search": through the desk, over forms that were sealed and sent.
@Suite struct SearchTests {
    /// The dossier of the invented case says ঝিনুক নদীবালা, called ঝিনু, and "Jhinuk Nodibala".
    private static func dossier() async throws -> (PracticeNodes, CaseID) {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        return (nodes, try #require(example.caseID))
    }

    @Test func `a case is found by a name at both ends, however it is typed, and by nobody else's name`() async throws {
        let (nodes, caseID) = try await Self.dossier()
        for member in [PracticeNodes.shelter, PracticeNodes.ngo] {
            let desk = try nodes.desk(member)
            for words in [
                "ঝিনুক", "ঝিনুক নদীবালা", "নদীবালা  ঝিনুক", "ঝি\u{200D}নুক\u{200C}", "Jhinuk", "JHINUK nodibala", "ঝিনু",
            ] {
                let found = try desk.search(words)
                #expect(found.exact == [caseID] && found.similar.isEmpty, "\(member): \(words)")
                #expect(found.named[caseID]?.isEmpty == false, "\(member): \(words)")
            }
            // The number of the police report is T3: it finds nobody.
            for words in [
                "", "  ", "ঝি", "নদী", "Jhin", "consent", "BD-22", "ঝিনুক রহিমা", "PRACTICE 0/0002", "practice ০০০২",
            ] {
                #expect(try desk.search(words).exact.isEmpty, "\(member): \(words)")
            }
        }
        #expect(try nodes.desk(PracticeNodes.stranger).search("ঝিনুক") == FoundCases())
    }

    @Test func `another vowel sign is another name, shown apart`() async throws {
        let (nodes, caseID) = try await Self.dossier()
        let desk = try nodes.desk(PracticeNodes.ngo)
        for words in ["ঝীনুক", "ঝনুক", "ঝিনূক নদিবালা"] {
            let found = try desk.search(words)
            #expect(found.exact.isEmpty && found.similar == [caseID] && found.named[caseID] != nil, "\(words)")
        }
    }

    @Test func `what came since the last search is found`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        let desk = try nodes.desk(PracticeNodes.ngo)
        #expect(try desk.search("ঝিনুক") == FoundCases())
        try await example.run(through: "05")
        #expect(try desk.search("ঝিনুক").exact == [example.caseID].compactMap { $0 })
    }
}
