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

/// What ends in a clear page and an untouched case; the list stands in Protocols/Web-ASVS.md, "Bad input".
@Suite struct BadInputTests {
    private static let hostile = [
        "\"><script>document.title='run'</script>", "'><img src=x onerror=alert(1)>",
        "</textarea><svg onload=alert(1)>",
        "javascript:alert(1)", "{{constructor}}${7*7}", "\"\u{09BE} onfocus=alert(1) autofocus=\"\u{0301}",
    ]

    @Test func `script in any field of any step stays text, at the question, in the list and at the last look`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let profile = try #require(office.desk.network.profileInForce)
        // One step for each form; a form's fields are the same whatever step asks for it.
        let steps = Dictionary(grouping: profile.definition.events.keys.sorted()) { profile.event($0)?.form ?? "" }
        var asked = 0
        for (form, events) in steps where !form.isEmpty {
            let event = events[0]
            let draft = "/drafts/\(try office.draft([event]).id.hex)"
            for question in try office.work(draft).form.questions where question.event == event {
                let text = Self.hostile[asked % Self.hostile.count]
                let path = "\(draft)/\(question.address)"
                _ = await asha.get(path)
                let version = asha.hidden("version") ?? "0"
                let names = ["answer", "answer", "day", "month", "year", "time", "entries", "special", "choose"]
                let saved = await asha.post(path, [("version", version)] + names.map { ($0, text) })
                #expect([303, 400, 422].contains(saved.status), "\(path): \(saved.status)")
                for page in [saved, await asha.get(path)] { expectText(page, "\(event)/\(question.path)") }
                asked += 1
            }
            for page in [await asha.get(draft), await asha.get("\(draft)/check")] { expectText(page, event) }
        }
        #expect(asked > 300)
        #expect(try office.desk.outbox().isEmpty && office.desk.cases().isEmpty)
    }

    private func expectText(_ page: WebResponse, _ place: String) {
        #expect(page.status != 500, "\(place)")
        for raw in ["<script>", "<img", "<svg", "</textarea><svg", "\" onfocus", "\"\u{09BE} onfocus"] {
            #expect(!page.text.contains(raw), "\(place)")
        }
    }

    @Test func `script in every other form of the page stays text too`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .supervisor)
        let caseID = try await office.opened(by: asha)
        let letters = try office.desk.outbox().count
        let places = [
            "/cases", "/stop", "/settings/notices", "/cases/\(caseID.text)/sheets", "/cases/\(caseID.text)/form",
        ]
        for place in places {
            for text in Self.hostile {
                _ = await asha.get("/cases")
                let names = ["reference", "mail", "sheet", "language", "form", "file", "letter", "from", "to", "when"]
                let page = await asha.post(place, names.map { ($0, text) })
                #expect([200, 303, 400, 404, 422].contains(page.status), "\(place): \(page.status)")
                expectText(page, place)
            }
        }
        #expect(try office.desk.outbox().count == letters)
    }

    @Test func `more marks in a row than any word has are refused, before they are put into order`() async throws {
        let visitor = Browser(try Office())
        _ = await visitor.get("/welcome")
        for (marks, status) in [(30, 403), (31, 400), (40_000, 400)] {
            let text = "a" + String(repeating: "\u{301}", count: marks)
            #expect(await visitor.post("/welcome", ["slip": text]).status == status, "\(marks)")
        }
    }

    @Test func `a stale link ends in a clear page, and going back after sealing changes nothing`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = try await office.opening(by: asha)
        let question = "\(draft)/REFERRAL_OFFER/urgency"
        _ = await asha.get(question)
        let (version, token) = (asha.hidden("version") ?? "0", asha.token)
        _ = await asha.get("\(draft)/check")
        #expect(await asha.press("\(draft)/seal").status == 200)
        let letters = try office.desk.outbox().count
        // Back to a question of what has gone, and *Continue* there.
        let done = HTML(Words.of("en").say(.sealedHow)).text
        #expect(await asha.get(question).text.contains(done))
        let late = await asha.post(question, [("version", version), ("answer", "immediate")], token: token)
        #expect(late.status == 200 && late.text.contains(done))
        _ = await asha.get("/cases")
        for press in ["seal", "approve", "to", "add", "discard"] {
            let page = await asha.post("\(draft)/\(press)", ["seen": "", "to": "bd:ngo-03", "event": "FIT"])
            #expect([200, 303, 400, 403, 404, 409].contains(page.status), "\(press): \(page.status)")
        }
        #expect(try office.desk.outbox().count == letters)
        // A draft that was thrown away, a case and a draft that never were.
        let other = try await office.opening(by: asha)
        _ = await asha.get(other)
        #expect(await asha.post("\(other)/discard", [:]).status == 303)
        let none = String(repeating: "0", count: 64)
        for path in [
            other, "\(other)/check", "/drafts/\(none)", "/cases/\(none.prefix(32))", "/cases/K-0000-0000/stop",
        ] {
            let page = await asha.get(path)
            #expect(page.status == 404 && page.text.contains(HTML(Words.of("en").say(.faultNotFound)).text), "\(path)")
            #expect(page.text.contains("href=\"/\""), "a way on")
        }
        _ = await asha.get("/cases")
        #expect(await asha.post("\(other)/seal", ["seen": ""]).status == 404)
    }
}
