// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Testing

/// Forms that go before their case does. Protocols/CaseFile.md §3.2.
@Suite struct KeepingTests {
    /// An offer that has arrived, with what came with it.
    private struct Offer {
        let nodes: PracticeNodes
        var example: ExampleCase
        let caseID: CaseID
        let letter: LetterID
        /// What goes before the case, and the consent beside it, which stays.
        let preview: [Digest: [UInt8]]
        let consent: [Digest: [UInt8]]

        init() async throws {
            nodes = try PracticeNodes()
            example = try ExampleCase(nodes)
            letter = try #require(try example.send("01").letters.first)
            try await nodes.settle()
            let caseID = try #require(example.caseID)
            self.caseID = caseID
            let desk = try nodes.desk(PracticeNodes.ngo)
            let names = try desk.history(of: caseID).first?.forms ?? [:]
            #expect(Set(names.values) == ["preview", "consent"])
            func read(_ name: String) throws -> [Digest: [UInt8]] {
                try Dictionary(
                    uniqueKeysWithValues: names.filter { $0.value == name }.keys.map {
                        ($0, try desk.form($0, in: caseID))
                    })
            }
            (preview, consent) = (try read("preview"), try read("consent"))
        }

        func act(_ event: String, by member: MemberID, facts: [String: FactValue] = [:]) async throws {
            nodes.clock.advance(60)
            _ = try nodes.desk(member).perform(
                Act(events: [Event(code: event, facts: facts)], account: "caseworker"), in: caseID, at: nodes.clock.now)
            try await nodes.settle()
        }

        /// The receiver's service works without any line, as each minute.
        func sweep() async throws {
            nodes.clock.advance(60)
            try await nodes.settle([PracticeNodes.ngo])
        }

        var key: URL { nodes.home(PracticeNodes.ngo).appendingPathComponent("case-keys/\(letter.hex).key") }

