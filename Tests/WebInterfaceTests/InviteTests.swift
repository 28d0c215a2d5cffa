// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Node
import Procedure
import Sealing
import TestSupport
import Testing

@testable import WebInterface

@Suite struct InviteTests {
    /// A code of this person's authenticator that has not served.
    private func code(_ browser: Browser) -> String {
        browser.office.advance(30)
        return TOTP.code(secret: browser.secret, step: TOTP.step(at: browser.office.now.seconds))
    }

    private func secret(_ page: String) throws -> String {
        String(try #require(page.firstMatch(of: /class="secret" translate="no">([^<]*)</)).1)
    }

    @Test
    func `a supervisor invites somebody, whose slip leads to a password and an authenticator in her own language`()
        async throws
    {
        var settings = WebSettings()
        settings.host = "kheya.office.example"
        let office = try Office(settings: settings)
        let rina = try await office.person("rina", .supervisor)
        _ = await rina.get("/people")
        let invited = await rina.post(
            "/people", ["name": "asha", "role": "caseworker", "language": "bn", "code": code(rina)])
        try #require(invited.status == 200, "\(invited.text)")
        let slip = try secret(invited.text)
        #expect(invited.text.contains("lang=\"bn\"") && invited.text.contains(HTML(Words.of("bn").say(.welcome)).text))
        #expect(try !office.onDisk(Array(slip.utf8)) && !office.onDisk(Array(slip.filter { $0 != " " }.utf8)))
        // Her telephone reads where it leads: to a page that speaks her language, and nowhere is a digit of the slip.
        let address = try Scanner.reads(invited.text)
        #expect(address == "http://kheya.office.example/welcome/bn")
        let asha = Browser(office)
        asha.fields["accept-language"] = "hi"
        let path = String(address.dropFirst("http://kheya.office.example".count))
        let first = await asha.get(path)
        #expect(first.status == 200 && first.text.contains("<html lang=\"bn\""))
        let mistyped = await asha.post("/welcome", ["slip": "00000 00000 00000 00000", "language": "bn"])
        #expect(mistyped.status == 403 && mistyped.text.contains("<html lang=\"bn\""))
        #expect(first.text.contains("name=\"language\" value=\"bn\""))
        let asked = await asha.post("/welcome", ["slip": slip])
        #expect(asked.text.contains("<html lang=\"bn\""))
        let key = try secret(asked.text).filter { $0 != " " }
        #expect(try Scanner.reads(asked.text) == "otpauth://totp/Kheya:asha?secret=\(key)&issuer=Kheya")
        let own = try office.signIn.open(slip: slip, at: office.now).secret
        let taken = await asha.post(
            "/welcome/accept",
            [
                "slip": slip, "password": Office.password, "again": Office.password,
                "code": TOTP.code(secret: own, step: TOTP.step(at: office.now.seconds)),
            ])
        #expect(taken.status == 200)
        let account = try #require(try office.signIn.accounts().first { $0.name == "asha" })
        #expect(account.state == .active && account.language == "bn" && account.invitedBy == "rina")
        let again = Browser(office)
        _ = await again.get("/welcome")
        #expect(await again.post("/welcome", ["slip": slip]).status == 403, "it served twice")
        #expect(await rina.get("/people").text.contains(HTML(Words.of("en").say(.invitedBy, ["name": "rina"])).text))
    }

    @Test func `an address with a slip's digits is no page, whether the slip is open or not`() async throws {
        let office = try Office()
        let slip = try office.signIn.invite("asha", role: .caseworker, at: office.now)
        for digits in [slip, "12345 67890 12345 67890"] {
            for joined in [digits.replacing(" ", with: "-"), digits.replacing(" ", with: "")] {
                #expect(await Browser(office).get("/welcome/" + joined).status == 404)
            }
        }
        for language in Words.languages { #expect(await Browser(office).get("/welcome/" + language).status == 200) }
    }

    @Test(arguments: Words.languages)
    func `an invitation names a language, and its pages speak it whatever the browser asks for`(language: String)
        async throws
    {
        let office = try Office()
        let slip = try office.signIn.invite("asha", role: .caseworker, language: language, at: office.now)
        let asha = Browser(office)
        asha.fields["accept-language"] = Words.languages.first { $0 != language }
        #expect(await asha.get("/welcome/\(language)").text.contains("<html lang=\"\(language)\""))
        #expect(await !asha.get("/welcome").text.contains("<html lang=\"\(language)\""))
        #expect(await asha.post("/welcome", ["slip": slip]).text.contains("<html lang=\"\(language)\""))
        let secret = try office.signIn.open(slip: slip, at: office.now).secret
        let done = await asha.post(
            "/welcome/accept",
            [
                "slip": slip, "password": Office.password, "again": Office.password,
                "code": TOTP.code(secret: secret, step: TOTP.step(at: office.now.seconds)),
            ])
        #expect(done.status == 200)
        #expect(try office.signIn.accounts().first?.language == language)
    }

    @Test func `a code is spent with what it was given for, and not by a name that is taken or wrong`() async throws {
        let office = try Office()
        let rina = try await office.person("rina", .supervisor)
        _ = try office.signIn.invite("mala", role: .caseworker, at: office.now)
        _ = await rina.get("/people")
        let digits = code(rina)
        for name in ["mala", "Asha K", ""] {
            let answer = await rina.post(
                "/people", ["name": name, "role": "caseworker", "language": "en", "code": digits])
            #expect(answer.status == 422, "\(name)")
        }
        let form = ["name": "asha", "role": "caseworker", "language": "en", "code": digits]
        #expect(await rina.post("/people", form).status == 200)
        // The control: it serves once.
        _ = await rina.get("/people")
        #expect(await rina.post("/people", form.merging(["name": "usha"]) { $1 }).status == 422)
        #expect(try office.signIn.accounts().map(\.name) == ["asha", "mala", "rina"])
    }

    @Test func `who suspended whom, and when, stays on the page until a new slip`() async throws {
        let office = try Office()
        let rina = try await office.person("rina", .supervisor)
        for name in ["asha", "mira"] { _ = try await office.person(name, .caseworker) }
        _ = await rina.get("/people")
        #expect(
            await rina.post("/people/change", ["account": "asha", "do": "suspend", "change-code": code(rina)]).status
                == 303)
        let at = office.now
        try office.signIn.suspend("mira", at: at)
        func suspension(_ name: String) throws -> Account.Suspension? {
            try #require(try office.signIn.accounts().first { $0.name == name }).suspended
        }
        #expect(try suspension("asha") == Account.Suspension(at: at, by: "rina"))
        #expect(try suspension("mira") == Account.Suspension(at: at, by: nil))
        let words = Words.of("en")
        let page = await rina.get("/people").text
        let time = try office.desk.words(for: nil, in: "en").moment(at)
        for name in ["rina", words.say(.operatorByCommand)] {
            #expect(page.contains(HTML("\(words.say(.suspendedBy, ["name": name])) · \(time)").text), "\(name)")
        }
        _ = try office.signIn.reset("asha", at: office.now)
        #expect(try suspension("asha") == nil)
    }

    @Test func `nobody invites at the page who could invite then, nor without her own code`() async throws {
        let office = try Office()
        let rina = try await office.person("rina", .supervisor)
        _ = try await office.person("mala", .supervisor)
        _ = await rina.get("/people")
        func invite(_ change: [String: String]) async -> Int {
            let form = ["name": "asha", "role": "caseworker", "language": "en", "code": code(rina)]
            return await rina.post("/people", form.merging(change) { $1 }).status
        }
        for role in ["supervisor", "administrator", "root", ""] {
            #expect(await invite(["role": role]) == 400, "\(role)")
        }
        #expect(await invite(["language": "xx"]) == 400)
        for wrong in [["code": "000000"], ["name": "Asha K"], ["name": "mala"]] {
            #expect(await invite(wrong) == 422, "\(wrong)")
        }
        #expect(
            await rina.post("/people/change", ["account": "mala", "do": "suspend", "change-code": code(rina)]).status
                == 400)
        #expect(try office.signIn.accounts().map(\.name) == ["mala", "rina"])
    }

