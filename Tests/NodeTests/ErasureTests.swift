// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import CaseFile
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TestSupport
import Testing
import TransparencyLog

@testable import Node

/// An order of erasure at the nodes of a case. Protocols/CaseFile.md §3.1.
@Suite struct ErasureTests {
    /// Oversight's letter, made by hand: what it says of each broker's log.
    private func order(_ nodes: PracticeNodes, _ caseID: CaseID, root: LetterID) async throws -> LetterBundle {
        var events: [Event] = []
        for broker in [PracticeWorld.inBroker, PracticeWorld.bdBroker] {
            let erasure = try await #require(nodes.brokers[broker]).erasure(.content, of: [caseID])
            events.append(Event(code: "ERASURE_ORDER", facts: erasure.facts.facts))
        }
        let sight = try nodes.desk(PracticeNodes.shelter)
        let parents = try sight.store.read { transaction in
            try transaction.heads(of: caseID, limit: 64) + [transaction.caseRecord(caseID)?.lastOwn].compactMap(\.self)
        }
        let directories = try nodes.world.directories()
        let profile = nodes.profile
        let slip = Slip(
            type: .step, lane: .normal, from: PracticeNodes.nodal,
            to: try [PracticeNodes.shelter, PracticeNodes.ngo].sorted().map {
                Addressee(
                    member: $0, certificate: try directories.sealingCertificate(of: $0, at: nodes.clock.now).id,
                    epoch: 1,
                    sequence: 1)
            }, caseID: caseID, root: root,
            profile: ProfileReference(id: profile.id, version: profile.version, digest: profile.digest),
            steps: profile.shown(events), parents: parents.sorted(), at: nodes.clock.now,
            expires: nodes.clock.now + 86_400)
        let signed = try SignedSlip.sign(slip, by: try nodes.world.party(PracticeNodes.nodal).signing)
        return LetterBundle(id: signed.id, slip: signed.file, parts: [:])
    }

