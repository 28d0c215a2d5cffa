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

/// Protocols/WebAPI.md and its OpenAPI document.
@Suite struct APITests {
    private struct Operation: Hashable {
        let method, path, who, scope: String
    }

    private static func document() throws -> [String: Any] {
        let bytes = try Data(contentsOf: Vector.protocols.appendingPathComponent("WebAPI.openapi.json"))
        return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }

    private static func who(_ access: Access) -> String {
        guard case .roles(let roles) = access else { return "anybody" }
        return Account.Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ")
    }

    @Test func `the operations are those of the document and of the page beside it`() throws {
        let routes = Set(
            APIRoutes.all.map {
                Operation(
                    method: $0.method.rawValue, path: $0.pattern.replacing(/:([a-z]+)/, with: { "{\($0.1)}" }),
                    who: Self.who($0.access), scope: $0.scope.rawValue)
            })
        #expect(routes.count == APIRoutes.all.count)
        var documented: Set<Operation> = []
        for (path, methods) in try #require(Self.document()["paths"] as? [String: [String: [String: Any]]]) {
            for (method, operation) in methods {
                let security = try #require(operation["security"] as? [[String: [String]]])
                documented.insert(
                    Operation(
                        method: method.uppercased(), path: path, who: try #require(operation["x-who"] as? String),
                        scope: try #require(security.first?["token"]?.first)))
            }
        }
        #expect(routes == documented)
        let page = try String(contentsOf: Vector.protocols.appendingPathComponent("WebAPI.md"), encoding: .utf8)
        let described = page.matches(of: /\| `(GET|POST) (\/api[^`]*)` \| ([^|]*) \| ([^|]*) \|/).map { match in
            Operation(
                method: String(match.1), path: String(match.2.replacing(/:([a-z]+)/, with: { "{\($0.1)}" })),
                who: match.3.trimmingCharacters(in: .whitespaces), scope: match.4.trimmingCharacters(in: .whitespaces))
        }
        #expect(described.count == routes.count && Set(described) == routes)
    }

    @Test(arguments: Account.Role.allCases)
    func `each operation opens for its roles and its scope, and for nobody without a token that serves`(
        role: Account.Role
    ) async throws {
        let office = try Office()
        _ = try await office.person("asha", role)
        for scope in APIToken.Scope.allCases {
            let token = try office.signIn.issueToken(for: "asha", scope: scope, days: 2, at: office.now).secret
            for route in APIRoutes.all {
                let path = route.pattern.replacing(":case", with: String(repeating: "0a", count: 16))
                    .replacing(/:[a-z]+/, with: String(repeating: "0a", count: 32))
                let place: Comment = "\(route.method) \(route.pattern), \(role), \(scope)"
                let answer = await office.program(route.method, path, token, body: "{}")
                let isOpen = route.access.admits(role) && scope.admits(route.scope)
                #expect((answer.status == 403) == !isOpen, place)
                #expect(![401, 405, 500].contains(answer.status), place)
                #expect(answer.fields["content-type"] == "application/json" && answer.cookies.isEmpty, place)
                let wrong = token.dropLast() + (token.hasSuffix("0") ? "1" : "0")
                for stranger in [nil, "", String(wrong), "kheya_", String(token.dropFirst(6))] {
                    #expect(await office.program(route.method, path, stranger, body: "{}").status == 401, place)
                }
                #expect(await office.program(.other, path, token).status == 405, place)
            }
        }
    }

    @Test func `a token ends at its time, when it is revoked, and with its account`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        func issue() throws -> (secret: String, token: APIToken) {
            try office.signIn.issueToken(for: "asha", scope: .read, days: 1, at: office.now)
        }
        func status(_ token: String) async -> Int { await office.program(.get, "/api/v1/cases", token).status }
        let first = try issue()
        #expect(await status(first.secret) == 200)
        #expect(try office.signIn.tokens().first?.used == office.now)
        #expect(try !office.onDisk(Array(first.secret.utf8)), "the token lies open on the disk")
        try office.signIn.revokeToken(first.token.id)
        #expect(await status(first.secret) == 401)
        #expect(throws: SignIn.Fault.unknownToken) { try office.signIn.revokeToken(first.token.id) }
        let second = try issue()
        office.advance(86_399)
        #expect(await status(second.secret) == 200)
        office.advance(1)
        #expect(await status(second.secret) == 401)
        let third = try issue()
        try office.signIn.suspend("asha", at: office.now)
        #expect(await status(third.secret) == 401)
        #expect(try office.signIn.tokens().isEmpty)
        #expect(throws: SignIn.Fault.unknownAccount) { try issue() }
    }

    @Test func `a cookie does not serve at the API, nor a token at the page`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        #expect(await asha.get("/api/v1/cases").status == 401)
        let token = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let stranger = Browser(office)
        stranger.fields["authorization"] = "Bearer \(token)"
        #expect(await stranger.get("/cases").status == 401)
    }

    @Test func `a program opens a case, is refused what the procedure refuses, and does nothing twice`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let token = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let example = try Self.example(office)
        // Judged only: nothing is there afterwards.
        let rehearsed = await office.program(
            .post, "/api/v1/cases", token, body: try Self.text(example, ["rehearse": true]))
        #expect(rehearsed.status == 200, "\(rehearsed.text)")
        #expect(try office.desk.cases().isEmpty)
        let opened = await office.program(.post, "/api/v1/cases", token, body: try Self.text(example))
        try #require(opened.status == 201, "\(opened.text)")
        let caseID = try #require(try Self.read(opened)["case"] as? String)
        let shown = try Self.read(await office.program(.get, "/api/v1/cases/\(caseID)", token))
        let previous = try #require(shown["previous"] as? String)
        #expect((shown["checkpoints"] as? [Any])?.isEmpty == false)
        let listed = try Self.read(await office.program(.get, "/api/v1/cases", token))
        #expect((listed["cases"] as? [[String: Any]])?.first?["case"] as? String == caseID)
        let steps = "/api/v1/cases/\(caseID)/steps"
        let refused = await office.program(
            .post, steps, token, body: try Self.text(["events": [["event": "DEPARTED"]]]))
        #expect(refused.status == 409, "\(refused.text)")
        #expect((try Self.read(refused)["error"] as? [String: Any])?["code"] as? String == "refused")
        // The same request twice, as after a lost answer.
        let stop = try Self.text(["events": [["event": "SHARE_CONSENT_WITHDRAWN"]], "previous": previous])
        #expect(await office.program(.post, steps, token, body: stop).status == 201)
        let again = await office.program(.post, steps, token, body: stop)
        #expect(again.status == 409 && again.text.contains("\"changed\""), "\(again.text)")
        let letters = try Self.read(await office.program(.get, "/api/v1/cases/\(caseID)/letters", token))
        #expect((letters["letters"] as? [Any])?.count == 2)
    }

    @Test func `under one key one case is opened, whatever becomes of the answer`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        _ = try await office.person("mala", .caseworker)
        let asha = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let mala = try office.signIn.issueToken(for: "mala", scope: .write, days: 1, at: office.now).secret
        let key = String(repeating: "5", count: 32)
        let body = try Self.text(try Self.example(office), ["key": key])
        let opened = await office.program(.post, "/api/v1/cases", asha, body: body)
        try #require(opened.status == 201, "\(opened.text)")
        let again = await office.program(.post, "/api/v1/cases", asha, body: body)
        #expect(again.status == 409)
        let error = try #require(try Self.read(again)["error"] as? [String: Any])
        #expect(error["code"] as? String == "repeated")
        #expect(error["case"] as? String == (try Self.read(opened)["case"] as? String))
        #expect(error["case"] as? String != key, "a program chose a pseudonym")
        #expect(try office.desk.cases().count == 1)
        // Another account's key is another key.
        #expect(await office.program(.post, "/api/v1/cases", mala, body: body).status == 201)
        for wrong in ["5", key.uppercased() + "A", "not one"] {
            let answer = await office.program(
                .post, "/api/v1/cases", asha, body: try Self.text(try Self.example(office), ["key": wrong]))
            #expect(answer.status == 400, "\(wrong)")
        }
    }

    @Test func `requests under one key that come at the same time open one case, and each is told which`() async throws
    {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let asha = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        for round in 1...4 {
            let key = String(repeating: "\(round)", count: 32)
            let body = try Self.text(try Self.example(office), ["key": key])
            let answers = await withTaskGroup(of: WebResponse.self) { group in
                for _ in 0..<4 { group.addTask { await office.program(.post, "/api/v1/cases", asha, body: body) } }
                return await group.reduce(into: [WebResponse]()) { $0.append($1) }
            }
            #expect(answers.map(\.status).sorted() == [201, 409, 409, 409])
            let opened = try #require(answers.first { $0.status == 201 })
            let caseID = try #require(try Self.read(opened)["case"] as? String)
            for answer in answers where answer.status == 409 {
                let error = try #require(try Self.read(answer)["error"] as? [String: Any])
                #expect(error["code"] as? String == "repeated" && error["case"] as? String == caseID)
            }
            #expect(try office.desk.cases().count == round)
        }
    }

    @Test func `a program does not choose on what she is spoken of`() async throws {
        let office = try Office()
        let browser = try await office.person("asha", .caseworker)
        let token = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let opened = try await office.opened(by: browser)
        let body = try Self.text(["events": [["event": "EMERGENCY_DISCLOSURE"]], "basis": "emergency"])
        let answer = await office.program(.post, "/api/v1/cases/\(opened.text)/steps", token, body: body)
        #expect(answer.status == 400)
        let profile = try #require(office.desk.network.profileInForce)
        for event in profile.definition.events.keys {
            let draft = try office.draft([event])
            #expect(try DraftWork(office.call("/"), draft).basis == profile.basis(of: [event]))
        }
    }

    @Test func `a list that a program takes is noted with its token, once a working day and when it grows`()
        async throws
    {
        let office = try Office()
        let browser = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let (token, known) = try office.signIn.issueToken(for: "asha", scope: .read, days: 2, at: office.now)
        func list() async throws -> [ExportRecord] {
            #expect(await office.program(.get, "/api/v1/cases", token).status == 200)
            return try office.desk.store.read { try $0.exports(limit: 9) }
        }
        #expect(try await list().map(\.cases) == [0])
        #expect(try await list().count == 1)
        _ = try await office.opened(by: browser)
        #expect(try await list().map(\.cases) == [1, 0])
        office.advance(WebLimits.sessionSeconds - 1)
        #expect(try await list().count == 2)
        office.advance(2)
        #expect(try await list().count == 3)
        #expect(try await list().allSatisfy { $0.program == known.id && $0.account == "asha" })
        office.advance(-WebLimits.sessionSeconds)
        #expect(await rina.get("/export").text.contains(known.id))
    }

    @Test func `a form that a program opens is noted under its account first`() async throws {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let token = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let opened = await office.program(.post, "/api/v1/cases", token, body: try Self.text(try Self.example(office)))
        let pseudonym = try #require(try Self.read(opened)["case"] as? String)
        let caseID = try #require(CaseID(pseudonym))
        let form = try #require(try office.desk.history(of: caseID).first?.forms.keys.first)
        let path = "/api/v1/cases/\(caseID.text)/forms/\(form.hex)"
        #expect(await office.program(.get, path, token).status == 405)
        #expect(try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }.isEmpty)
        let answer = await office.program(.post, path, token)
        #expect(answer.status == 200)
        #expect(try office.desk.form(form, in: caseID) == answer.body)
        let openings = try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }
        #expect(openings.map(\.account) == ["asha"] && openings.map(\.form) == [form])
        // Under another case it is not there, and nobody has read it.
        office.advance(60)
        let next = await office.program(.post, "/api/v1/cases", token, body: try Self.text(try Self.example(office)))
        let other = try #require(try Self.read(next)["case"] as? String)
        #expect(await office.program(.post, "/api/v1/cases/\(other)/forms/\(form.hex)", token).status == 404)
    }

    @Test(arguments: [
        ("", 400), ("[]", 400), ("{}", 400), (#"{"events":[]}"#, 400), (#"{"events":[{"event":"X Y"}]}"#, 400),
        (#"{"events":[{"event":"DEPARTED"}],"basis":"none"}"#, 400),
        (#"{"events":[{"event":"DEPARTED"}],"name":1}"#, 400),
        (#"{"events":[{"event":"DEPARTED","at":"2026-13-01T00:00:00Z"}]}"#, 400),
        (#"{"events":[{"event":"DEPARTED","facts":{"a":null}}]}"#, 400),
        (#"{"events":[{"event":"DEPARTED"}],"to":["x"]}"#, 400),
        (#"{"events":[{"event":"DEPARTED"}]}"#, 404),
    ])
    func `what is not asked for is refused, and the answer repeats nothing of it`(body: String, status: Int)
        async throws
    {
        let office = try Office()
        _ = try await office.person("asha", .caseworker)
        let token = try office.signIn.issueToken(for: "asha", scope: .write, days: 1, at: office.now).secret
        let path = "/api/v1/cases/\(String(repeating: "0a", count: 16))/steps"
        let answer = await office.program(.post, path, token, body: body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(await office.program(.post, path, token, body: body, type: "text/plain").status == 415)
    }

    // MARK: Bodies

    private static func text(_ body: [String: Any], _ more: [String: Any] = [:]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: body.merging(more) { $1 }), as: UTF8.self)
    }

    private static func read(_ answer: WebResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any], "\(answer.text)")
    }

    /// The invented case's first letter, as a program sends it.
    private static func example(_ office: Office) throws -> [String: Any] {
        let folder = Vector.protocols.appendingPathComponent("Examples/asha-to-jessore")
        func object(_ name: String) throws -> [String: Any] {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
                .replacing("bd:nadipar", with: PracticeWorld.ngo.text)
                .replacing(/@today(?:\+([0-9]+))?/) { match in
                    // The day at the desk, whose clock runs in India.
                    String((office.now + 19_800 + (match.1.flatMap { Int64($0) } ?? 0) * 86_400).rfc3339.prefix(10))
                }
            return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        let facts = try object("facts/01-offer.json")
        return [
            "events": ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"].map { event in
                ["event": event, "facts": facts[event] ?? [:]] as [String: Any]
            },
            "forms": [try object("forms/01-preview-consent.json"), try object("forms/01-preview.json")],
            "to": [PracticeWorld.ngo.text],
        ]
    }
}

extension Office {
    /// What a program is answered.
    func program(
        _ method: WebRequest.Method, _ path: String, _ token: String?, body: String = "",
        type: String = "application/json"
    ) async -> WebResponse {
        var request = WebRequest(method, path, fields: ["host": "127.0.0.1:8420", "content-type": type])
        if let token { request.fields["authorization"] = "Bearer \(token)" }
        request.body = Array(body.utf8)
        return await site.answer(request)
    }
}
