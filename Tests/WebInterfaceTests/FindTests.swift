// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Dispatch
import Letters
import NIOPosix
import Node
import TestSupport
import Testing

@testable import WebInterface

/// Protocols/Web.md, "Search", at the page.
@Suite struct FindTests {
    @Test func `who finds a case by what names her has opened it, once a day, and who finds it otherwise has not`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha)
        _ = await asha.answer(draft, "SHARE_CONSENT_PREVIEW/assent_words", [("answer", "Invented Kamala")])
        _ = await asha.answer(
            draft, "SHARE_CONSENT_PREVIEW/data_classes", ["needs", "legal", "identity"].map { ("answer", $0) })
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        let caseID = try #require(try office.desk.cases().first).caseID
        let rina = try await office.person("rina", .supervisor)
        func find(_ words: String) async throws -> (page: WebResponse, readers: [String]) {
            _ = await rina.get("/cases")
            let page = await rina.post("/cases", ["reference": words])
            return (page, try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }.map(\.account))
        }
        let nobody = try await find("Rahima")
        #expect(nobody.page.status == 404 && nobody.readers.isEmpty)
        let byReference = try await find(CaseReference.text(caseID))
        #expect(byReference.page.status == 303 && byReference.readers.isEmpty)
        for words in ["kamala", "Kamala invented", "Kamolo"] {
            let found = try await find(words)
            #expect((found.page.status == 200) == (words != "Kamolo"))
            #expect(found.readers == ["rina"], "\(words)")
        }
        #expect(await asha.get("/cases/\(caseID.text)").text.contains("rina · "))
        office.advance(28_801)
        let back = try await office.person("rina-2", .supervisor)
        _ = await back.get("/cases")
        #expect(await back.post("/cases", ["reference": "Kamala"]).status == 200)
        #expect(try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }.count == 2)
    }

    @Test func `while words are read for a search, every other page is answered`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        _ = await asha.get("/cases")
        // The first search of a large node, as far as others can see: its thread is busy.
        let reading = DispatchSemaphore(value: 0)
        office.site.searches.submit { _ in reading.wait() }
        let form = (asha.cookies, asha.token)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let browser = Browser(office)
                    browser.cookies = form.0
                    return Int(await browser.post("/cases", ["reference": "words"], token: form.1).status)
                }
            }
            // More searches wait than there are threads for pages.
            try await Task.sleep(for: .milliseconds(200))
            for path in ["/", "/cases", "/outbox", "/safety"] { #expect(await asha.get(path).status == 200) }
            reading.signal()
            for try await status in group { #expect(status == 404) }
        }
    }
}
