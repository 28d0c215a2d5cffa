// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import TestSupport
import Testing

@testable import Node

/// Protocols/Notices.md: what goes out, to whom, when, and that it says nothing.
@Suite struct NoticeTests {
    /// A node in Dhaka with a mail program that keeps what it was given, one file a message.
    private struct Desk {
        let nodes: PracticeNodes
        let box: URL
        var settings = NoticeSettings()

        init(exit: Int = 0) throws {
            nodes = try PracticeNodes()
            box = nodes.directory.appendingPathComponent("box")
            try FileManager.default.createDirectory(at: box, withIntermediateDirectories: true)
            let program = nodes.directory.appendingPathComponent("sendmail")
            try Data(
                """
                #!/bin/sh
                [ "$*" = "-i -t" ] || exit 64
                cat > "$(mktemp \(box.path)/XXXXXX)"
                exit \(exit)
                """.utf8
            ).write(to: program)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program.path)
            settings.sendmail = program.path
        }

        func service() throws -> NoticeService {
            NoticeService(
                desk: try nodes.desk(PracticeNodes.ngo), settings: settings,
                clock: { [clock = nodes.clock] in clock.now },
                logger: PracticeNodes.logger)
        }

        func account(
            _ name: String, _ role: Account.Role = .caseworker, _ language: String = "en", choice: NoticeChoice? = nil
        ) throws {
            try nodes.store(PracticeNodes.ngo).write { transaction in
                try transaction.put(
                    Account(
                        name: name, role: role, state: .active, language: language, slipUntil: nodes.clock.now,
                        created: nodes.clock.now))
                let choice = choice ?? NoticeChoice(mail: "\(name)@office.example", atOnce: true)
                try transaction.put(NoticeRecord(account: name, since: nodes.clock.now, choice: choice))
            }
        }

        func messages() throws -> [String] {
            try FileManager.default.contentsOfDirectory(at: box, includingPropertiesForKeys: nil).map {
                try String(contentsOf: $0, encoding: .utf8)
            }.sorted()
        }

