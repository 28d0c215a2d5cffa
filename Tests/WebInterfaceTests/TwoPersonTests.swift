// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Node
import Procedure
import Sealing
import TestSupport
import Testing

@testable import WebInterface

@Suite struct TwoPersonTests {
    /// A draft that takes the opening letter back: every answer is there, the second person is not.
    private func retraction(_ office: Office, _ browser: Browser) async throws -> String {
        let caseID = try await office.opened(by: browser)
        let letter = try #require(try office.desk.outbox().first).letter.id.hex
        _ = await browser.get("/cases/\(CaseReference.text(caseID))")
        let begun = await browser.post("/cases/\(CaseReference.text(caseID))/do", ["event": "RETRACTION"])
        let draft = try String(#require(begun.fields["location"]).prefix(72))
        for (field, value) in [
            ("retracts", letter), ("letter", letter), ("field", "age_band"), ("reason", "typing"),
            ("old_digest", String(repeating: "1", count: 64)), ("new_digest", String(repeating: "2", count: 64)),
        ] {
            #expect(await browser.answer(draft, "RETRACTION/\(field)", [("answer", value)]).status == 303, "\(field)")
        }
        return draft
    }

    @Test func `one person is not two, whatever she types`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await retraction(office, asha)
        for value in ["mine", String(repeating: "de", count: 32)] {
            #expect(await asha.answer(draft, "RETRACTION/second_person", [("answer", value)]).status == 404)
        }
        let check = await asha.get("\(draft)/check")
        #expect(check.status == 200 && check.text.contains("\(draft)/approve") && !check.text.contains("\(draft)/seal"))
        let seen = try #require(asha.hidden("seen"))
        _ = await asha.press("\(draft)/approve")
        #expect(!asha.page.contains("\(draft)/seal"))
        let sealed = await asha.post("\(draft)/seal", ["seen": seen])
        #expect(sealed.status == 422)
        #expect(try office.desk.outbox().count == 1)
    }

    @Test func `a letter that two persons have looked at is sealed with the second one's signature, once`() async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let draft = try await retraction(office, asha)
        _ = await rina.get("\(draft)/check")
        let seen = try #require(rina.hidden("seen"))
        for code in ["", "000000"] {
            let refused = await rina.post("\(draft)/approve", ["seen": seen, "code": code])
            #expect(refused.status == 422 && refused.text.contains("class=\"errors\""))
        }
        #expect(await rina.press("\(draft)/approve").status == 200)
        // Approved is what she saw: a word changed, and it is another letter.
        _ = await asha.answer(draft, "RETRACTION/field", [("answer", "gender")])
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 422)
        _ = await asha.answer(draft, "RETRACTION/field", [("answer", "age_band")])
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        let caseID = try #require(try office.desk.cases().first).caseID
        let event = try #require(try office.desk.history(of: caseID).last?.events.first)
        let key = try office.desk.store.keys.personKey()
        #expect(event.facts["second_person"] == .text(Person.code(of: "rina", in: caseID, key: key)))
        #expect(event.person == Person.code(of: "asha", in: caseID, key: key))
        let act = try #require(try retractionAct(office, caseID))
        #expect(try office.desk.approval(of: act, in: caseID, at: office.now)?.accounts == [], "it serves once")
    }

    @Test func `the desk refuses a signature that was typed, one of nobody here, and one of somebody suspended`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        _ = try await office.person("rina", .supervisor)
        let caseID = try await office.opened(by: asha)
        var act = try #require(try retractionAct(office, caseID))
        func code(_ body: () throws -> Void) -> DeskError.Code? {
            do {
                try body()
                return nil
            } catch { return (error as? DeskError)?.code }
        }
        func seal() throws { _ = try office.desk.perform(act, in: caseID, at: office.now) }
        #expect(code(seal) == .notApproved)
        act.account = "nobody"
        #expect(code { try office.desk.approve(act, in: caseID, at: office.now) } == .unknownAccount)
        act.account = "rina"
        let digest = try office.desk.approve(act, in: caseID, at: office.now)
        #expect(code(seal) == .notApproved, "rina alone is one person too")
        act.account = "asha"
        act.events[0].facts["second_person"] = .text(String(repeating: "de", count: 32))
        #expect(code(seal) == .signatureTyped)
        act.events[0].facts["second_person"] = nil
        let good = act.forms[0].document
        act.forms[0].document = Array(
            String(decoding: good, as: UTF8.self).replacing(
                "\"fields\":{", with: "\"fields\":{\"second_person\":\"\(digest.hex)\","
            ).utf8)
        #expect(code(seal) == .signatureTyped)
        act.forms[0].document = good
        try office.signIn.suspend("rina", at: office.now)
        #expect(code(seal) == .notApproved)
        #expect(try office.desk.outbox().count == 1)
        let plain = Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "asha")
        #expect(code { try office.desk.approve(plain, in: caseID, at: office.now) } == .nothingToApprove)
    }

    @Test func `a disclosure in an emergency goes on that ground, by two persons, and the page says so`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let caseID = try await office.opened(by: asha)
        _ = await asha.get("/cases/\(caseID.text)")
        let begun = await asha.post("/cases/\(caseID.text)/do", ["event": "EMERGENCY_DISCLOSURE"])
        let draft = try String(#require(begun.fields["location"]).prefix(72))
        for (field, value) in [
            ("emergency_reason", "medical"), ("recipient", "The district hospital"), ("data_classes", "health"),
            ("why_not_asked", "She was unconscious."),
        ] {
            let saved = await asha.answer(draft, "EMERGENCY_DISCLOSURE/\(field)", [("answer", value)])
            #expect(saved.status == 303, "\(field)")
        }
        let check = await rina.get("\(draft)/check")
        #expect(check.status == 200 && check.text.contains(HTML(Words.of("en").say(.basisEmergency)).text))
        _ = await rina.press("\(draft)/approve")
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        let letter = try #require(try office.desk.outbox().last?.letter.id)
        #expect(try office.desk.letter(letter).slip.parts.map(\.basis).contains(.emergency))
        // What asks for a consent goes on nothing else, whatever else it names.
        let asked = DraftRecord(
            id: .sha256([1]), caseID: caseID, created: office.now, updated: office.now,
            content: ActDraft(events: ["TESTIMONY_REQUESTED"], opens: false, by: "asha"))
        #expect(try DraftWork(office.call("/"), asked).basis == .consent)
    }

    private func retractionAct(_ office: Office, _ caseID: CaseID) throws -> Act? {
        guard let letter = try office.desk.outbox().first?.letter.id.hex else { return nil }
        let form = Form(
            event: "RETRACTION", name: "correction",
            fields: [
                "letter": .text(letter), "field": .text("age_band"), "reason": .text("typing"),
                "old_digest": .text(String(repeating: "1", count: 64)),
                "new_digest": .text(String(repeating: "2", count: 64)),
            ])
        return Act(
            events: [Event(code: "RETRACTION", facts: ["retracts": .text(letter)])],
            forms: [FormDraft(document: FormDocument.bytes(of: form))], account: "asha")
    }
}

