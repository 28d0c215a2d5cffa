// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing

@testable import Node
@testable import WebInterface

@Suite struct PracticeTests {
    @Test func `a practice case is judged to the last look, says so on each page, and sends nothing`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha, ["practice": "yes"])
        let mark = HTML(Words.of("en").say(.practiceMark)).text
        for path in [draft, "\(draft)/REFERRAL_OFFER/age_band", "\(draft)/check", "/"] {
            let page = await asha.get(path)
            #expect(page.status == 200 && page.text.contains(mark), "\(path)")
        }
        #expect(await !asha.get("/cases").text.contains(mark))
        let check = await asha.get("\(draft)/check")
        #expect(!check.text.contains("class=\"errors\""), "\(Office.refusal(check))")
        let ended = await asha.press("\(draft)/seal")
        #expect(ended.status == 200 && ended.text.contains(HTML(Words.of("en").say(.practiceDelete)).text))
        #expect(try office.desk.outbox().isEmpty && office.desk.cases().isEmpty)
        // The same answers without practice go.
        _ = try await office.opened(by: asha)
        #expect(try office.desk.outbox().count == 1)
    }

    @Test func `the stop of a practice page stays within practice, says so, and has a way to a real one`() async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await office.opened(by: asha)
        let real = try await office.opening(by: asha)
        let draft = try await office.opening(by: asha, ["practice": "yes"])
        let way = "class=\"button stop\" href=\"\(draft)/stop\""
        for path in [draft, "\(draft)/REFERRAL_OFFER/age_band", "\(draft)/check", "\(draft)/stop"] {
            let page = await asha.get(path).text
            #expect(page.contains(way) && !page.contains("/cases/\(caseID.text)"), "\(path)")
        }
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").text.contains(way))
        let (letters, words) = (try office.rows("letter"), Words.of("en"))
        _ = await asha.get("\(draft)/stop")
        let stopped = await asha.post("\(draft)/stop", [:])
        for word in [Word.practiceMark, .practiceStopDone, .practiceStopReal] {
            #expect(stopped.status == 200 && stopped.text.contains(HTML(words.say(word)).text), "\(word)")
        }
        #expect(stopped.text.contains("href=\"/stop\""))
        #expect(try office.rows("letter") == letters)
        // The control: a real draft's pages lead to the real stop, and it has no other.
        #expect(await asha.get(real).text.contains("class=\"button stop\" href=\"/stop\""))
        #expect(await asha.get("\(real)/stop").status == 404)
        #expect(await asha.post("\(real)/stop", [:]).status == 404)
    }

    @Test func `what people type is made up already, in the language of whoever practises`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        try office.signIn.setLanguage("bn", of: "asha")
        _ = await asha.get("/cases/new")
        let begun = await asha.post("/cases/new", ["event": "REFERRAL_OFFER", "practice": "yes"])
        let work = try office.work(try #require(begun.fields["location"]))
        let texts = work.form.questions.filter { if case .text = $0.field.kind { true } else { false } }
        for question in texts {
            #expect(work.form.draft.content.answers[question.key]?.values == [Words.of("bn").say(.madeUp)])
        }
        #expect(work.form.draft.content.answers.count == texts.count)
    }

    /// Every door to the outbox, for an act that would go under any other pseudonym.
    @Test func `no door lets a letter of a practice case into the outbox`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha, ["practice": "yes"])
        let work = try office.work(draft)
        let (act, practice, desk) = (work.act(), work.caseID, office.desk)
        let profile = try #require(desk.network.profileInForce)
        let personKey = try desk.store.keys.personKey()

        /// The desk; the planner's letter at the sealer; rows of a writer that asks nobody.
        func open(_ caseID: CaseID) throws { _ = try desk.openCase(act, caseID: caseID, at: office.now) }
        func seal(_ caseID: CaseID) throws {
            try desk.store.write { transaction in
                let (planner, previous, parents) = try desk.planner(
                    caseID, opening: profile, transaction, personKey, office.now)
                let plan = try #require(
                    try planner.plan(
                        planner.signed(planner.countersigned(act, transaction)), previous: previous,
                        parents: parents
                    ).main)
                _ = try desk.maker(transaction, office.now).make(plan, caseID: caseID, record: nil, prepared: [:])
            }
        }
        func write(_ caseID: CaseID, _ body: (CaseTransaction) throws -> Void) throws { try desk.store.write(body) }
        func row(_ caseID: CaseID) throws {
            try write(caseID) {
                try $0.addCase(
                    CaseRecord(
                        caseID: caseID, root: .sha256([1]), profile: profile.digest, created: office.now,
                        openedHere: true))
            }
        }
        func letter(_ caseID: CaseID) throws {
            try write(caseID) { transaction in
                let id = Digest.sha256(Array(caseID.text.utf8))
                try transaction.add(
                    LetterRecord(
                        id: id, caseID: caseID, type: .step, lane: .normal, sender: desk.identity.member,
                        sent: office.now, direction: .out, state: .made, roles: [], slip: [], arrived: office.now,
                        serial: 0),
                    ancestors: [])
                try transaction.enqueue(id, lane: .normal)
            }
        }
        let doors = [open, seal, row, letter]
        for (number, door) in doors.enumerated() {
            #expect(throws: (any Error).self, "door \(number)") { try door(practice) }
            #expect(try desk.outbox().isEmpty && desk.cases().isEmpty && office.rows("letter") == 0, "door \(number)")
        }
        #expect(throws: DeskError(.unknownCase, "")) { try open(practice) }
        // Deleted, it is as closed: a page that is still open makes no case of it.
        try desk.store.endPractice(practice)
        for (number, door) in doors.enumerated() {
            #expect(throws: (any Error).self, "door \(number), deleted") { try door(practice) }
        }
        #expect(try desk.outbox().isEmpty && desk.cases().isEmpty)
        // Each door is one: under another pseudonym each lets the same through.
        for (number, door) in doors.enumerated() {
            let other = try #require(CaseID(random: SecureRandom.bytes(16)))
            #expect(throws: Never.self, "door \(number)") { try door(other) }
        }
        #expect(try office.rows("outbox") == 3)
        // And no case turns into practice.
        let real = try #require(try desk.store.read { try $0.cases() }.first).caseID
        #expect(throws: (any Error).self) { try desk.store.write { try $0.addPractice(real) } }
        #expect(throws: CaseFileError.self) { try desk.store.endPractice(real) }
    }

    @Test func `deleted is everything of it at once, and its key`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let draft = try await office.opening(by: asha, ["practice": "yes"])
        let work = try office.work(draft)
        _ = await rina.get(draft)
        #expect(try office.rows("opening") == 1)
        #expect(await rina.post("\(draft)/discard", [:]).status == 303)
        #expect(try office.rows("draft") == 0 && office.rows("opening") == 0)
        #expect(throws: CaseFileError.self) { try office.desk.store.keys.key(of: work.caseID) }
        #expect(await asha.get("\(draft)/check").status == 404)
        #expect(await asha.press("\(draft)/seal").status == 404)
    }
}