    @Test func `a slip that is lost ends when another is made, and an account is suspended at once`() async throws {
        let office = try Office()
        let rina = try await office.person("rina", .supervisor)
        let lost = try office.signIn.invite("asha", role: .caseworker, at: office.now)
        _ = await rina.get("/people")
        let made = await rina.post("/people/change", ["account": "asha", "do": "slip", "change-code": code(rina)])
        let slip = try secret(made.text)
        #expect(throws: SignIn.Fault.badSlip) { try office.signIn.open(slip: lost, at: office.now) }
        #expect(try office.signIn.open(slip: slip, at: office.now).account.name == "asha")
        let mira = try await office.person("mira", .readOnly)
        #expect(await mira.get("/").status == 200)
        _ = await rina.get("/people")
        #expect(
            await rina.post("/people/change", ["account": "mira", "do": "slip", "change-code": code(rina)]).status
                == 400)
        #expect(
            await rina.post("/people/change", ["account": "mira", "do": "suspend", "change-code": code(rina)]).status
                == 303)
        #expect(await mira.get("/").status == 401)
    }

    @Test func `whoever gets an account after a reset has approved nothing and is told nowhere`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let digest = Digest.sha256([1])
        let caseID = try #require(CaseID(random: SecureRandom.bytes(16)))
        try office.desk.store.write { transaction in
            try transaction.note(approval: digest, of: caseID, by: "asha", at: office.now)
            try transaction.put(
                NoticeRecord(account: "asha", since: office.now, choice: NoticeChoice(mail: "asha@office.example")))
        }
        #expect(try office.desk.store.read { try $0.approvals(of: digest) } == ["asha"])
        _ = try office.signIn.reset("asha", at: office.now)
        #expect(try office.desk.store.read { try $0.approvals(of: digest) } == [])
        #expect(try office.desk.store.read { try $0.notice(of: "asha") } == nil)
    }

    @Test func `attempts that come at once wait as those that come one after the other`() async throws {
        let throttle = Throttle()
        #expect((0..<6).map { _ in throttle.begin("asha").delaySeconds } == [0, 0, 0, 1, 2, 4])
        for _ in 0..<6 { throttle.takeBack("asha") }
        #expect(throttle.begin("asha").delaySeconds == 0)
        // A code that is right takes back its own attempt alone.
        throttle.takeBack("asha")
        for _ in 0..<3 { _ = throttle.begin("asha") }
        _ = throttle.begin("asha")
        throttle.takeBack("asha")
        #expect(throttle.begin("asha").delaySeconds == 1)
    }
}
