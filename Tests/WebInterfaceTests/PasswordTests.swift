// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Procedure
import TestSupport
import Testing

@testable import WebInterface

@Suite struct PasswordTests {
    private static let fresh = "seven wet jute bundles"

    private func code(_ browser: Browser, _ office: Office) -> String {
        TOTP.code(secret: browser.secret, step: TOTP.step(at: office.now.seconds))
    }

    @Test func `a password is changed with the present one and a code, and every other session ends`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        office.advance(30)
        let phone = Browser(office)
        phone.secret = asha.secret
        _ = await phone.get("/sign-in")
        let begun = await phone.post(
            "/sign-in", ["name": "asha", "password": Office.password, "code": code(asha, office)])
        #expect(begun.status == 303)
        office.advance(30)
        let right = [
            "password": Office.password, "new": Self.fresh, "again": Self.fresh, "code": code(asha, office),
        ]
        for (field, value) in [
            ("password", "four dry mango trees"), ("new", "short"), ("again", Office.password), ("code", "000000"),
        ] {
            _ = await asha.get("/settings")
            let answer = await asha.post("/settings/password", right.merging([field: value]) { $1 })
            #expect(answer.status == 422 && answer.text.contains("class=\"errors\""), "\(field)")
        }
        #expect(await phone.get("/settings").status == 200)
        let old = asha.cookies[Cookie.session]
        _ = await asha.get("/settings")
        #expect(await asha.post("/settings/password", right).status == 303)
        #expect(asha.cookies[Cookie.session] != old)
        #expect(await asha.get("/settings/changed").status == 200)
        #expect(await phone.get("/settings").status == 401)
        office.advance(30)
        for (password, status) in [(Office.password, 403), (Self.fresh, 303)] {
            let again = Browser(office)
            _ = await again.get("/sign-in")
            let answer = await again.post(
                "/sign-in", ["name": "asha", "password": password, "code": code(asha, office)])
            #expect(answer.status == status)
        }
    }
}
