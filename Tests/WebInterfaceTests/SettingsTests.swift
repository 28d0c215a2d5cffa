// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Node
import Procedure
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

    @Test func `a person sees the programs that act for her, ends one at once, and all with another password`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        _ = try await office.person("mala", .caseworker)
        func token(_ name: String) throws -> (secret: String, token: APIToken) {
            try office.signIn.issueToken(for: name, scope: .read, days: 1, at: office.now)
        }
        let (first, second, other) = (try token("asha"), try token("asha"), try token("mala"))
        let page = await asha.get("/settings")
        #expect(page.text.contains(first.token.id) && page.text.contains(second.token.id))
        #expect(!page.text.contains(other.token.id) && !page.text.contains(String(first.secret.suffix(64))))
        func serves(_ secret: String) async -> Bool {
            await office.program(.get, "/api/v1/cases", secret).status == 200
        }
        for id in [first.token.id, other.token.id, "00000000"] {
            #expect(await asha.post("/settings/tokens", ["id": id]).status == 303)
        }
        #expect(await !serves(first.secret))
        #expect(await serves(second.secret))
        #expect(await serves(other.secret), "another's")
        func change(_ old: String, _ new: String, _ more: [String: String]) async -> Int {
            office.advance(30)
            _ = await asha.get("/settings")
            let code = TOTP.code(secret: asha.secret, step: TOTP.step(at: office.now.seconds))
            return await asha.post(
                "/settings/password",
                ["password": old, "new": new, "again": new, "code": code].merging(more) { $1 }
            ).status
        }
        let third = "five dry mango leaves"
        #expect(await change(Office.password, third, ["keep-tokens": "yes"]) == 303)
        #expect(await serves(second.secret))
        #expect(await change(third, Office.password, [:]) == 303)
        #expect(await !serves(second.secret))
        #expect(await serves(other.secret))
    }
}
