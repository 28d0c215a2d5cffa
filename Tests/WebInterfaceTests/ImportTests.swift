// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import TestSupport
import Testing

@testable import WebInterface

/// Protocols/Import.md §5 at the page: from a file to a letter, past every answer. Every person is invented.
@Suite struct ImportTests {
    private static let record = """
        [{"prs_FirstName": "Moyna<script>", "prs_Birthdate": "2008-03-12", "prs_PrimaryLanguage": "ben", "con_Consent": true,
          "vic_TraffickingStatus": "ActualVictimOfTrafficking", "vic_TraffickingStatusDecisionMakingOrg": "Police"}]
        """

    private func take(_ browser: Browser, _ text: String = record, from: String = "htcds") async -> WebResponse {
        _ = await browser.get("/cases/new")
        return await browser.post("/cases/import", ["from": from], file: Array(text.utf8), as: "Moyna.json")
    }

    private func say(_ word: Word) -> String { HTML(Words.of("en").say(word)).text }

    /// The drafts that a page leads to.
    private func drafts(_ page: WebResponse) -> [String] {
        page.text.matches(of: /href="(\/drafts\/[0-9a-f]{64})"/).map { String($0.1) }
    }

    @Test func `a file becomes drafts, says what it did not take, and names nobody`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let page = await take(asha)
        #expect(page.status == 200 && drafts(page).count == 2)
        #expect(page.text.contains("con_Consent") && page.text.contains(say(.importConsent)))
        #expect(!page.text.contains("Moyna"))
        #expect(try office.desk.outbox().isEmpty && office.desk.cases().isEmpty)
        #expect(await asha.get("/").text.contains(say(.importUnseen)))
        #expect(try !office.onDisk(Array("Moyna".utf8)))
        let again = await take(asha)
        #expect(
            again.status == 200 && again.text.contains(say(.importKnown)) && Set(drafts(again)) == Set(drafts(page)))
        #expect(try office.rows("draft") == 2)
    }

    @Test func `an answer out of a file is looked at by a person before anything goes`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try #require(drafts(await take(asha)).first)
        _ = await asha.get(draft)
        _ = await asha.post("\(draft)/to", ["to": PracticeWorld.ngo.text])
        let (seen, other) = ("REFERRAL_OFFER/victim_status", "REFERRAL_OFFER/languages")
        let question = await asha.get("\(draft)/\(seen)")
        #expect(question.text.contains(say(.importUnseen)))
        #expect(
            question.text.matches(of: /<input[^>]*>/).contains {
                $0.0.contains("\"actual\"") && $0.0.contains("checked")
            })
        // What a script saves by itself is nobody's look.
        _ = await asha.post(
            "\(draft)/\(seen)", ["version": asha.hidden("version") ?? "", "answer": "actual", "autosave": "1"])
        #expect(await asha.get("\(draft)/\(seen)").text.contains(say(.importUnseen)))
        for (field, value) in DraftTests.preview(office) where !["languages"].contains(field) {
            _ = await asha.answer(draft, "REFERRAL_OFFER/\(field)", value)
        }
        #expect(await !asha.get("\(draft)/\(seen)").text.contains(say(.importUnseen)))
        _ = await asha.get(draft)
        _ = await asha.post("\(draft)/add", ["event": "SHARE_CONSENT_PREVIEW"])
        for (field, value) in DraftTests.consent(office) {
            _ = await asha.answer(draft, "SHARE_CONSENT_PREVIEW/\(field)", value)
        }
        // One answer is left that nobody has looked at: no button, and no door behind it.
        let work = try office.work(draft)
        let check = await asha.get("\(draft)/check")
        #expect(check.text.contains("\(draft)/\(other)\"") && !check.text.contains("\(draft)/seal"))
        for door in ["seal", "approve"] {
            _ = await asha.post("\(draft)/\(door)", ["seen": try work.seen(), "code": "000000"])
        }
        #expect(try office.desk.outbox().isEmpty)
        _ = await asha.answer(draft, other, [("answer", "bn")])
        let ready = await asha.get("\(draft)/check")
        #expect(!ready.text.contains("class=\"errors\""), "\(Office.refusal(ready))")
        #expect(await asha.press("\(draft)/seal").status == 200)
        #expect(try office.desk.outbox().count == 1)
    }

    @Test
    func `a dossier out of a file waits for its case, is found there after, and goes with an offer that is discarded`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let both = drafts(await take(asha))
        try #require(both.count == 2)
        let (offer, dossier) = (both[0], both[1])
        let list = await asha.get(dossier)
        #expect(list.status == 200 && list.text.contains("/DOSSIER/names.1.written"))
        let name = await asha.get("\(dossier)/DOSSIER/names.1.written")
        #expect(name.text.contains("Moyna&lt;script&gt;") && !name.text.contains("<script>"))
        let check = await asha.get("\(dossier)/check")
        #expect(check.text.contains("href=\"\(offer)\"") && check.text.contains(say(.importOpensFirst)))
        #expect(!check.text.contains("\(dossier)/seal"))
        _ = await asha.post("\(dossier)/seal", ["seen": try office.work(dossier).seen()])
        #expect(try office.desk.outbox().isEmpty)
        // Open the case with that offer: the dossier stands on its page, and is gone on with.
        _ = await asha.get(offer)
        _ = await asha.post("\(offer)/to", ["to": PracticeWorld.ngo.text])
        for (field, value) in DraftTests.preview(office) {
            _ = await asha.answer(offer, "REFERRAL_OFFER/\(field)", value)
        }
        _ = await asha.get(offer)
        _ = await asha.post("\(offer)/add", ["event": "SHARE_CONSENT_PREVIEW"])
        for (field, value) in DraftTests.consent(office) {
            _ = await asha.answer(offer, "SHARE_CONSENT_PREVIEW/\(field)", value)
        }
        _ = await asha.get("\(offer)/check")
        #expect(await asha.press("\(offer)/seal").status == 200)
        let caseID = try #require(try office.desk.cases().first).caseID
        #expect(await asha.get("/cases/\(caseID.text)").text.contains(dossier))
        #expect(await asha.get(dossier).status == 200)
        let begun = await asha.post("/cases/\(caseID.text)/do", ["event": "DOSSIER"])
        #expect(begun.fields["location"] == dossier)
        #expect(await take(asha).text.contains(say(.importKnown)))
        // Another record, whose offer is discarded.
        let others = drafts(await take(asha, Self.record.replacing("Moyna", with: "Tuni")))
        _ = await asha.get(others[0])
        _ = await asha.post("\(others[0])/discard", [:])
        #expect(await asha.get(others[0]).status == 404)
        #expect(await asha.get(others[1]).status == 404)
        #expect(await asha.get(dossier).status == 200)
    }

    @Test(arguments: Words.languages)
    func `what is wrong with a file is told in the reader's language, without what stood there`(language: String)
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        try office.signIn.setLanguage(language, of: "asha")
        let words = Words.of(language)
        for (text, word) in [
            (#"{"prs_Birthdate": "Moyna's day"}"#, Word.importWrongType),
            (#"{"vic_TraffickingStatus": "Moyna"}"#, .importUnknownCode),
            ("Moyna,Khatun\n", .importNotReadable), ("{}", .importNoKnownField), ("", .importNotReadable),
            (String(repeating: "Moyna", count: 300_000), .importTooMuch),
        ] {
            let page = await take(asha, text)
            #expect(page.status == 422 && page.text.contains(HTML(words.say(word)).text), "\(word)")
            #expect(!page.text.contains("Moyna"), "\(word)")
        }
        #expect(try office.rows("draft") == 0)
        #expect(await take(asha, from: "nobody").status == 400)
    }

    @Test func `the page offers no import where no case is opened`() async throws {
        let rina = try await Office(PracticeWorld.ngo).person("rina", .caseworker)
        #expect(await !rina.get("/cases/new").text.contains("/cases/import"))
        #expect(await take(rina).text.contains(say(.importNotHere)))
    }
}
