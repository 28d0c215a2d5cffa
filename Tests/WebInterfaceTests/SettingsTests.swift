// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Node
import TestSupport
import Testing

@testable import WebInterface

@Suite struct SettingsTests {
    @Test func `a person chooses how she is told, and what is no address changes nothing`() async throws {
        var notices = NoticeSettings()
        notices.sendmail = "/bin/true"
        let office = try Office(notices: notices)
        let asha = try await office.person("asha", .caseworker)
        let page = await asha.get("/settings")
        #expect(page.text.contains("10:00, 16:00"))
        let choice = ["mail": "asha@office.example", "when": "at-once", "quiet-from": "21", "quiet-to": "7"]
        #expect(await asha.post("/settings/notices", choice).status == 200)
        let account = try #require(try office.signIn.accounts().first)
        let kept = NoticeChoice(mail: "asha@office.example", atOnce: true, quietFrom: 21, quietTo: 7)
        #expect(try office.desk.notice(of: account).choice == kept)
        for (field, value) in [("mail", "asha"), ("quiet-to", "21"), ("quiet-to", "none")] {
            let answer = await asha.post("/settings/notices", choice.merging([field: value]) { $1 })
            #expect(answer.status == 422 && answer.text.contains("class=\"errors\""), "\(field)")
            #expect(try office.desk.notice(of: account).choice == kept)
        }
        #expect(await asha.get("/settings").text.contains("value=\"asha@office.example\""))
        #expect(try !office.onDisk(Array("asha@office.example".utf8)), "the address lies open on the disk")
    }

    @Test func `what is new is said on every page until she has looked at Today`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let mark = "class=\"news\""
        #expect(await !asha.get("/safety").text.contains(mark))
        office.advance(60)
        try office.desk.store.write { try $0.raise(Alarm(at: office.now, kind: .clock)) }
        #expect(await asha.get("/safety").text.contains(mark))
        #expect(await asha.get("/cases").text.contains(mark))
        #expect(await !asha.get("/").text.contains(mark))
        #expect(await !asha.get("/safety").text.contains(mark))
        // Somebody else has not looked yet.
        office.advance(-60)
        let meera = try await office.person("meera", .administrator)
        office.advance(60)
        #expect(await meera.get("/safety").text.contains(mark))
    }
}
