// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure
import Sealing
import TestSupport
import Testing

@testable import WebInterface

/// Protocols/Web.md, "Sheets" and "Asking her".
@Suite struct SheetTests {
    /// What stands in the consent of the case below in a field that says who she is.
    private static let herWords = "Invented Kamala of Shantipur"

    /// A case with a consent that holds words of hers.
    private func opened(_ office: Office, _ asha: Browser) async throws -> CaseID {
        let draft = try await office.opening(by: asha)
        let words = "SHARE_CONSENT_PREVIEW/assent_words"
        #expect(await asha.answer(draft, words, [("answer", Self.herWords)]).status == 303)
        _ = await asha.answer(
            draft, "SHARE_CONSENT_PREVIEW/data_classes",
            ["needs", "legal", "identity"].map { ("answer", $0) })
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        return try #require(try office.desk.cases().first).caseID
    }

    private func openings(_ office: Office, _ caseID: CaseID) throws -> Int {
        try office.desk.store.read { try $0.openings(of: caseID, limit: 99) }.count
    }

    @Test(arguments: Words.languages)
    func `each sheet is in the language that is asked for, carries the reference, and names nobody`(
        language: String
    ) async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await opened(office, asha)
        let place = "/cases/\(caseID.text)/sheets"
        let list = await asha.get(place).text
        let sheets = list.matches(of: /name="sheet" value="([^"]+)"/).map { String($0.1) }
        #expect(Set(sheets.map { $0.prefix { $0 != ":" } }) == ["card", "hers", "consent", "blank", "form"])
        for sheet in sheets {
            _ = await asha.get(place)
            let page = await asha.post(place, ["sheet": sheet, "language": language])
            #expect(page.status == 200, "\(sheet)")
            let start = try #require(
                page.text.firstRange(of: "<article class=\"sheet\" lang=\"\(language)\">"), "\(sheet)")
            let paper = page.text[start.upperBound...]
            #expect(paper.contains(CaseReference.text(caseID)), "\(sheet)")
            #expect(paper.contains(HTML(Words.of(language).say(.reconstruction)).text), "\(sheet)")
            #expect(!page.text.contains("Kamala"), "\(sheet)")
        }
        // A telephone reads from its foot what the sheet can be compared by, and nothing else.
        let origin = "in-broker.example/log"
        try office.desk.store.write {
            try $0.keep(SeenCheckpoint(origin: origin, size: 812, root: .sha256([1])), note: [])
        }
        let letters = try office.desk.history(of: caseID)
        for sheet in sheets where sheet == "card" || sheet.hasPrefix("form:") {
            _ = await asha.get(place)
            let page = await asha.post(place, ["sheet": sheet, "language": language])
            let letter = letters.first { entry in entry.forms.keys.contains { "form:\($0.hex)" == sheet } }?.letter.id
            let lines =
                ["kheya-sheet/1", CaseReference.text(caseID)] + (letter.map { ["letter \($0.hex)"] } ?? [])
                + ["checkpoint \(origin) 812 \(Digest.sha256([1]).hex)"]
            #expect(try Scanner.reads(page.text) == lines.joined(separator: "\n"), "\(sheet)")
            #expect(try #require(Gzip.compress(page.body)).count < 20_000, "\(sheet)")
        }
        // Of a consent, what is read to her stands there as the profile says it.
        let profile = try #require(office.desk.network.profileInForce)
        _ = await asha.get(place)
        let consent = await asha.post(place, ["sheet": "consent:C2", "language": language]).text
        let words = try office.desk.network.words(of: profile.digest, for: PracticeWorld.shelter, in: language)
        #expect(consent.contains(HTML(try #require(words.labels.label("say", "C2"))).text))
    }

    @Test func `a form is printed without what names her unless asked, and each time it is noted first`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await opened(office, asha)
        let place = "/cases/\(caseID.text)/sheets"
        let forms = await asha.get(place).text.matches(of: /value="(form:[0-9a-f]{64})"/).map { String($0.1) }
        #expect(forms.count == 2)
        #expect(try openings(office, caseID) == 0)
        var named = 0
        for (turn, form) in forms.enumerated() {
            _ = await asha.get(place)
            let bare = await asha.post(place, ["sheet": form, "language": "en"])
            #expect(!bare.text.contains("Kamala"))
            _ = await asha.get(place)
            let whole = await asha.post(place, ["sheet": form, "language": "en", "names": "1"])
            if whole.text.contains(Self.herWords) {
                named += 1
                #expect(bare.text.contains(HTML(Words.of("en").say(.sheetLeftOut)).text))
            }
            #expect(try openings(office, caseID) == 2 * (turn + 1))
        }
        #expect(named == 1, "the control: her words are in one of the two")
        // The others show no form, and are no reading of one.
        for sheet in ["card", "hers", "consent:C1"] {
            _ = await asha.get(place)
            #expect(await asha.post(place, ["sheet": sheet, "language": "hi"]).status == 200)
        }
        #expect(try openings(office, caseID) == 4)
    }

    @Test(arguments: [
        ["sheet": "card"], ["sheet": "card", "language": "fr"], ["sheet": "", "language": "en"],
        ["sheet": "consent:C99", "language": "en"], ["sheet": "blank:NO_SUCH", "language": "en"],
        ["sheet": "form:00", "language": "en"],
        ["sheet": "form:\(String(repeating: "0", count: 64))", "language": "en"],
    ])
    func `a sheet that does not exist is no page, and nothing is noted`(asked: [String: String]) async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await office.opened(by: asha)
        _ = await asha.get("/cases/\(caseID.text)/sheets")
        let answer = await asha.post("/cases/\(caseID.text)/sheets", asked)
        #expect(answer.status == 400 || answer.status == 404)
        #expect(try openings(office, caseID) == 0)
    }

    @Test func `each decision of a profile has words that are read to her, in all its languages`() throws {
        let office = try Office()
        let profile = try #require(office.desk.network.profileInForce)
        #expect(profile.definition.consents.count == 8)
        for language in Words.languages {
            let labels = try #require(try office.desk.network.labels(of: profile.digest, in: language))
            for consent in profile.definition.consents.keys {
                #expect(labels.label("say", consent) != nil, "\(consent), \(language)")
            }
        }
    }

    @Test func `what is read to her stands at the step that asks her, her language first, and at no other step`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha)
        let profile = try #require(office.desk.network.profileInForce)
        func say(_ consent: String, _ language: String) throws -> String {
            let labels = try office.desk.network.labels(of: profile.digest, in: language)
            return HTML(try #require(labels?.label("say", consent))).text
        }
        let page = await asha.get(draft).text
        // The form says which of the two consents of this track it is, and that she speaks Bangla.
        let bangla = try #require(page.firstRange(of: try say("C1", "bn")))
        let english = try #require(page.firstRange(of: try say("C1", "en")))
        #expect(bangla.lowerBound < english.lowerBound)
        #expect(!page.contains(try say("C2", "en")))
        #expect(await asha.get("\(draft)/SHARE_CONSENT_PREVIEW/interpreter").text.contains(try say("C1", "hi")))
        let other = "/drafts/\(try office.draft(["REFERRAL_OFFER"]).id.hex)"
        #expect(!(await asha.get(other).text.contains("class=\"aloud\"")))
    }

    @Test func `what was given by word or thumb needs a witness`() throws {
        let office = try Office()
        let profile = try #require(office.desk.network.profileInForce)
        let forms = try #require(office.desk.network.forms(of: profile.digest))
        for (medium, witness, isRight) in [
            ("written", "none", true), ("oral_witnessed", "none", false), ("thumbprint", "none", false),
            ("oral_witnessed", "counsellor", true),
        ] {
            let fields: [String: Form.Value] = ["medium": .text(medium), "witness_role": .text(witness)]
            let form = Form(event: "SHARE_CONSENT_FULL", name: "consent", fields: fields)
            let broken = forms.validate(form, isChild: false).contains { $0.field == "witness_role" }
            #expect(broken != isRight, "\(medium), \(witness)")
        }
    }

    // MARK: The stop

    @Test(arguments: [Account.Role.caseworker, .supervisor, .readOnly])
    func
        `from every page she is stopped with two presses where it is about her, and a stop is one press away from all others`(
            role: Account.Role
        ) async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await office.opened(by: asha)
        _ = await asha.get("/cases/\(caseID.text)")
        let draft = try #require(
            await asha.post("/cases/\(caseID.text)/do", ["event": "SHARE_CONSENT_FULL"]).fields["location"])
        let names = draft.split(separator: "/").map(String.init)
        let browser = try await office.person("somebody", role)
        var own = 0
        for route in Routes.all where route.method == .get && route.access.admits(role) && route.access != .open {
            let path = route.pattern.replacing(":case", with: caseID.text).replacing(":draft", with: names[1])
                .replacing(":event/:field", with: names.dropFirst(2).joined(separator: "/"))
            let page = await browser.get(path)
            guard page.status == 200 || page.status == 422 else { continue }
            let isHers = path.contains(caseID.text) || path.contains(names[1])
            let way = isHers ? "/cases/\(caseID.text)/stop" : "/stop"
            #expect(page.text.contains("class=\"button stop\" href=\"\(way)\""), "\(path)")
            own += isHers ? 1 : 0
        }
        #expect(own >= 5)
        // In lists each row has it too.
        #expect(await browser.get("/cases").text.contains("href=\"/cases/\(caseID.text)/stop\""))
        _ = await browser.get("/stop")
        #expect(await browser.post("/stop", ["reference": "K-0000-0001"]).status == 404)
        let found = await browser.post("/stop", ["reference": CaseReference.text(caseID).lowercased()])
        #expect(found.status == 303 && found.fields["location"] == "/cases/\(caseID.text)/stop")
        _ = await browser.get("/cases/\(caseID.text)/stop")
        #expect(await browser.post("/cases/\(caseID.text)/stop", ["what": "everything"]).status == 200)
        #expect(try office.desk.outbox().filter { $0.letter.lane == .urgent }.count == 1)
    }
}
