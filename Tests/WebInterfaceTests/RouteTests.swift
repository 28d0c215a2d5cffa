// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import TestSupport
import Testing

@testable import WebInterface

@Suite struct RouteTests {
    enum Session: CaseIterable { case none, live, dead, foreign, otherToken }

    /// The table of Protocols/Web.md: method, path, who.
    static let specified: [[String]] = {
        let text = (try? String(contentsOf: Vector.protocols.appendingPathComponent("Web.md"), encoding: .utf8)) ?? ""
        return text.matches(of: /\| `(GET|POST) (\/[^`]*)` \| ([^|]*) \|/).map { match in
            [String(match.1), String(match.2), match.3.trimmingCharacters(in: .whitespaces)]
        }
    }()

    private static func who(_ access: Access) -> String {
        switch access {
        case .open: "anybody"
        case .roles(let roles):
            roles.count == Account.Role.allCases.count
                ? "signed in" : Account.Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ")
        }
    }

    @Test func `the routes are those of the specification`() {
        #expect(!Self.specified.isEmpty)
        #expect(Self.specified == Routes.all.map { [$0.method.rawValue, $0.pattern, Self.who($0.access)] })
    }

    /// Every route × role × session: a page only for whoever may have it; nothing happens on a post that is not of our own page.
    @Test(arguments: Account.Role.allCases)
    func `each route opens for its roles and for nobody else`(role: Account.Role) async throws {
        let office = try Office()
        for route in Routes.all where !["/exit", "/sign-out"].contains(route.pattern) {
            for session in Session.allCases {
                let browser = try await browser(session, role, office)
                let path = route.pattern.replacing(/:[a-z]+/, with: "unknown")
                let answer =
                    route.method == .get
                    ? await browser.get(path)
                    : await browser.post(path, ["field": "value"], token: session == .otherToken ? strangeToken : nil)
                let place: Comment = "\(route.method) \(route.pattern), \(role), \(session)"
                switch (route.access, session, route.method) {
                case (.open, .foreign, .post), (.open, .otherToken, .post), (.roles, .otherToken, .post):
                    #expect(answer.status == 403, place)
                case (.open, _, _): #expect(answer.status != 401, place)
                case (.roles, .none, _), (.roles, .dead, _), (.roles, .foreign, _): #expect(answer.status == 401, place)
                case (.roles, _, _):
                    #expect((answer.status == 403) == !route.access.admits(role), place)
                    #expect(answer.status != 401 && answer.status != 500, place)
                }
                check(answer, place)
            }
        }
    }

    private let strangeToken = FormToken.make(for: Array(repeating: 9, count: 32))

    private func browser(_ session: Session, _ role: Account.Role, _ office: Office) async throws -> Browser {
        let browser: Browser
        if session == .none {
            browser = Browser(office)
            _ = await browser.get("/sign-in")
        } else {
            browser = try await office.person("p-\(UUID().uuidString.lowercased())", role)
            _ = await browser.get("/safety")
        }
        if session == .dead { office.advance(900) }
        if session == .foreign { browser.fields["sec-fetch-site"] = "cross-site" }
        return browser
    }

    /// What every answer carries.
    private func check(_ answer: WebResponse, _ place: Comment) {
        let policy = answer.fields["content-security-policy"] ?? ""
        #expect(policy.hasPrefix("default-src 'none';") && !policy.contains("unsafe"), place)
        #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), place)
        #expect(answer.fields["cache-control"] == "no-store", place)
        #expect(answer.fields["x-content-type-options"] == "nosniff", place)
        #expect(answer.fields["referrer-policy"] == "no-referrer", place)
        for cookie in answer.cookies {
            #expect(
                cookie.hasPrefix("__Host-kheya") && cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Strict")
                    || cookie.hasSuffix("Max-Age=0"), place)
        }
        #expect(
            !answer.text.contains("style=\"") && !answer.text.contains(" onclick") && !answer.text.contains("<script>"),
            place)
    }

    @Test func `a page is answered under the node's own name only`() async throws {
        let browser = Browser(try Office())
        for (host, status) in [
            ("127.0.0.1:8420", 200), ("localhost:9", 200), ("[::1]:8420", 200), ("evil.example", 400),
            ("evil.example:8420", 400), ("", 400),
        ] {
            browser.fields["host"] = host
            #expect(await browser.get("/sign-in").status == status, "\(host)")
        }
    }

    @Test func `a browser that says no site is believed by its form token, one with another origin is not`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        _ = await asha.get("/safety")
        asha.fields["sec-fetch-site"] = nil
        for (origin, status) in [("null", 303), ("http://127.0.0.1:8420", 303), ("http://elsewhere.example", 403)] {
            asha.fields["origin"] = origin
            #expect(await asha.post("/language", ["language": "hi"]).status == status, "\(origin)")
        }
    }

    @Test func `over TLS browsers are told to stay there`() async throws {
        var settings = WebSettings()
        (settings.certificate, settings.key) = ("chain.pem", "key.pem")
        let secure = await Browser(try Office(settings: settings)).get("/sign-in")
        #expect(secure.fields["strict-transport-security"] == "max-age=31536000; includeSubDomains")
        let plain = await Browser(try Office()).get("/sign-in")
        #expect(plain.fields["strict-transport-security"] == nil)
    }

    @Test func `a form token is masked afresh in each page and serves its own browser only`() {
        let secret = Array("secret of a browser".utf8)
        let tokens = (0..<50).map { _ in FormToken.make(for: secret) }
        #expect(Set(tokens).count == 50)
        #expect(tokens.allSatisfy { FormToken.agrees($0, with: secret) })
        #expect(!FormToken.agrees(tokens[0], with: Array("another".utf8)))
        for wrong in ["", "00", String(tokens[0].dropLast()), String(tokens[0].dropLast(2)), tokens[0] + "00"] {
            #expect(!FormToken.agrees(wrong, with: secret))
        }
    }

    /// Compressed beside a secret, a page's length would tell of it (BREACH): these three keep others from asking and from learning.
    @Test func `a page is compressed, because no other site can ask for it and no secret stands in it twice alike`()
        async throws
    {
        let asha = try await (try Office()).person("asha", .caseworker)
        _ = await asha.get("/safety")
        let first = asha.token
        let plain = await asha.get("/safety")
        #expect(asha.token != first, "the form token is the same in two pages")
        #expect(plain.fields["content-encoding"] == nil)
        asha.fields["accept-encoding"] = "gzip, br"
        let packed = await asha.get("/safety")
        #expect(packed.fields["content-encoding"] == "gzip" && packed.body.starts(with: [0x1F, 0x8B]))
        #expect(packed.body.count * 3 < plain.body.count * 2)
        #expect(packed.cookies.allSatisfy { $0.contains("SameSite=Strict") })
        asha.fields["sec-fetch-site"] = "cross-site"
        #expect(await asha.get("/safety").status == 401)
    }

    @Test func `style and script are named by their content and kept; the page asks for nothing else`() async throws {
        let browser = Browser(try Office())
        let page = await browser.get("/sign-in").text
        let asked = page.matches(of: /(?:src|href)="(\/[a-z]+-[0-9a-f]{16}\.(?:css|js))"/).map { String($0.1) }
        #expect(asked.count == 2)
        for path in asked {
            let file = await browser.get(path)
            #expect(file.status == 200 && file.fields["cache-control"]?.contains("immutable") == true)
        }
        #expect(!page.contains("//"), "an address of elsewhere")
    }
}