        /// To the first moment at which clocks in Dhaka show this hour.
        func waitUntil(_ hour: Int64) {
            let local = nodes.clock.now.seconds + 21_600
            nodes.clock.advance(((hour * 3_600 - local % 86_400) + 86_400) % 86_400)
        }
    }

    private static let example: String = {
        let page = (try? PracticeNodes.read("Notices.md")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return page.split(separator: "```\n").dropFirst().first.map(String.init) ?? ""
    }()

    @Test func `whoever asked for it is told once of what came, in her language, byte for byte as specified`()
        async throws
    {
        let desk = try Desk()
        try desk.account("asha")
        try desk.account("rehana", .supervisor, "bn")
        try desk.account("quiet", choice: NoticeChoice())
        try desk.account("review", .auditor)
        let service = try desk.service()
        #expect(try await service.pass() == 0)
        var example = try ExampleCase(desk.nodes)
        _ = try example.send("01")
        try await desk.nodes.settle()
        #expect(try await service.pass() == 2)
        #expect(try await service.pass() == 0)
        let messages = try desk.messages()
        #expect(messages.count == 2)
        #expect(!Self.example.isEmpty)
        #expect(messages.contains(Self.example.replacing("asha@shelter.example", with: "asha@office.example")))
        let bangla = try #require(messages.first { $0.contains("rehana@") })
        let body = try #require(bangla.split(separator: "\n\n").last)
        let text = try #require(Data(base64Encoded: String(body), options: .ignoreUnknownCharacters))
        #expect(
            String(decoding: text, as: UTF8.self)
                == "খেয়ায় আপনার জন্য কিছু অপেক্ষা করছে। দেখতে সাইন ইন করুন।"
                .precomposedStringWithCanonicalMapping)
        // Another letter is told again.
        desk.nodes.clock.advance(60)
        _ = try example.send("02")
        _ = try example.send("03")
        try await desk.nodes.settle()
        #expect(try await service.pass() == 2)
    }

    @Test func `a digest waits for its time and quiet hours for their end, a stop for neither`() async throws {
        let desk = try Desk()
        try desk.account("digest", choice: NoticeChoice(mail: "digest@office.example"))
        try desk.account(
            "night", choice: NoticeChoice(mail: "night@office.example", atOnce: true, quietFrom: 21, quietTo: 7))
        desk.waitUntil(22)
        let service = try desk.service()
        var example = try ExampleCase(desk.nodes)
        _ = try example.send("01")
        try await desk.nodes.settle()
        #expect(try await service.pass() == 0)
        desk.waitUntil(7)
        #expect(try await service.pass() == 1)
        #expect(try desk.messages().allSatisfy { $0.contains("night@") })
        desk.waitUntil(10)
        desk.nodes.clock.advance(-1)
        #expect(try await service.pass() == 0)
        desk.nodes.clock.advance(901)
        #expect(try await service.pass() == 1)
        desk.waitUntil(23)
        let caseID = try #require(example.caseID)
        _ = try desk.nodes.desk(PracticeNodes.shelter).perform(
            Act(events: [Event(code: "SHARE_CONSENT_WITHDRAWN")], account: "caseworker"), in: caseID,
            at: desk.nodes.clock.now)
        try await desk.nodes.settle()
        #expect(try await service.pass() == 2)
    }

    @Test func `a mail program that fails is asked again later, and nobody counts as told`() async throws {
        var desk = try Desk(exit: 1)
        try desk.account("asha")
        let service = try desk.service()
        var example = try ExampleCase(desk.nodes)
        _ = try example.send("01")
        try await desk.nodes.settle()
        #expect(try await service.pass() == 0)
        #expect(try await service.pass() == 0)
        #expect(try desk.messages().count == 1, "it was asked again at once")
        desk.nodes.clock.advance(300)
        #expect(try await service.pass() == 0)
        #expect(try desk.messages().count == 2)
        // No such program at all: nobody is told, nothing fails.
        desk.settings.sendmail = desk.box.appendingPathComponent("none").path
        #expect(try await desk.service().pass() == 0)
    }

    @Test func `a mail program that never ends is ended, and nobody waits for it again at once`() throws {
        let desk = try Desk()
        let (program, mark) = (desk.box.appendingPathComponent("hangs"), desk.box.appendingPathComponent("pid"))
        try Data("#!/bin/sh\ntrap '' TERM\necho $$ > \(mark.path)\nwhile :; do sleep 1; done\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program.path)
        let start = ContinuousClock.now
        #expect(throws: Sendmail.Fault.self) { try Sendmail.send([], by: program.path, patience: 1) }
        #expect(ContinuousClock.now - start < .seconds(20))
        let pid = try #require(
            Int32(String(contentsOf: mark, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, 0) == -1, "it still runs")
    }

    @Test func `an address is no second line, no second address and no option`() {
        #expect(NoticeSettings.isAddress("asha.k+kheya@shelter-1.example"))
        for wrong in [
            "", "asha", "@x.example", "asha@", "a@b@c", "a b@c.example", "a@c.example\nBcc: d@e.example",
            "a@c.example,d@e",
            "আশা@x.example", String(repeating: "a", count: 250) + "@x.example", "<a@c.example>", "a@c.example;",
        ] {
            #expect(!NoticeSettings.isAddress(wrong), "\(wrong)")
        }
    }

    @Test(arguments: [
        ("notify_sendmail", JSONValue.string("sendmail")), ("notify_from", .string("nobody")),
        ("notify_times", .array([])), ("notify_times", .array([.string("25:00")])), ("notify_quiet", .string("7-7")),
        ("notify_quiet", .string("21")), ("notify_webhook", .string("http://x.example/")),
        ("notify_webhook", .string("https://x.example/")), ("notify_webhook_key", .string("/nowhere")),
    ])
    func `a setting that is not right is named`(name: String, value: JSONValue) throws {
        let home = HomeSettings(kind: .member, id: PracticeNodes.ngo, name: "Practice", options: [name: value])
        let error = #expect(throws: MembershipError.self) { try NoticeSettings(home) }
        #expect(error?.reason.contains("options.notify_") == true)
    }

    @Test func `a webhook gets one signed body over TLS, and only where its certificate is the one expected`()
        async throws
    {
        var desk = try Desk()
        let stock = try StockCommand()
        for name in ["good", "other"] {
            let made = try stock.run(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout \(name).key -out \(name).pem"
            )
            try #require(made.status == 0, "\(made.output)")
        }
        let receiver = try Receiver(in: stock.folder)
        defer { receiver.end() }
        let key = Array("thirty-two bytes and some more of a key".utf8)
        try stock.write(key, "hook.key")
        func path(_ name: String) -> JSONValue { .string(stock.folder.appending(path: name).path) }
        func settings(root: String) throws -> NoticeSettings {
            try NoticeSettings(
                HomeSettings(
                    kind: .member, id: PracticeNodes.ngo, name: "Practice",
                    options: [
                        "notify_sendmail": .string("off"),
                        "notify_webhook": .string("https://localhost:\(receiver.port)/kheya"),
                        "notify_webhook_key": path("hook.key"), "notify_webhook_root": path(root),
                    ]))
        }
        desk.settings = try settings(root: "good.pem")
        let service = try desk.service()
        #expect(try await service.pass() == 0)
        var example = try ExampleCase(desk.nodes)
        _ = try example.send("01")
        try await desk.nodes.settle()
        desk.nodes.clock.advance(86_400)
        // A receiver that is somebody else is told nothing.
        desk.settings = try settings(root: "other.pem")
        #expect(try await desk.service().pass() == 0)
        #expect(try receiver.requests().isEmpty)
        #expect(try await service.pass() == 1)
        #expect(try await service.pass() == 0)
        let request = try #require(try receiver.requests().first)
        let body = #"{"notice":"something-waits"}"#
        let seconds = desk.nodes.clock.now.seconds
        let code = HMACSHA256.code(Array("\(seconds).\(body)".utf8), key: key)
        #expect(request["body"] == body)
        #expect(request["signature"] == "t=\(seconds),v1=\(Digest(code)?.hex ?? "")")
        #expect(request["path"] == "/kheya")
    }
}

/// A program of the organisation's own that is called: Python's HTTP server over TLS.
private final class Receiver {
    let port: Int
    private let process = Process()
    private let log: URL

    init(in folder: URL) throws {
        log = folder.appending(path: "requests")
        try Data().write(to: log)
        let program = """
            import http.server, json, ssl, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["content-length"])).decode()
                    with open("requests", "a") as log:
                        log.write(json.dumps({"path": self.path, "body": body,
                                              "signature": self.headers["kheya-signature"]}) + "\\n")
                    self.send_response(204); self.end_headers()
                def log_message(self, *_): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain("good.pem", "good.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", program]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// A child inherits which signals its parent ignores: only this one is never ignored.
    func end() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func requests() throws -> [[String: String]] {
        try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
    }
}