        func areKept() throws -> Bool {
            let desk = try nodes.desk(PracticeNodes.ngo)
            let entry = try #require(try desk.history(of: caseID).first { $0.letter.id == letter })
            // Slip, steps and what was answered stay whatever happens.
            #expect(entry.isOpened && entry.events.map(\.code).contains("REFERRAL_OFFER") && !entry.receipts.isEmpty)
            let isThere = entry.forms.values.contains("preview")
            for (id, content) in preview {
                if isThere { #expect(try desk.form(id, in: caseID) == content) }
                if !isThere { #expect(throws: DeskError(.unknownLetter, "")) { try desk.form(id, in: caseID) } }
            }
            for (id, content) in consent {
                #expect(try desk.form(id, in: caseID) == content, "what it covers holds on")
            }
            return isThere
        }
    }

    @Test func `what came with an offer is noise once nobody has accepted it in time, in every copy of the database`()
        async throws
    {
        let offer = try await Offer()
        let nodes = offer.nodes
        let (home, copy) = (nodes.home(PracticeNodes.ngo), nodes.directory.appendingPathComponent("copy"))
        try nodes.store(PracticeNodes.ngo).close()
        nodes.restart(PracticeNodes.ngo)
        try FileManager.default.copyItem(at: home, to: copy)
        // Seven days, and one of grace.
        nodes.clock.advance(8 * 86_400 - 3_600)
        try await offer.sweep()
        #expect(try offer.areKept(), "gone before its time")
        nodes.clock.advance(3_600)
        try await offer.sweep()
        #expect(try !offer.areKept())
        #expect(!FileManager.default.fileExists(atPath: offer.key.path))

        // The database of before, with the keys of then and with those of now.
        func read(_ form: Digest) throws -> [UInt8]? {
            let old = try CaseStore(directory: copy, wrapping: Array(repeating: 7, count: 32))
            return try old.read { try $0.record(.form, id: form, in: offer.caseID) }
        }
        for (form, content) in offer.preview { #expect(try read(form) == content) }
        try FileManager.default.removeItem(at: copy.appendingPathComponent("case-keys"))
        try FileManager.default.copyItem(
            at: home.appendingPathComponent("case-keys"), to: copy.appendingPathComponent("case-keys"))
        for form in offer.preview.keys { #expect(try read(form) == nil) }
        // Whoever looks at the letter is told so.
        let desk = try nodes.desk(PracticeNodes.ngo)
        let entry = try #require(try desk.history(of: offer.caseID).first { $0.letter.id == offer.letter })
        #expect(!entry.forms.values.contains("preview") && entry.formsGone == nodes.clock.now)
        #expect(try desk.words(for: offer.caseID, in: "en").mark(of: entry).contains("kept no longer"))
        // The sender's own stay.
        let sent = try nodes.desk(PracticeNodes.shelter).history(of: offer.caseID).first {
            $0.letter.id == offer.letter
        }
        #expect(sent?.forms.isEmpty == false)
    }

    @Test func `what came with an accepted offer stays with the case, also when she withdraws later`() async throws {
        var offer = try await Offer()
        try offer.example.send("02")
        try await offer.nodes.settle()
        offer.nodes.clock.advance(60 * 86_400)
        try await offer.sweep()
        #expect(try offer.areKept())
        try await offer.act(
            "CASE_WITHDRAWN", by: PracticeNodes.shelter,
            facts: ["end_reason": .text("offer_ended"), "pressure_seen": .text("none_seen")].filter {
                offer.nodes.profile.compulsoryFacts(of: "CASE_WITHDRAWN").contains($0.key)
            })
        offer.nodes.clock.advance(60 * 86_400)
        try await offer.sweep()
        #expect(try offer.areKept())
    }

    @Test(arguments: [
        ("REFERRAL_DECLINED", PracticeNodes.ngo), ("OFFER_REVOKED", PracticeNodes.shelter),
        ("SHARE_CONSENT_WITHDRAWN", PracticeNodes.shelter), ("CASE_WITHDRAWN", PracticeNodes.shelter),
    ])
    func `it goes at once when the offer is declined or taken back`(event: String, member: MemberID) async throws {
        let offer = try await Offer()
        #expect(try offer.areKept())
        let facts = Set(offer.nodes.profile.compulsoryFacts(of: event))
        try await offer.act(
            event, by: member,
            facts: [
                "decline_reason": .text("no_capacity"), "end_reason": .text("offer_ended"),
                "pressure_seen": .text("none_seen"),
            ].filter { facts.contains($0.key) })
        try await offer.sweep()
        #expect(try !offer.areKept())
    }

    @Test(arguments: [true, false])
    func `a crash between key and rows leaves nothing that reads, and the next look ends it`(_ isRemoved: Bool)
        async throws
    {
        let offer = try await Offer()
        let size = try Data(contentsOf: offer.key).count
        if isRemoved {
            try FileManager.default.removeItem(at: offer.key)
        } else {
            try Data(repeating: 0, count: size).write(to: offer.key)
        }
        offer.nodes.restart(PracticeNodes.ngo)
        #expect(try !offer.areKept())
        offer.nodes.clock.advance(9 * 86_400)
        try await offer.sweep()
        #expect(try !offer.areKept())
        let rows = try offer.nodes.store(PracticeNodes.ngo).read { try $0.apart(dueAt: offer.nodes.clock.now) }
        #expect(rows == [])
    }

    @Test func `an erasure of the case takes the letter's key along`() async throws {
        var offer = try await Offer()
        try offer.example.send("02")
        try await offer.nodes.settle()
        try offer.nodes.store(PracticeNodes.ngo).eraseContent(of: offer.caseID) { _ in }
        let keys = offer.nodes.home(PracticeNodes.ngo).appendingPathComponent("case-keys")
        let names = try FileManager.default.contentsOfDirectory(atPath: keys.path)
        #expect(names.sorted() == ["\(offer.caseID).key", "person.key"].sorted())
    }
}
