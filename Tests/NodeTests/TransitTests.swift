// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Membership
import MessageStore
@testable import Node
import Procedure
import Sealing
import Synchronization
import TestSupport
import Testing

/// What may happen on the way, with a carrier that misbehaves as no broker would.
@Suite struct TransitTests {
    private func offered() throws -> (PracticeNodes, PostOffice, LetterID) {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        return (nodes, office, try #require(try example.send("01").letters.first))
    }

    private func receipts(_ nodes: PracticeNodes, _ letter: LetterID) throws -> [ReceiptRecord] {
        try nodes.store(PracticeNodes.shelter).read { try $0.receipts(for: letter) }
    }

    @Test func `a letter that comes again has no second effect, and its stored receipt goes out again byte for byte`()
        async throws
    {
        let (nodes, office, letter) = try offered()
        try await nodes.settle()
        let receipt = try #require(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter)?.receipt })
        let slip = office.state.withLock { $0.slips[receipt] }
        let pushes = office.state.withLock { state in
            state.boxes[PracticeNodes.ngo] = [letter]
            return state.pushes
        }
        try await nodes.settle()
        #expect(office.state.withLock { $0.pushes } == pushes + 1)
        #expect(office.state.withLock { $0.slips[receipt] } == slip)
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inbox() }.filter { $0.letter == letter }.count == 1)
        #expect(try receipts(nodes, letter).count == 1)
    }

    @Test func `a step that its reader does not answer is handed over again each day, the same bytes, until it is`()
        async throws
    {
        let (nodes, office, letter) = try offered()
        let shelter = try nodes.service(PracticeNodes.shelter)
        #expect(try await shelter.pushDue() == 1)
        // The broker was put back to yesterday's copy of its disk: the letter is gone from it.
        office.state.withLock { state in
            state.slips[letter] = nil
            state.stored = []
            state.boxes[PracticeNodes.ngo] = []
        }
        nodes.clock.advance(86_399)
        #expect(try await shelter.pushDue() == 0)
        nodes.clock.advance(1)
        #expect(try await shelter.pushDue() == 1)
        #expect(office.state.withLock { $0.stored } == [letter])
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
        let pushes = office.state.withLock { $0.pushes }
        nodes.clock.advance(30 * 86_400)
        #expect(try await shelter.pushDue() == 0)
        #expect(office.state.withLock { $0.pushes } == pushes, "what is answered has come")
    }

    @Test func `an ancestor that has come is judged before what rests on it, in whatever order both came`() async throws
    {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let letters = try ["03", "04", "05"].map { try #require(example.send($0).letters.first) }
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        // The last one comes alone, and of the two before it the slips; then these two, the later one first.
        let ngo = try nodes.service(PracticeNodes.ngo)
        for box in [[letters[2]], [letters[1], letters[0]]] {
            office.state.withLock { $0.boxes[PracticeNodes.ngo] = box }
            try await ngo.pass()
        }
        let places = try nodes.store(PracticeNodes.ngo).read { transaction in
            try letters.prefix(2).map { letter in
                let receipt = try #require(try transaction.inboxEntry(letter)?.receipt)
                return try #require(try transaction.outboxEntry(receipt)).position
            }
        }
        #expect(places[0] < places[1])
    }

    @Test func `a node killed after it has stored a letter judges it at the next start`() async throws {
        let (nodes, _, letter) = try offered()
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        #expect(try await nodes.service(PracticeNodes.ngo).fetch(waitSeconds: 0) == 1)
        nodes.restart(PracticeNodes.ngo)
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter)?.state } == .stored)
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
    }

    @Test func `a node killed before it noted the broker's answer sends the same bytes again`() async throws {
        let (nodes, office, letter) = try offered()
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        let slip = office.state.withLock { $0.slips[letter] }
        // The commit that noted the answer was lost with the process.
        try nodes.store(PracticeNodes.shelter).write { try $0.sendAgain(letter) }
        nodes.restart(PracticeNodes.shelter)
        try await nodes.settle()
        #expect(office.state.withLock { $0.slips[letter] } == slip)
        #expect(office.state.withLock { $0.stored.filter { $0 == letter }.count } == 1)
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
    }

    @Test func `a node without a line for three weeks loses nothing`() async throws {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        office.state.withLock { $0.isDown = true }
        let letter = try #require(try example.send("01").letters.first)
        for _ in 0..<3 {
            await #expect(throws: ExchangeError.self) { try await nodes.service(PracticeNodes.shelter).pass() }
            nodes.clock.advance(7 * 86_400)
        }
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.outboxEntry(letter)?.state } == .waiting)
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.outboxEntry(letter)?.tries } == 0)
        office.state.withLock { $0.isDown = false }
        // The directory has expired meanwhile: the receiver keeps the letter and judges it when the newer one has come.
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter)?.code } == "directory-expired")
        let documents = try nodes.newerDirectories()
        office.state.withLock { $0.documents = documents }
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
    }

    @Test func `a part that was changed on its way is not taken, and the letter stays with the broker`() async throws {
        let (nodes, office, letter) = try offered()
        office.state.withLock { state in
            state.tampers = { _, bytes in
                var changed = bytes
                changed[changed.count - 1] ^= 1
                return changed
            }
        }
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter) } == nil)
        #expect(office.state.withLock { $0.boxes[PracticeNodes.ngo] } == [letter])
        office.state.withLock { $0.tampers = nil }
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
    }

    /// A slip of the shelter's own over parts that it changes or takes from elsewhere.
    private func forge(
        _ nodes: PracticeNodes, _ office: PostOffice, from letter: LetterID,
        _ change: (inout Slip, inout [Digest: [UInt8]]) throws -> Void
    ) throws -> LetterID {
        var (slip, parts) = try nodes.store(PracticeNodes.shelter).read { transaction in
            let record = try #require(try transaction.letter(letter))
            var parts: [Digest: [UInt8]] = [:]
            for part in try transaction.partSizes(of: letter) { parts[part.digest] = try transaction.part(part.digest) }
            return (try StoredSlip.read(record.slip), parts)
        }
        try change(&slip, &parts)
        let signed = try SignedSlip.sign(slip, by: nodes.world.party(PracticeNodes.shelter).keys.signing)
        let (carried, sealed) = (parts, signed)
        office.state.withLock { state in
            state.slips[sealed.id] = sealed.file
            state.parts.merge(carried) { $1 }
            state.boxes[PracticeNodes.ngo, default: []].append(sealed.id)
        }
        return signed.id
    }

    @Test func `a part that was sealed for another case does not open, the receipt says so, and the node goes on`()
        async throws
    {
        let (nodes, office, letter) = try offered()
        let other = try #require(CaseID(random: Array(repeating: 9, count: 16)))
        let forged = try forge(nodes, office, from: letter) { slip, _ in slip.caseID = other }
        try await nodes.settle()
        let entry = try #require(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(forged) })
        #expect(entry.state == .judged)
        #expect(entry.code == "part.cannot-open")
        let slip = try #require(office.state.withLock { state in entry.receipt.flatMap { state.slips[$0] } })
        #expect(try StoredSlip.read(slip).about == About(letter: forged, state: .invalid, code: "part.cannot-open"))
        // The genuine letter beside it is in order.
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
        #expect(try Set(nodes.desk(PracticeNodes.ngo).alarms().map(\.kind)) == [.invalid, .conflict])
    }

    @Test func `a part with a changed byte under a rightly signed slip does not open`() async throws {
        let (nodes, office, letter) = try offered()
        let forged = try forge(nodes, office, from: letter) { slip, parts in
            let original = parts.removeValue(forKey: slip.parts[1].digest)
            var bytes = try #require(original)
            bytes[bytes.count - 20] ^= 1
            slip.parts[1].digest = .sha256(bytes)
            parts[.sha256(bytes)] = bytes
        }
        office.state.withLock { $0.boxes[PracticeNodes.ngo]?.removeAll { $0 == letter } }
        try nodes.store(PracticeNodes.shelter).write { try $0.settle(letter, as: .stored, at: nodes.clock.now) }
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(forged)?.code } == "part.cannot-open")
        // Its steps opened and count; only the form did not.
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.letter(forged)?.state } == .valid)
    }

    @Test func `shown steps that are not those of the seal are not admitted`() async throws {
        let (nodes, office, letter) = try offered()
        let other = try forge(nodes, office, from: letter) { slip, _ in slip.steps = Array(slip.steps.dropLast()) }
        office.state.withLock { $0.boxes[PracticeNodes.ngo]?.removeAll { $0 == letter } }
        try nodes.store(PracticeNodes.shelter).write { try $0.settle(letter, as: .stored, at: nodes.clock.now) }
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(other)?.code } == "procedure.refused")
    }

    @Test func `a letter that somebody else signed is no letter`() async throws {
        let (nodes, office, letter) = try offered()
        let slip = try nodes.store(PracticeNodes.shelter).read {
            try StoredSlip.read(try #require(try $0.letter(letter)).slip)
        }
        let forged = try SignedSlip.sign(slip, by: nodes.world.party(PracticeNodes.investigator).keys.signing)
        office.state.withLock { state in
            state.slips[letter] = forged.file
            state.boxes[PracticeNodes.ngo, default: []].append(letter)
        }
        _ = try await nodes.service(PracticeNodes.ngo).pass()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.letter(letter) } == nil)
        #expect(try nodes.desk(PracticeNodes.ngo).alarms().map(\.detail) == ["signer.not-permitted"])
    }

    @Test func `a receipt for a letter that was never sent is an alarm and changes nothing`() async throws {
        let (nodes, office, letter) = try offered()
        try await nodes.settle()
        let receipt = try #require(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter)?.receipt })
        var slip = try nodes.store(PracticeNodes.ngo).read {
            try StoredSlip.read(try #require(try $0.letter(receipt)).slip)
        }
        slip.about?.letter = .sha256([1])
        slip.parents = [.sha256([1])]
        let forged = try SignedSlip.sign(slip, by: nodes.world.party(PracticeNodes.ngo).keys.signing)
        office.state.withLock { state in
            state.slips[forged.id] = forged.file
            state.boxes[PracticeNodes.shelter, default: []].append(forged.id)
        }
        _ = try await nodes.service(PracticeNodes.shelter).pass()
        #expect(try nodes.desk(PracticeNodes.shelter).alarms().contains { $0.kind == .strangeReceipt })
        #expect(try receipts(nodes, letter).count == 1)
    }

    @Test func `the broker's answers end a letter or keep it, each with its reason in words`() async throws {
        let (nodes, office, letter) = try offered()
        func push(_ answer: PushOutcome) async throws -> (OutboxEntry.State, String) {
            nodes.clock.advance(100)
            office.state.withLock { $0.answers = [answer] }
            _ = try await nodes.service(PracticeNodes.shelter).pushDue()
            let item = try #require(try nodes.desk(PracticeNodes.shelter).outbox().first { $0.letter.id == letter })
            return (item.entry.state, try nodes.desk(PracticeNodes.shelter).words(in: "en").sentence(for: item))
        }
        var (state, words) = try await push(.later(code: "busy", seconds: 5))
        #expect(state == .waiting)
        #expect(words.contains("busy"))
        (state, words) = try await push(.waiting([.sha256([7])]))
        #expect(state == .waiting)
        (state, words) = try await push(.refused(code: "G_SHARE_PREVIEW", refusal: .sha256([8]), stop: nil))
        #expect(state == .refused)
        #expect(words.contains(try #require(nodes.labels[1].label("guard", "G_SHARE_PREVIEW"))))
        let overview = try #require(try nodes.desk(PracticeNodes.shelter).cases().first)
        #expect(overview.lifecycle == ["draft"])
    }

    @Test func `the same letters by stick and by line, in either order, have one effect`() async throws {
        for stickFirst in [true, false] {
            let (nodes, _, letter) = try offered()
            func carry() async throws {
                var export = try nodes.desk(PracticeNodes.shelter).export()
                while let (id, slip, parts) = try export.next() {
                    _ = try await nodes.service(PracticeNodes.ngo).take(
                        Delivery(letter: LetterBundle(id: id, slip: slip, parts: parts)))
                }
            }
            if stickFirst { try await carry() }
            if !stickFirst {
                _ = try await nodes.service(PracticeNodes.shelter).pushDue()
                _ = try await nodes.service(PracticeNodes.ngo).pass()
                try nodes.store(PracticeNodes.shelter).write { try $0.sendAgain(letter) }
                try await carry()
            }
            try await nodes.settle()
            #expect(try receipts(nodes, letter).map(\.state) == [.valid])
            #expect(
                try nodes.store(PracticeNodes.ngo).read { try $0.inbox() }.filter { $0.letter == letter }.count == 1)
        }
    }

    @Test func `one process at a time runs the service of a home`() throws {
        let nodes = try PracticeNodes()
        _ = try nodes.store(PracticeNodes.shelter)
        let lock = try NodeLock(home: nodes.home(PracticeNodes.shelter))
        #expect(throws: CaseFileError(.inUse, "")) { try NodeLock(home: nodes.home(PracticeNodes.shelter)) }
        withExtendedLifetime(lock) {}
    }

    @Test func `who acts on a letter tells its sender once`() async throws {
        let (nodes, _, letter) = try offered()
        try await nodes.settle()
        let first = try nodes.desk(PracticeNodes.ngo).markActedOn(letter, account: "caseworker", at: nodes.clock.now)
        #expect(
            try nodes.desk(PracticeNodes.ngo).markActedOn(letter, account: "caseworker", at: nodes.clock.now) == first)
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid, .acted])
        let desk = try nodes.desk(PracticeNodes.shelter)
        #expect(try desk.words(in: "en").sentence(for: desk.letter(letter)).hasSuffix(": Someone there dealt with it"))
    }

    @Test func `a running service carries what the desk writes beside it, and stops when it is told`() async throws {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        let services = try [PracticeNodes.shelter, PracticeNodes.ngo].map { try nodes.service($0) }
        let running = services.map { service in Task { try await service.run() } }
        let letter = try #require(try example.send("01").letters.first)
        let end = ContinuousClock.now + .seconds(20)
        while try receipts(nodes, letter).isEmpty, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
        for task in running { task.cancel() }
        for task in running { _ = await task.result }
    }

    /// Found by the simulation: she had promised the visit after a letter of which she knew only the slip. It was the request taken back.
    @Test func `what rests on a letter is judged again, one's own letters too, when that letter can be read at last`()
        async throws
    {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        try await example.run(through: "10")
        let caseID = try #require(example.caseID)
        let shelter = try nodes.desk(PracticeNodes.shelter)
        let cancelled = Event(code: "HOME_INV_CANCELLED", facts: ["step_reason": .text("home")])
        let stop = try shelter.perform(
            Act(events: [cancelled], account: "caseworker"), in: caseID, at: nodes.clock.now
        ).letters[0]
        nodes.clock.advance(60)
        let cover = Act(events: [Event(code: "COVER")], account: "caseworker")
        _ = try shelter.perform(cover, in: caseID, at: nodes.clock.now)
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        let boxes = office.state.withLock { state in
            let boxes = state.boxes
            for member in boxes.keys { state.boxes[member]?.removeAll { $0 == stop } }
            return boxes
        }
        try await nodes.settle()
        let promise = try #require(try example.send("11").letters.first)
        // It is known by its slip, and still here while it waits to be opened.
        office.state.withLock { $0.boxes[PracticeNodes.investigator] = boxes[PracticeNodes.investigator] }
        _ = try await nodes.service(PracticeNodes.investigator).fetch(waitSeconds: 0)
        #expect(
            try nodes.desk(PracticeNodes.investigator).view(of: caseID, at: nodes.clock.now).state.tracks["home"]?
                .contains("assigned") == true)
        office.state.withLock { $0.boxes[PracticeNodes.ngo] = boxes[PracticeNodes.ngo] }
        try await nodes.settle()
        #expect(try nodes.store(PracticeNodes.investigator).read { try $0.letter(promise)?.state } == .invalid)
        #expect(try nodes.store(PracticeNodes.shelter).read { try $0.letter(promise)?.state } == .invalid)
        for member in PracticeNodes.everybody {
            let state = try nodes.desk(member).view(of: caseID, at: nodes.clock.now).state
            #expect(state.tracks["home"] == ["not_requested"], "\(member)")
        }
    }

    @Test func `a refusal that comes beside an ancestor's slip has what rests on it judged again`() async throws {
        let nodes = try PracticeNodes(office: PostOffice())
        var example = try ExampleCase(nodes)
        try await example.run(through: "07")
        let request = try #require(try example.send("10").letters.first)
        try await nodes.settle()
        let promise = try #require(try example.send("11").letters.first)
        let caseID = try #require(example.caseID)
        let broker = try nodes.world.party(PracticeWorld.inBroker)
        let certificate = try nodes.world.directories().sealingCertificate(
            of: PracticeNodes.shelter, at: nodes.clock.now
        ).id
        let desk = try nodes.desk(PracticeNodes.investigator)
        let slip = try nodes.store(PracticeNodes.investigator).read { try #require(try $0.letter(request)).slip }
        let refusal = Slip(
            type: .refusal, lane: .urgent, from: broker.id,
            to: [Addressee(member: PracticeNodes.shelter, certificate: certificate, epoch: 1, sequence: 1)],
            caseID: caseID, root: try desk.letter(request).slip.root,
            about: About(letter: request, code: "G_CONSENT_VALID"), at: nodes.clock.now)
        func state() throws -> CaseFile.LetterRecord.State? {
            try nodes.store(PracticeNodes.investigator).read { try $0.letter(promise)?.state }
        }
        let intake = LetterIntake(desk: desk, now: nodes.clock.now)
        // From a member it is no refusal.
        let forged = try SignedSlip.sign(refusal, by: nodes.world.party(PracticeNodes.ngo).keys.signing)
        try intake.keep([ContextLetter(id: request, slip: slip, void: forged.file)])
        #expect(try state() == .made)
        let signed = try SignedSlip.sign(refusal, by: broker.signing)
        try intake.keep([ContextLetter(id: request, slip: slip, void: signed.file)])
        #expect(try state() == .invalid)
    }

    @Test func `a letter that was given up does not count, unless it was opened`() async throws {
        let (nodes, office, letter) = try offered()
        let caseID = try #require(try nodes.desk(PracticeNodes.shelter).cases().first?.caseID)
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        let broker = try nodes.world.party(PracticeWorld.inBroker)
        func notice(from signer: SigningIdentity, _ member: MemberID) throws -> LetterID {
            let certificate = try nodes.world.directories().sealingCertificate(
                of: PracticeNodes.shelter, at: nodes.clock.now
            ).id
            let slip = Slip(
                type: .notice, lane: .normal, from: member,
                to: [Addressee(member: PracticeNodes.shelter, certificate: certificate, epoch: 1, sequence: 1)],
                caseID: caseID, root: letter,
                about: About(letter: letter, code: "expired"), at: nodes.clock.now)
            let signed = try SignedSlip.sign(slip, by: signer)
            office.state.withLock { state in
                state.slips[signed.id] = signed.file
                state.boxes[PracticeNodes.shelter, default: []].append(signed.id)
            }
            return signed.id
        }
        func state() throws -> (OutboxEntry.State?, [String]) {
            let desk = try nodes.desk(PracticeNodes.shelter)
            return (
                try desk.letter(letter).outbox?.state, try desk.view(of: caseID, at: nodes.clock.now).state.lifecycle
            )
        }
        // From a member it is no notice, and nothing changes.
        let stranger = try nodes.world.party(PracticeNodes.investigator)
        _ = try notice(from: stranger.keys.signing, stranger.id)
        _ = try await nodes.service(PracticeNodes.shelter).pass()
        #expect(try state() == (.stored, ["offered"]))
        office.state.withLock { $0.boxes[PracticeNodes.shelter] = [] }
        _ = try notice(from: broker.signing, broker.id)
        _ = try await nodes.service(PracticeNodes.shelter).pass()
        #expect(try state() == (.ended, ["draft"]))
        // The receipt that crossed it wins.
        try await nodes.settle()
        #expect(try state() == (.stored, ["offered"]))
        #expect(try nodes.desk(PracticeNodes.shelter).letter(letter).entry.voids.map(\.code) == ["expired"])
    }

    @Test func `a stop overtakes an attachment that is on its way, out and in`() async throws {
        let office = PostOffice()
        let nodes = try PracticeNodes(office: office)
        var example = try ExampleCase(nodes)
        for number in ["01", "02", "03", "04"] {
            try example.send(number)
            try await nodes.settle()
        }
        let caseID = try #require(example.caseID)
        let clock = nodes.clock
        let (shelter, ngo) = (try nodes.service(PracticeNodes.shelter), try nodes.service(PracticeNodes.ngo))
        let desk = try nodes.desk(PracticeNodes.shelter)
        let pieces = Mutex(0)
        let stops = Mutex<[LetterID]>([])
        /// With the second piece of a part, a person says stop.
        func stop(_ event: String, then more: @escaping @Sendable () async throws -> Void) {
            pieces.withLock { $0 = 0 }
            office.state.withLock { state in
                state.onPiece = {
                    guard
                        pieces.withLock({ count in
                            count += 1; return count == 2
                        })
                    else { return }
                    let act = Act(events: [Event(code: event)], account: "caseworker")
                    let letters = try desk.perform(act, in: caseID, at: clock.now).letters
                    stops.withLock { $0 += letters }
                    try await more()
                }
            }
        }
        let dossier = try #require(try example.send("05", events: ["DOSSIER"]).letters.first)
        stop("FAMILY_CONTACT_WITHDRAWN") {}
        _ = try await shelter.pushDue()
        let carried = office.state.withLock { $0.stored }
        let first = try #require(stops.withLock { $0.first })
        #expect(try #require(carried.firstIndex(of: first)) < #require(carried.firstIndex(of: dossier)))
        #expect(pieces.withLock { $0 } > 2, "the upload went on")

        stop("SHARE_CONSENT_WITHDRAWN") { _ = try await shelter.pushDue() }
        _ = try await ngo.fetch(waitSeconds: 0)
        let second = try #require(stops.withLock { $0.last })
        let inbox = try nodes.store(PracticeNodes.ngo).read { transaction in
            try [second, dossier].map { try #require(try transaction.inboxEntry($0)) }
        }
        #expect(inbox.map(\.state) == [.judged, .stored], "judged before the attachment was there")
        #expect(inbox[0].position < inbox[1].position)
    }

    @Test func `a node without the profile's forms seals no form, and keeps one that comes until they are there`()
        async throws
    {
        let nodes = try PracticeNodes(office: PostOffice())
        var example = try ExampleCase(nodes)
        let letter = try #require(try example.send("01").letters.first)
        let profile = nodes.profile.digest
        let network = try NetworkView(directories: nodes.world.directories())
        func bare(_ member: MemberID) throws -> CaseDesk {
            let desk = try nodes.desk(member)
            return CaseDesk(
                identity: desk.identity, store: desk.store, network: network, settings: desk.settings)
        }
        #expect(throws: DeskError(.unknownProfile, "")) {
            try bare(PracticeNodes.shelter).openCase(example.act("01", to: [PracticeNodes.ngo]), at: nodes.clock.now)
        }
        _ = try await nodes.service(PracticeNodes.shelter).pushDue()
        let clock = nodes.clock
        let service = NodeService(
            desk: try bare(PracticeNodes.ngo), connection: try nodes.connection(PracticeNodes.ngo),
            clock: { clock.now }, logger: PracticeNodes.logger)
        _ = try await service.pass()
        #expect(try nodes.store(PracticeNodes.ngo).read { try $0.inboxEntry(letter)?.code } == "unknown-forms")
        network.setForms(nodes.catalogue, of: profile)
        try await service.wakeHeld()
        _ = try await service.pass()
        try await nodes.settle()
        #expect(try receipts(nodes, letter).map(\.state) == [.valid])
    }
}
