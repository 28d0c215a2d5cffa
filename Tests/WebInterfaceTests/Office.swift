// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Logging
import Membership
import Node
import Procedure
import Sealing
import Synchronization
import TestSupport

@testable import WebInterface

/// A node of a practice world with its page, and a clock that stands until a test moves it. Every name is invented.
final class Office: Sendable {
    static let profile = "in-bd-repatriation"

    let site: Site
    let signIn: SignIn
    let desk: CaseDesk
    let world: PracticeWorld
    let directory: URL

    init(
        _ member: MemberID = PracticeWorld.shelter, settings: WebSettings = WebSettings(),
        notices: NoticeSettings = NoticeSettings()
    ) throws {
        let folder = Vector.protocols.appendingPathComponent("Profiles/\(Self.profile)")
        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        }
        let bytes = try ProfileDocument.canonicalBytes(ofSource: read("profile.json"))
        let profile = try ProfileDocument.read(bytes, digest: .sha256(bytes))
        let world = try PracticeWorld.make(
            profiles: [(ProfileReference(id: profile.id, version: profile.version, digest: profile.digest), bytes)])
        self.world = world
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-office-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let store = try CaseStore(directory: directory, wrapping: Array(repeating: 7, count: 32))
        let network = try NetworkView(directories: world.directories())
        network.setForms(try FormsDocument.read(read("forms.json")), of: profile.digest)
        for language in Words.languages {
            network.setLabels(try ProfileLabels(read("labels-\(language).json")), of: profile.digest)
        }
        let party = try world.party(member)
        desk = CaseDesk(
            identity: NodeIdentity(member: member, signing: party.keys.signing, sealing: party.keys.sealing),
            store: store,
            network: network, settings: NodeSettings())
        signIn = SignIn(store: store, cost: .practice)
        let start = PracticeWorld.start + 3_600
        let clock = SharedClock(start)
        site = Site(
            desk: desk, signIn: signIn, settings: settings, notices: notices, clock: { clock.now },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        shared = clock
    }

    private let shared: SharedClock
    var now: Instant { shared.now }
    func advance(_ seconds: Int64) { shared.advance(seconds) }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Somebody who has used a slip and is signed in.
    func person(_ name: String, _ role: Account.Role) async throws -> Browser {
        let slip = try signIn.invite(name, role: role, at: now)
        let browser = Browser(self)
        let (_, secret) = try signIn.open(slip: slip, at: now)
        _ = await browser.get("/welcome")
        let answer = await browser.post(
            "/welcome/accept",
            [
                "slip": slip, "password": Self.password, "again": Self.password,
                "code": TOTP.code(secret: secret, step: TOTP.step(at: now.seconds)),
            ])
        guard answer.status == 200 else { throw Failed(status: answer.status) }
        browser.secret = secret
        return browser
    }

    struct Failed: Error { let status: Int }

    static let password = "four dry mango leaves"
}

final class SharedClock: Sendable {
    private let instant: Mutex<Instant>
    init(_ start: Instant) { instant = Mutex(start) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ seconds: Int64) { instant.withLock { $0 = $0 + seconds } }
}

/// What a browser does with cookies and forms, and no more.
final class Browser {
    let office: Office
    var cookies: [String: String] = [:]
    /// Of the authenticator.
    var secret: [UInt8] = []
    /// The newest page.
    private(set) var page = ""
    var fields = ["sec-fetch-site": "same-origin", "host": "127.0.0.1:8420"]

    init(_ office: Office) { self.office = office }

    func get(_ path: String) async -> WebResponse { await ask(.get, path, []) }

    /// Posts with the form token of the newest page.
    func post(_ path: String, _ values: [String: String], token: String? = nil) async -> WebResponse {
        await post(path, values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, token: token)
    }

    func post(_ path: String, _ values: [(String, String)], token: String? = nil) async -> WebResponse {
        await ask(.post, path, [("token", token ?? self.token)] + values)
    }

    /// Posts a form with a file, as a browser does without script.
    func post(_ path: String, _ values: [String: String] = [:], file: [UInt8], as name: String) async -> WebResponse {
        let boundary = "----boundary7f3k"
        var body: [UInt8] = []
        let fields = [("token", token)] + values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for (field, value) in fields {
            body += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field)\"\r\n\r\n\(value)\r\n".utf8)
        }
        body += Array(
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\nContent-Type: image/jpeg\r\n\r\n"
                .utf8)
        body += file + Array("\r\n--\(boundary)--\r\n".utf8)
        var request = request(.post, path)
        request.fields["content-type"] = "multipart/form-data; boundary=\(boundary)"
        let limit = office.site.bodyLimit(of: request)
        request.body = Array(body.prefix(limit))
        if body.count > limit { request.fault = .tooLarge }
        return await take(request)
    }

    var token: String { hidden("token") ?? "" }

    /// The value of the first hidden field of this name.
    func hidden(_ name: String) -> String? {
        guard let start = page.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(page[start.upperBound...].prefix { $0 != "\"" })
    }

    private func ask(_ method: WebRequest.Method, _ path: String, _ values: [(String, String)]) async -> WebResponse {
        var request = request(method, path)
        request.body = Array(values.map { "\(Self.escaped($0))=\(Self.escaped($1))" }.joined(separator: "&").utf8)
        return await take(request)
    }

    private func request(_ method: WebRequest.Method, _ path: String) -> WebRequest {
        var request = WebRequest(method, path, fields: fields)
        if !cookies.isEmpty {
            request.fields["cookie"] = cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(
                separator: "; ")
        }
        return request
    }

    private func take(_ request: WebRequest) async -> WebResponse {
        let response = await office.site.answer(request)
        for cookie in response.cookies {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(pair[0])] = cookie.contains("Max-Age=0") ? nil : String(pair[1])
        }
        let text = String(decoding: response.body, as: UTF8.self)
        if text.contains("<html") { page = text }
        return response
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

extension WebResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
