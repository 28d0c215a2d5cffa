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

@Suite struct SignInTests {
    private func code(_ browser: Browser) -> String {
        TOTP.code(secret: browser.secret, step: TOTP.step(at: browser.office.now.seconds))
    }

    private func signIn(_ browser: Browser, _ name: String, password: String = Office.password, code: String) async
        -> WebResponse
    {
        _ = await browser.get("/sign-in")
        return await browser.post("/sign-in", ["name": name, "password": password, "code": code, "next": "/safety"])
    }

    @Test func `a slip becomes an account once, within three days`() async throws {
        let office = try Office()
        let slip = try office.signIn.invite("asha", role: .caseworker, at: office.now)
        #expect(slip.utf8.count == 23)
        let (_, secret) = try office.signIn.open(slip: slip, at: office.now)
        func accept() throws {
            _ = try office.signIn.accept(
                slip: slip, password: Office.password, again: Office.password,
                code: TOTP.code(secret: secret, step: TOTP.step(at: office.now.seconds)), language: "bn", at: office.now
            )
        }
        office.advance(259_200)
        #expect(throws: SignIn.Fault.badSlip) { try accept() }
        office.advance(-1)
        try accept()
        #expect(throws: SignIn.Fault.badSlip) { try accept() }
        #expect(try office.signIn.accounts().map(\.state) == [.active])
        #expect(try office.signIn.accounts().map(\.language) == ["bn"])
    }

    @Test func `an account that is invited, suspended or unknown is refused in the same words`() async throws {
        let office = try Office()
        _ = try office.signIn.invite("rina", role: .caseworker, at: office.now)
        let person = try await office.person("asha", .caseworker)
        office.advance(60)
        try office.signIn.suspend("asha", at: office.now)
        var pages: Set<String> = []
        for name in ["asha", "rina", "nobody"] {
            let browser = Browser(office)
            browser.secret = person.secret
            let answer = await signIn(browser, name, code: code(browser))
            #expect(answer.status == 403)
            // What differs is the token of the page and the name that was typed.
            pages.insert(answer.text.replacing(/value="[^"]*"/, with: ""))
        }
        #expect(pages.count == 1)
    }

    @Test func `password and code both have to be right, and a code serves once, in any script's digits`() async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        office.advance(60)
        let browser = Browser(office)
        browser.secret = asha.secret
        #expect(await signIn(browser, "asha", password: "four dry mango leafs", code: code(asha)).status == 403)
        #expect(await signIn(browser, "asha", code: "000000").status == 403)
        let bangla = String(
            String.UnicodeScalarView(code(asha).unicodeScalars.compactMap { Unicode.Scalar($0.value - 0x30 + 0x9E6) }))
        let good = await signIn(browser, "asha", code: bangla)
        #expect(good.status == 303)
        #expect(good.fields["location"] == "/safety")
        #expect(await browser.get("/safety").status == 200)
        let second = Browser(office)
        second.secret = asha.secret
        #expect(await signIn(second, "asha", code: code(second)).status == 403)
    }