extension Browser {
    /// Presses a button of a page that was made of a draft.
    func press(_ path: String) async -> WebResponse {
        guard path.hasSuffix("/approve") else { return await post(path, ["seen": hidden("seen") ?? ""]) }
        // A code serves once.
        office.advance(30)
        let code = TOTP.code(secret: secret, step: TOTP.step(at: office.now.seconds))
        return await post(path, ["seen": hidden("seen") ?? "", "code": code])
    }

    /// Answers one question of a draft.
    func answer(_ draft: String, _ field: String, _ values: [(String, String)]) async -> WebResponse {
        _ = await get("\(draft)/\(field)")
        return await post("\(draft)/\(field)", [("version", hidden("version") ?? "0")] + values)
    }
}

extension Office {
    /// A draft that opens a case and can be sealed.
    ///
    /// - Parameter choice: with which it is begun.
    func opening(by browser: Browser, _ choice: [String: String] = [:]) async throws -> String {
        _ = await browser.get("/cases/new")
        let begun = await browser.post("/cases/new", choice.merging(["event": "REFERRAL_OFFER"]) { $1 })
        guard let draft = begun.fields["location"] else {
            throw Failed(status: 0)
        }
        _ = await browser.get(draft)
        _ = await browser.post("\(draft)/to", ["to": PracticeWorld.ngo.text])
        for (field, value) in DraftTests.preview(self) {
            _ = await browser.answer(draft, "REFERRAL_OFFER/\(field)", value)
        }
        _ = await browser.get(draft)
        _ = await browser.post("\(draft)/add", ["event": "SHARE_CONSENT_PREVIEW"])
        for (field, value) in DraftTests.consent(self) {
            _ = await browser.answer(draft, "SHARE_CONSENT_PREVIEW/\(field)", value)
        }
        return draft
    }

    /// A case whose preview was sent to the NGO.
    func opened(by browser: Browser) async throws -> CaseID {
        let draft = try await opening(by: browser)
        _ = await browser.get("\(draft)/check")
        let sealed = await browser.press("\(draft)/seal")
        guard sealed.status == 200, let opened = try desk.cases().first else { throw Failed(status: sealed.status) }
        return opened.caseID
    }
}
