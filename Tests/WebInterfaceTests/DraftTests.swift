// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Membership
import Node
import Procedure
import TestSupport
import Testing

@testable import WebInterface

@Suite struct DraftTests {
    /// A caseworker with a draft that opens a case, at its list of questions.
    private func begun(_ office: Office, _ name: String = "asha") async throws -> (Browser, String) {
        let asha = try await office.person(name, .caseworker)
        _ = await asha.get("/cases/new")
        let answer = await asha.post("/cases/new", ["event": "REFERRAL_OFFER"])
        let draft = try #require(answer.fields["location"])
        #expect(answer.status == 303 && draft.hasPrefix("/drafts/"))
        #expect(await asha.get(draft).status == 200)
        return (asha, draft)
    }

    private func stored(_ office: Office, _ draft: String) throws -> DraftRecord {
        let id = try #require(Digest(hex: draft.dropFirst(8).prefix(64)))
        return try #require(try office.desk.store.read { try $0.draft(id) })
    }

    private func answer(_ browser: Browser, _ draft: String, _ field: String, _ values: [(String, String)]) async
        -> WebResponse
    {
        _ = await browser.get("\(draft)/\(field)")
        return await browser.post(
            "\(draft)/\(field)", [("version", browser.hidden("version") ?? "0")] + values)
    }