    @Test func `at a terminal the same proof is asked, and a code serves once`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        office.advance(60)
        let (now, right) = (office.now, code(asha))
        func prove(_ name: String, _ password: String, _ code: String) throws {
            try office.signIn.prove(name, password: password, code: code, at: now)
        }
        #expect(throws: SignIn.Fault.refused) { try prove("asha", "four dry mango leafs", right) }
        #expect(throws: SignIn.Fault.refused) { try prove("asha", Office.password, "000000") }
        #expect(throws: SignIn.Fault.refused) { try prove("rina", Office.password, right) }
        try prove("asha", Office.password, right)
        #expect(throws: SignIn.Fault.refused) { try prove("asha", Office.password, right) }
        office.advance(60)
        try office.signIn.suspend("asha", at: office.now)
        #expect(throws: SignIn.Fault.refused) {
            try office.signIn.prove("asha", password: Office.password, code: code(asha), at: office.now)
        }
    }

    @Test func `each recovery code serves once`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let code = try #require(asha.page.firstMatch(of: /<li>([A-Z2-7 ]+)<\/li>/)).1
        #expect(await signIn(Browser(office), "asha", code: code.lowercased()).status == 303)
        #expect(await signIn(Browser(office), "asha", code: String(code)).status == 403)
    }

    @Test func `nobody is led elsewhere after signing in`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        for next in [
            "https://elsewhere.example/", "//elsewhere.example/", "/no-such-page", "/cases/a\r\nset-cookie: b", "",
        ] {
            office.advance(60)
            let browser = Browser(office)
            _ = await browser.get("/sign-in")
            let answer = await browser.post(
                "/sign-in", ["name": "asha", "password": Office.password, "code": code(asha), "next": next])
            #expect(answer.fields["location"] == "/")
        }
    }

    @Test func `a session ends when it is idle, when it is old, and at once with its account`() async throws {
        let office = try Office()
        let idle = try await office.person("idle", .caseworker)
        office.advance(899)
        #expect(await idle.get("/safety").status == 200)
        office.advance(900)
        #expect(await idle.get("/safety").status == 401)

        let old = try await office.person("old", .caseworker)
        for _ in 0..<40 {
            office.advance(700)
            #expect(await old.get("/safety").status == 200)
        }
        office.advance(28_800 - 40 * 700)
        #expect(await old.get("/safety").status == 401)

        let suspended = try await office.person("suspended", .caseworker)
        #expect(await suspended.get("/safety").status == 200)
        try office.signIn.suspend("suspended", at: office.now)
        #expect(await suspended.get("/safety").status == 401)
    }

    @Test func `leave quickly ends the session, clears the browser and leads away`() async throws {
        var settings = WebSettings()
        settings.exitAddress = "https://weather.example/today"
        let office = try Office(settings: settings)
        let asha = try await office.person("asha", .caseworker)
        let kept = asha.cookies
        _ = await asha.get("/safety")
        let answer = await asha.post("/exit", [:])
        #expect(answer.status == 303)
        #expect(answer.fields["location"] == "https://weather.example/today")
        #expect(answer.fields["clear-site-data"] == "\"cookies\", \"storage\"")
        #expect(
            answer.fields["content-security-policy"]?.contains("form-action 'self' https://weather.example;") == true)
        asha.cookies = kept
        #expect(await asha.get("/safety").status == 401, "the session lived on")
    }

    @Test func `a password has twelve characters at least, whatever their bytes`() async throws {
        let office = try Office()
        let slip = try office.signIn.invite("asha", role: .caseworker, at: office.now)
        let (_, secret) = try office.signIn.open(slip: slip, at: office.now)
        func accept(_ password: String) throws {
            _ = try office.signIn.accept(
                slip: slip, password: password, again: password,
                code: TOTP.code(secret: secret, step: TOTP.step(at: office.now.seconds)), language: "en", at: office.now
            )
        }
        #expect(throws: SignIn.Fault.passwordLength) { try accept("মেঘনা নদী") }
        try accept("মেঘনা নদী খেয়া ঘাট")
    }

    @Test func `failures hold answers back, longer each time, and never for good`() {
        let throttle = Throttle()
        var delays: [Int] = []
        for _ in 0..<10 {
            delays.append(throttle.begin("asha").delaySeconds)
        }
        #expect(delays == [0, 0, 0, 1, 2, 4, 8, 8, 8, 8])
        #expect(throttle.begin("rina").delaySeconds == 0)
        throttle.succeeded("asha")
        #expect(throttle.begin("asha").delaySeconds == 0)
    }

    @Test func `nothing but a sign-in ends the count of a name's failures`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<6 {
            let other = Browser(office)
            _ = await other.get("/welcome")
            _ = await other.post("/welcome/accept", ["name": "asha", "slip": "1"])
            times.append(
                await clock.measure {
                    #expect(await signIn(Browser(office), "asha", password: "not hers at all", code: "0").status == 403)
                })
        }
        #expect(times[3] >= .seconds(1) && times[4] >= .seconds(2) && times[5] >= .seconds(4), "\(times)")
        #expect(times[0] < .seconds(1), "the first is not held back")
    }

    @Test func `of too many names the one longest ago is forgotten, not all`() {
        let throttle = Throttle()
        for _ in 0..<5 { _ = throttle.begin("asha") }
        for number in 0..<4_095 { _ = throttle.begin("n\(number)") }
        #expect(throttle.begin("asha").delaySeconds == 4)
        _ = throttle.begin("one-more")
        #expect(throttle.begin("asha").delaySeconds == 8, "n0 is longest ago")
        for number in 0..<4_096 { _ = throttle.begin("m\(number)") }
        #expect(throttle.begin("asha").delaySeconds == 0)
    }

    @Test func `ten failures of one name raise an alarm that somebody sees`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        for _ in 0..<9 { _ = office.site.throttle.begin("asha") }
        #expect(try office.desk.alarms().isEmpty)
        _ = await signIn(Browser(office), "asha", password: "not hers at all", code: "0")
        #expect(try office.desk.alarms().map(\.kind) == [.signIn])
        #expect(try office.desk.alarms().map(\.detail) == ["asha"])
        let admin = try await office.person("admin", .administrator)
        let page = await admin.get("/audit").text
        #expect(page.contains(HTML(Words.of("en").say(.alarmSignIn)).text) && page.contains(" · asha"))
    }

    @Test func `an alarm of today is seen, whatever others raised before and after`() async throws {
        let office = try Office()
        let admin = try await office.person("admin", .administrator)
        func raise(_ kind: Alarm.Kind, _ member: MemberID?, _ number: UInt8) throws {
            office.advance(1)
            try office.desk.store.write {
                try $0.raise(Alarm(at: office.now, kind: kind, member: member, letter: .sha256([number])))
            }
        }
        for number in 0..<200 { try raise(.gap, PracticeWorld.investigator, UInt8(number)) }
        try raise(.logForged, nil, 1)
        try raise(.logForged, nil, 1)
        for number in 200..<250 { try raise(.gap, PracticeWorld.ngo, UInt8(number)) }
        #expect(try office.desk.alarms().filter { $0.kind == .logForged }.map(\.at) == [office.now + -50])
        #expect(try office.desk.alarms().first?.at == office.now)
        let page = await admin.get("/audit")
        let rows = page.text.matches(of: /<p class="late">([^<]*)<\/p>/).map { String($0.1) }
        let words = Words.of("en")
        #expect(rows == [words.say(.alarmGap), words.say(.alarmLogForged), words.say(.alarmGap)].map { HTML($0).text })
        #expect(page.text.contains("49 more") && page.text.contains("199 more"))
    }

    @Test func `who is held back stands in nobody's way`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        office.advance(60)
        for _ in 0..<5 { for name in 0..<20 { _ = office.site.throttle.begin("n\(name)") } }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for name in 0..<20 {
                group.addTask { [self] in
                    await signIn(Browser(office), "n\(name)", password: "not hers at all", code: "0").status
                }
            }
            try await Task.sleep(for: .milliseconds(500))
            #expect(await signIn(Browser(office), "asha", code: code(asha)).status == 303)
            for try await status in group { #expect(status == 403) }
        }
    }

    @Test func `four attempts of one name are held back at once, no more`() throws {
        let throttle = Throttle()
        for _ in 0..<4 { try throttle.hold("asha") }
        #expect(throws: WebFault.tooMany) { try throttle.hold("asha") }
        try throttle.hold("rina")
        throttle.letGo("asha")
        try throttle.hold("asha")
    }

    @Test func `no more than sixteen stand in line`() throws {
        let throttle = Throttle()
        for _ in 0..<16 { try throttle.enter() }
        #expect(throws: WebFault.tooMany) { try throttle.enter() }
        throttle.leave()
        try throttle.enter()
    }
}