    @Test
    func `two persons carry an order out; then the key is gone, a copy of the database is noise, and it is certified`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        let forms = try desk.history(of: caseID).flatMap { $0.forms.keys }
        let form = try #require(forms.first)
        let content = try desk.form(form, in: caseID)
        _ = try nodes.desk(PracticeNodes.ngo).perform(
            Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker"), in: caseID,
            at: nodes.clock.now)
        try await nodes.settle()
        #expect(try desk.view(of: caseID, at: nodes.clock.now).state.lifecycle == ["closed_withdrawn"])
        let root = try desk.view(of: caseID, at: nodes.clock.now).record.root
        let order = try await order(nodes, caseID, root: root)
        let broker = try #require(nodes.brokers[PracticeWorld.inBroker])
        let line = broker.connection(for: .member(PracticeNodes.nodal))
        #expect(throws: DeskError(.unknownLetter, "")) {
            try desk.erase(by: order.id, account: "caseworker", at: nodes.clock.now)
        }
        let outcome = try #require(try await line.push([order], context: []).first)
        guard case .stored = outcome else { throw CaseFileError(.damaged, "\(outcome)") }
        await #expect(throws: ErasureError(.unanswered, "")) { try await broker.erase(by: order.id) }
        try await nodes.settle()

        // What a backup has.
        let copy = nodes.directory.appendingPathComponent("copy")
        try nodes.store(PracticeNodes.shelter).close()
        nodes.restart(PracticeNodes.shelter)
        try FileManager.default.copyItem(at: nodes.home(PracticeNodes.shelter), to: copy)
        try FileManager.default.removeItem(at: copy.appendingPathComponent("case-keys"))

        let again = try nodes.desk(PracticeNodes.shelter)
        let now = nodes.clock.now
        for _ in 0..<2 { #expect(try again.erase(by: order.id, account: "caseworker", at: now) == .awaitsSecond) }
        #expect(try again.form(form, in: caseID) == content, "one person has destroyed it")
        guard case .erased(let receipt) = try again.erase(by: order.id, account: "reviewer", at: now) else {
            Issue.record("not erased")
            return
        }
        #expect(
            try again.erase(by: order.id, account: "visitor", at: now) == .erased(receipt: receipt), "one certificate")
        #expect(try again.history(of: caseID).allSatisfy { $0.forms.isEmpty })
        #expect(throws: (any Error).self) { try again.form(form, in: caseID) }
        try FileManager.default.copyItem(
            at: nodes.home(PracticeNodes.shelter).appendingPathComponent("case-keys"),
            to: copy.appendingPathComponent("case-keys"))
        let old = try CaseStore(directory: copy, wrapping: Array(repeating: 7, count: 32))
        #expect(throws: CaseFileError(.damaged, "")) { try old.read { try $0.record(.form, id: form, in: caseID) } }

        // The certificate reaches who ordered it, and the broker has what it needs.
        try await nodes.settle()
        let certificate = try #require(
            try await line.pull(limit: 64, waitSeconds: 0).first { $0.letter.id == receipt })
        let slip = try Slip.read(Array(Gate.slip(certificate.letter.slip).content))
        #expect(slip.about == About(letter: order.id, state: .acted))
        #expect(try await broker.erase(by: order.id).level == .content)
        // The case is still there for what comes.
        #expect(try again.view(of: caseID, at: now).record.root == root)
    }

    @Test func `a hold that comes after the order was judged keeps the case, is told, and nobody certifies by hand`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        func record(_ event: Event, _ forms: [FormDraft] = [], basis: Basis = .consent) async throws {
            _ = try nodes.desk(PracticeNodes.ngo).perform(
                Act(events: [event], forms: forms, basis: basis, account: "caseworker"), in: caseID, at: nodes.clock.now
            )
            try await nodes.settle()
        }
        func told() throws -> (Retention, [String]) {
            let retention = try desk.view(of: caseID, at: nodes.clock.now).retention
            return (retention, try desk.words(for: caseID, in: "en").sentences(for: retention))
        }
        #expect(try told() == (Retention(holds: [], hasEnded: false), ["Nothing is erased while the case goes on."]))
        try await record(Event(code: "SHARE_CONSENT_WITHDRAWN"))
        let (over, words) = try told()
        let newest = try #require(try desk.history(of: caseID).map(\.letter.sent).max())
        #expect(over == Retention(holds: [], hasEnded: true, trailUntil: newest + 2_557 * 86_400))
        #expect(words.count == 2 && words[0].contains("is erased when an order comes") && words[1].contains("2034"))
        let order = try await order(nodes, caseID, root: try desk.view(of: caseID, at: nodes.clock.now).record.root)
        let line = try #require(nodes.brokers[PracticeWorld.inBroker]).connection(for: .member(PracticeNodes.nodal))
        _ = try await line.push([order], context: [])
        try await nodes.settle()
        #expect(throws: DeskError(.unknownLetter, "")) {
            try desk.markActedOn(order.id, account: "caseworker", at: nodes.clock.now)
        }
        #expect(try desk.erase(by: order.id, account: "caseworker", at: nodes.clock.now) == .awaitsSecond)
        let facts = [
            "attestation": "certified_copy", "issued_on": "2026-03-06", "legal_basis": "court_order",
            "paper_digest": String(repeating: "0a", count: 32), "paper_kind": "order", "review_by": "2027-12-31",
        ]
        let fields = facts.filter { $0.key != "review_by" && $0.key != "legal_basis" }
        let paper = try JSONSerialization.data(
            withJSONObject: ["event": "LEGAL_HOLD_SET", "fields": fields, "form": "attested-paper"])
        try await record(
            Event(code: "LEGAL_HOLD_SET", facts: facts.mapValues { .text($0) }), [FormDraft(document: Array(paper))],
            basis: .law)
        let (held, sentences) = try told()
        #expect(held.holds.map(\.track) == ["legal_hold"] && held.holds.first?.by == PracticeNodes.ngo)
        #expect(held.holds.first?.since != nil && !sentences.contains(words[0]))
        let says = "Nothing is erased – Legal hold: In force. Set by \(PracticeNodes.ngo.text), "
        #expect(sentences.first?.hasPrefix(says) == true)
        let refused = #expect(throws: DeskError.self) {
            try desk.erase(by: order.id, account: "reviewer", at: nodes.clock.now)
        }
        #expect(refused?.refusal?.guardName == "G_NO_LEGAL_HOLD")
        let broker = try #require(nodes.brokers[PracticeWorld.inBroker])
        await #expect(throws: ErasureError(.objected, "")) { try await broker.erase(by: order.id) }
    }

    @Test
    func
        `oversight orders into a case that it does not know, everybody with a part in it is asked, and it is certified`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "05")
        let caseID = try #require(example.caseID)
        _ = try nodes.desk(PracticeNodes.ngo).perform(
            Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker"), in: caseID,
            at: nodes.clock.now)
        try await nodes.settle()
        var drafts: [ErasureDraft] = []
        for broker in [PracticeWorld.inBroker, PracticeWorld.bdBroker] {
            let draft = try await #require(nodes.brokers[broker]).erasureDraft(of: caseID)
            #expect(try ErasureDraft(draft.json) == draft)
            drafts.append(draft)
        }
        #expect(Set(drafts[0].parties).isSuperset(of: [PracticeNodes.shelter, PracticeNodes.ngo]))
        let oversight = try nodes.desk(PracticeNodes.nodal)
        let now = nodes.clock.now
        let refused = #expect(throws: DeskError.self) {
            try nodes.desk(PracticeNodes.shelter).orderErasure(drafts, account: "caseworker", at: now)
        }
        #expect(refused?.refusal?.reason == .wrongRole)
        #expect(throws: DeskError(.unknownCase, "")) {
            try oversight.orderErasure([], account: "caseworker", at: now)
        }
        // As with every other normal letter: with a directory that has ended nobody knows who was removed.
        let letters = try oversight.outbox().count
        #expect(throws: DeskError(.directoryExpired, "")) {
            try oversight.orderErasure(drafts, account: "caseworker", at: now + 400 * 86_400)
        }
        #expect(try oversight.outbox().count == letters)
        let order = try oversight.orderErasure(drafts, account: "caseworker", at: now)
        let everybody = PracticeNodes.everybody + [PracticeNodes.nodal]
        try await nodes.settle(everybody)
        for place in [PracticeWorld.inBroker, PracticeWorld.bdBroker] {
            #expect(try await #require(nodes.brokers[place]).erase(by: order).level == .content)
        }
        let desk = try nodes.desk(PracticeNodes.shelter)
        #expect(try desk.erase(by: order, account: "caseworker", at: nodes.clock.now) == .awaitsSecond)
        _ = try desk.erase(by: order, account: "reviewer", at: nodes.clock.now)
        try await nodes.settle(everybody)
        let receipts = try nodes.store(PracticeNodes.nodal).read { try $0.receipts(for: order) }
        #expect(receipts.contains { $0.sender == PracticeNodes.shelter && $0.state == .acted })
        #expect(receipts.contains { $0.sender == PracticeNodes.ngo && $0.state == .valid })
    }

    @Test func `an erasure that was cut off after the key is ended at the next start, and the case goes on`()
        async throws
    {
        struct Cut: Error {}
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let caseID = try #require(example.caseID)
        let store = try nodes.store(PracticeNodes.shelter)
        let desk = try nodes.desk(PracticeNodes.shelter)
        #expect(throws: Cut.self) { try store.eraseContent(of: caseID) { _ in throw Cut() } }
        #expect(throws: CaseFileError(.damaged, "")) { try desk.history(of: caseID) }
        try store.finishErasures()
        #expect(try desk.history(of: caseID).allSatisfy { $0.forms.isEmpty })
        _ = try nodes.desk(PracticeNodes.ngo).perform(
            Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker"), in: caseID,
            at: nodes.clock.now)
        try await nodes.settle()
        #expect(
            try desk.history(of: caseID).contains {
                $0.isOpened && $0.events.map(\.code) == ["SHARE_CONSENT_WITHDRAWN"]
            })
    }
}