    @Test(arguments: [("bn", "১২"), ("hi", "१२"), ("en", "12")])
    func `numbers and dates are taken in the digits of any script`(language: String, twelve: String) async throws {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        _ = await asha.post("/language", ["language": language])
        #expect(await answer(asha, draft, "REFERRAL_OFFER/children_with_her", [("answer", twelve)]).status == 303)
        #expect(
            await answer(
                asha, draft, "REFERRAL_OFFER/offer_expires", [("year", "2026"), ("month", twelve), ("day", twelve)]
            ).status
                == 303)
        let work = try DraftWork(office.call(draft), stored(office, draft))
        let form = try #require(work.form.form(of: "REFERRAL_OFFER"))
        #expect(form.fields["children_with_her"] == .integer(12))
        #expect(form.fields["offer_expires"] == .text("2026-12-12"))
    }

    @Test(arguments: Words.languages)
    func `an answer of the wrong kind is kept, and the page says what would be right in the reader's language`(
        language: String
    ) async throws {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        _ = await asha.post("/language", ["language": language])
        let page = await answer(asha, draft, "REFERRAL_OFFER/children_with_her", [("answer", "a few")])
        #expect(page.status == 422)
        #expect(page.text.contains("value=\"a few\"") && page.text.contains("aria-invalid=\"true\""))
        let violation = FormViolation(field: "children_with_her", rule: .wrongType)
        let work = try DraftWork(office.call(draft, language: language), stored(office, draft))
        let schema = try #require(work.schema(of: "REFERRAL_OFFER"))
        #expect(page.text.contains(HTML(work.words.labels.sentence(for: violation, in: schema)).text))
        #expect(try stored(office, draft).content.answers["REFERRAL_OFFER/children_with_her"]?.values == ["a few"])
    }

    @Test func `nothing typed is lost when the session has died, and nothing else can be done without one`()
        async throws
    {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        let place = "\(draft)/REFERRAL_OFFER/children_with_her"
        _ = await asha.get(place)
        let late = asha.hidden("draft-token") ?? ""
        office.advance(901)
        let answer = await asha.post(place, ["answer": "3", "draft-token": late])
        #expect(answer.status == 401 && answer.text.contains(HTML(Words.of("en").say(.savedLate)).text))
        #expect(asha.hidden("next") == place, "it leads back to the same question")
        #expect(try stored(office, draft).content.answers["REFERRAL_OFFER/children_with_her"]?.values == ["3"])
        // The token adds; it reads nothing, seals nothing, serves no other draft, and ends.
        #expect(await asha.post("\(draft)/seal", ["draft-token": late]).status == 401)
        #expect(await asha.get(draft).status == 401)
        let (_, other) = try await begun(office, "rina")
        #expect(
            await asha.post("\(other)/REFERRAL_OFFER/children_with_her", ["answer": "9", "draft-token": late]).status
                == 401)
        #expect(try stored(office, other).content.answers.isEmpty)
        office.advance(86_400)
        _ = await asha.post(place, ["answer": "7", "draft-token": late])
        #expect(try stored(office, draft).content.answers["REFERRAL_OFFER/children_with_her"]?.values == ["3"])
    }

    @Test func `a form whose session died saves for its own person, from her own browser, while she works here`()
        async throws
    {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        let mallory = try await office.person("mallory", .caseworker)
        let key = "REFERRAL_OFFER/children_with_her"
        let place = "\(draft)/\(key)"
        func kept() throws -> ActDraft.Answer? { try stored(office, draft).content.answers[key] }
        _ = await mallory.get(place)
        let late = mallory.hidden("draft-token") ?? ""
        func post(_ browser: Browser, _ place: String, _ values: [String: String]) async -> WebResponse {
            await browser.post(place, values.merging(["draft-token": late]) { $1 }, token: "")
        }
        // Somebody else's browser, no browser at all, another question, a choice: nothing.
        let stranger = Browser(office)
        for browser in [stranger, asha] { _ = await post(browser, place, ["answer": "9"]) }
        office.advance(901)
        for browser in [stranger, asha] { _ = await post(browser, place, ["answer": "9"]) }
        _ = await post(mallory, "\(draft)/REFERRAL_OFFER/languages", ["answer": "bn"])
        #expect(try stored(office, draft).content.answers.isEmpty)
        // Her own answer is hers.
        _ = await post(mallory, place, ["answer": "4", "version": "0"])
        #expect(try kept()?.values == ["4"] && kept()?.by == "mallory")
        // Over a newer answer it never writes, not even over one of her own.
        _ = await post(mallory, place, ["answer": "5", "version": "0"])
        #expect(try kept()?.values == ["4"] && kept()?.other == ["5"] && kept()?.otherBy == "mallory")
        _ = await post(mallory, place, ["choose": "other"])
        #expect(try kept()?.values == ["4"] && kept()?.other == ["5"])
        // Whoever may not work on cases any more saves nothing.
        try office.desk.store.write { transaction in
            guard var account = try transaction.account("mallory") else { return }
            account.role = .readOnly
            try transaction.put(account)
        }
        _ = await post(mallory, place, ["answer": "6", "version": "1"])
        try office.signIn.suspend("mallory", at: office.now)
        _ = await post(mallory, place, ["answer": "7", "version": "1"])
        #expect(try kept()?.values == ["4"] && kept()?.other == ["5"])
    }

    @Test func `no signature is saved without a session`() async throws {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        _ = await asha.post("\(draft)/add", ["event": "SHARE_CONSENT_PREVIEW"])
        let place = "\(draft)/SHARE_CONSENT_PREVIEW/taken_by"
        _ = await asha.get(place)
        let late = asha.hidden("draft-token") ?? ""
        office.advance(901)
        _ = await asha.post(place, ["answer": "mine", "draft-token": late])
        #expect(try stored(office, draft).content.answers.isEmpty)
    }

    @Test func `two who answer at once see both, and one of the two is chosen`() async throws {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        let rina = try await office.person("rina", .supervisor)
        let place = "\(draft)/REFERRAL_OFFER/children_with_her"
        for browser in [asha, rina] { _ = await browser.get(place) }
        #expect(await asha.post(place, ["answer": "2", "version": "0"]).status == 303)
        let both = await rina.post(place, ["answer": "3", "version": "0"])
        #expect(both.text.contains("asha: 2") && both.text.contains("rina: 3"))
        #expect(try stored(office, draft).content.answers["REFERRAL_OFFER/children_with_her"]?.values == ["2"])
        #expect(await rina.post(place, ["choose": "other"]).status == 303)
        let answer = try #require(try stored(office, draft).content.answers["REFERRAL_OFFER/children_with_her"])
        #expect(answer.values == ["3"] && answer.by == "rina" && answer.other == nil)
        // One's own second thought is no conflict.
        _ = await rina.get(place)
        #expect(await rina.post(place, ["answer": "4", "version": "1"]).status == 303)
    }

    @Test func `a case is opened step by step, and a second press seals no second letter`() async throws {
        let office = try Office()
        let (asha, draft) = try await begun(office)
        _ = await asha.post("\(draft)/to", ["to": PracticeWorld.ngo.text])
        // What the guard asks is offered, and goes in the same letter.
        for (field, value) in Self.preview(office) {
            #expect(await answer(asha, draft, "REFERRAL_OFFER/\(field)", value).status == 303, "\(field)")
        }
        let refused = await asha.get("\(draft)/check")
        #expect(refused.status == 422 && refused.text.contains("value=\"SHARE_CONSENT_PREVIEW\""))
        _ = await asha.post("\(draft)/add", ["event": "SHARE_CONSENT_PREVIEW"])
        for (field, value) in Self.consent(office) {
            let saved = await answer(asha, draft, "SHARE_CONSENT_PREVIEW/\(field)", value)
            #expect(saved.status == 303, "\(field)")
        }
        let check = await asha.get("\(draft)/check")
        #expect(check.status == 200, "\(findings(check))")
        let sealed = await asha.press("\(draft)/seal")
        #expect(sealed.status == 200)
        #expect(try office.desk.outbox().count == 1)
        #expect(try office.desk.cases().map(\.lifecycle) == [["offered"]])
        let again = await asha.press("\(draft)/seal")
        #expect(again.status == 200 && again.text.contains(HTML(Words.of("en").say(.sealedHow)).text))
        #expect(try office.desk.outbox().count == 1)
        // The case shows it, and she stops it with two presses.
        let caseID = try #require(try office.desk.cases().first).caseID
        let place = "/cases/\(CaseReference.text(caseID))"
        for page in ["", "/board", "/timeline"] {
            let shown = await asha.get(place + page)
            #expect(shown.status == 200 && shown.text.contains("A reconstruction from public sources"))
        }
        let reader = try await office.person("night", .readOnly)
        #expect(await reader.get(place + "/stop").status == 200)
        #expect(
            await reader.post(place + "/stop", ["what": "everything"]).text.contains(
                HTML(Words.of("en").say(.stopDone)).text))
        let letters = try office.desk.outbox().map(\.letter.lane)
        #expect(letters.filter { $0 == .urgent }.count == 1)
    }

    @Test func `a stop that cannot go is told, and what can go is stopped, however often it is pressed`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let place = "/cases/\(try await office.opened(by: asha).text)/stop"
        _ = await asha.get(place)
        // Nobody can be written to: the receiver has left the directory.
        var world = office.world
        try world.publish(PracticeWorld.bdAuthority, at: office.now) { authority, directory in
            try authority.remove(PracticeWorld.ngo, from: &directory, at: office.now)
        }
        for document in world.documents { _ = try office.desk.network.accept(document, now: office.now) }
        let failed = await asha.post(place, ["what": "everything"])
        #expect(failed.status == 503 && failed.text.contains(HTML(Words.of("en").say(.stopNotDoneHow)).text))
        #expect(try office.desk.outbox().count == 1)
        #expect(failed.text.contains("href=\"\(place)\""), "it can be tried again")
    }

    @Test func `whoever presses stop at once with others learns that it is stopped`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let place = "/cases/\(try await office.opened(by: asha).text)/stop"
        try await withThrowingTaskGroup(of: Int.self) { group in
            for name in ["rina", "night", "mita"] {
                group.addTask {
                    let browser = try await office.person(name, .readOnly)
                    _ = await browser.get(place)
                    return await browser.post(place, ["what": "everything"]).status
                }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(try office.desk.outbox().contains { $0.letter.lane == .urgent })
    }

    @Test func `who reads what a colleague has typed is noted, and the case shows it`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let draft = try await office.opening(by: asha)
        let caseID = try stored(office, draft).caseID
        func noted() throws -> [String] {
            try office.desk.store.read { try $0.openings(of: caseID, limit: 100) }.map(\.account)
        }
        #expect(try noted().isEmpty, "her own draft is no reading")
        for page in ["", "/check", "/REFERRAL_OFFER/urgency"] { #expect(await rina.get(draft + page).status == 200) }
        #expect(try noted() == ["rina"], "once, not for each page")
        let reader = try await office.person("night", .readOnly)
        #expect(await reader.get(draft).status == 403)
        _ = await asha.get("\(draft)/check")
        _ = await asha.press("\(draft)/seal")
        let page = await asha.get("/cases/\(caseID.text)")
        #expect(page.text.contains(HTML(Words.of("en").say(.whoRead)).text) && page.text.contains("rina"))
        #expect(try noted() == ["rina"])
    }

    @Test func `a case stays reachable, its stop too, whatever pseudonym another one takes`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha)
        let act = try DraftWork(office.call(draft), stored(office, draft)).act()
        let alike = try ["0a4f5c1d", "0a4f5c1d"].enumerated().map { number, head in
            try #require(CaseID(head + String(repeating: String(number), count: 24)))
        }
        for caseID in alike { _ = try office.desk.openCase(act, caseID: caseID, at: office.now) }
        let list = await asha.get("/cases")
        for caseID in alike {
            let place = "/cases/\(caseID.text)"
            #expect(list.text.contains("href=\"\(place)\""))
            for page in ["", "/board", "/timeline", "/stop"] { #expect(await asha.get(place + page).status == 200) }
            #expect(await asha.get(place).text.contains("href=\"\(place)/stop\""))
        }
        // A reference that both share leads to both, never to one of them.
        _ = await asha.get("/cases")
        let both = await asha.post("/cases", ["reference": "K-0A4F-5C1D"])
        #expect(both.status == 200 && alike.allSatisfy { both.text.contains($0.text) })
        #expect(await asha.get("/cases/K-0A4F-5C1D").status == 404)
        let one = await asha.post("/cases", ["reference": alike[0].text])
        #expect(one.fields["location"] == "/cases/\(alike[0].text)")
    }

    @Test func `what is sealed is what was checked, whoever changes the draft meanwhile`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let draft = try await office.opening(by: asha)
        #expect(await asha.get("\(draft)/check").status == 200)
        // Another answer, another receiver, another step: each is shown before it goes.
        _ = await rina.answer(draft, "REFERRAL_OFFER/urgency", [("answer", "urgent")])
        let changed = await asha.press("\(draft)/seal")
        #expect(changed.status == 409 && changed.text.contains(HTML(Words.of("en").say(.changedMeanwhile)).text))
        _ = await rina.get(draft)
        _ = await rina.post("\(draft)/to", ["to": PracticeWorld.investigator.text])
        #expect(await asha.press("\(draft)/seal").status == 409)
        #expect(await asha.post("\(draft)/seal", [:]).status == 409, "a page that says nothing of what it showed")
        _ = await rina.get(draft)
        _ = await rina.post("\(draft)/to", ["to": PracticeWorld.ngo.text])
        #expect(try office.desk.outbox().isEmpty)
        #expect(try !stored(office, draft).content.answers.isEmpty, "nothing typed was lost")
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        #expect(try office.desk.outbox().count == 1)
    }

    private func findings(_ page: WebResponse) -> String {
        page.text.matches(of: /<li><a href="[^"]*">([^<]*)<\/a>/).map { String($0.1) }.joined(separator: "; ")
    }

    private static func day(_ office: Office, _ later: Int64) -> [(String, String)] {
        let pieces = CivilDate(days: CivilDate(at: office.now, offset: 0).days + later).description.split(
            separator: "-")
        return zip(["year", "month", "day"], pieces).map { ($0, String($1)) }
    }

    static func preview(_ office: Office) -> [(String, [(String, String)])] {
        one([
            ("victim_status", "actual"), ("status_decided_by", "police"), ("held_as", "protected"),
            ("age_band", "18-24"),
            ("gender", "woman"), ("languages", "bn"), ("child_branch", "child"), ("proceedings", "none"),
            ("urgency", "normal"), ("needs", "none"),
        ]) + [("offer_expires", day(office, 30))]
    }

    static func consent(_ office: Office) -> [(String, [(String, String)])] {
        one([
            ("code", "C1"), ("consent_ref", "new"), ("recipient", PracticeWorld.ngo.text),
            ("given_by", "cwc_with_assent"),
            ("assent", "given"), ("purpose", "preview"), ("understands_checked", "said_back"), ("language", "bn"),
            ("read_to_her", "yes"), ("interpreter", "not_needed"), ("witness_role", "counsellor"),
            ("medium", "thumbprint"),
            ("withdraw_how", "both"), ("copy_given", "yes"), ("complaint_contact_given", "yes"), ("taken_by", "mine"),
        ]) + [
            ("valid_from", day(office, 0)), ("valid_until", day(office, 90)),
            ("data_classes", [("answer", "needs"), ("answer", "legal")]),
        ]
    }

    private static func one(_ answers: [(String, String)]) -> [(String, [(String, String)])] {
        answers.map { ($0, [("answer", $1)]) }
    }
}

extension Office {
    /// A call as the pages get it, without a browser.
    func call(_ draft: String, language: String = "en") -> Call {
        var call = Call(site: site, request: WebRequest(.get, draft), now: now)
        call.account = Account(
            name: "asha", role: .caseworker, state: .active, language: language, slipUntil: now, created: now)
        return call
    }
}
