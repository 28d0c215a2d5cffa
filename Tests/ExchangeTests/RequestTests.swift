// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import MessageStore
import Procedure
import Sealing
import Testing

@Suite(.serialized) struct RequestTests {
    private struct Odd: CustomStringConvertible, Sendable {
        var description: String
        var request: String
        var status: Int?
        init(_ description: String, _ request: String, _ status: Int?) {
            self.description = description
            self.request = request
            self.status = status
        }
    }

    private static let host = "host: \(PracticeLine.host)\r\n"
    private static let digest = String(repeating: "a", count: 64)
    private static let proof = "/v1/log/proof/in.kheya.example/2027"
    private static let octets = "application/octet-stream"
    private static let leaf = String(repeating: "l", count: 32)

    private static func get(_ target: String, _ fields: String = "", method: String = "GET") -> String {
        "\(method) \(target) HTTP/1.1\r\n\(host)\(fields)\r\n"
    }

    private static func post(_ target: String, type: String, _ fields: String, _ body: String = "") -> String {
        "POST \(target) HTTP/1.1\r\n\(host)content-type: \(type)\r\n\(fields)\r\n\(body)"
    }

    private static let odd: [Odd] = [
        Odd("the control", get("/v1/changes"), 200),
        Odd("no such path", get("/v1/nothing"), 404), Odd("the root", get("/"), 404),
        Odd("a slash too many", get("/v1/changes/"), 404),
        Odd("two slashes", get("//v1/changes"), 404), Odd("another version", get("/v2/changes"), 404),
        Odd("percent signs", get("/v1/%63hanges"), 404),
        Odd("up and down", get("/v1/../v1/changes"), 404), Odd("capitals", get("/V1/changes"), 404),
        Odd("a name for a digest", get("/v1/parts/passwd", "range: bytes=0-1\r\n"), 404),
        Odd("a digest in capitals", get("/v1/parts/" + digest.uppercased(), "range: bytes=0-1\r\n"), 404),
        Odd("a digest too short", get("/v1/parts/" + digest.dropLast(), "range: bytes=0-1\r\n"), 404),
        Odd("an absolute target", get("https://\(PracticeLine.host)/v1/changes"), 200),
        Odd("wrong method", get("/v1/letters"), 405),
        Odd("wrong method for a part", get("/v1/parts/" + digest, method: "DELETE"), 405),
        Odd("OPTIONS", get("/v1/changes", method: "OPTIONS"), 405),
        Odd("TRACE", get("/v1/changes", method: "TRACE"), 405),
        Odd("POST to a mailbox", get("/v1/mailbox?limit=1&wait=0", "content-length: 0\r\n", method: "POST"), 405),
        Odd("a query where there is none", get("/v1/changes?x=1"), 400), Odd("no query", get("/v1/mailbox"), 400),
        Odd("limit 0", get("/v1/mailbox?limit=0&wait=0"), 400),
        Odd("limit 256", get("/v1/mailbox?limit=256&wait=0"), 200),
        Odd("limit 257", get("/v1/mailbox?limit=257&wait=0"), 400),
        Odd("wait 56", get("/v1/mailbox?limit=1&wait=56"), 400),
        Odd("a leading zero", get("/v1/mailbox?limit=01&wait=0"), 400),
        Odd("a sign", get("/v1/mailbox?limit=+1&wait=0"), 400),
        Odd("Bangla digits", get("/v1/mailbox?limit=%E0%A7%A7&wait=0"), 400),
        Odd("the other order", get("/v1/mailbox?wait=0&limit=1"), 400),
        Odd("a name twice", get("/v1/mailbox?limit=1&wait=0&wait=0"), 400),
        Odd("a proof of the log", get(proof + "?from=1&to=3"), 200),
        Odd("an empty proof", get(proof + "?from=3&to=3"), 200),
        Odd("a proof backwards", get(proof + "?from=3&to=1"), 400), Odd("no proof", get(proof), 400),
        Odd("a proof of no log", get("/v1/log/proof?from=1&to=3"), 404),
        Odd("half a proof", get(proof + "?from=1"), 400),
        Odd("a proof the other way round", get(proof + "?to=3&from=1"), 400),
        Odd("a proof beyond 2^53", get(proof + "?from=1&to=9007199254740993"), 400),
        Odd("a proof in hexadecimal", get(proof + "?from=0x1&to=3"), 400),
        Odd(
            "a proof that is posted", post(proof + "?from=1&to=3", type: "text/plain", "content-length: 0\r\n"),
            405),
        Odd("a proof with a body", get(proof + "?from=1&to=3", "content-length: 2\r\n") + "xx", 400),
        Odd("no range", get("/v1/parts/" + digest), 400),
        Odd("several ranges", get("/v1/parts/" + digest, "range: bytes=0-1,3-4\r\n"), 400),
        Odd("an open range", get("/v1/parts/" + digest, "range: bytes=0-\r\n"), 400),
        Odd("a backward range", get("/v1/parts/" + digest, "range: bytes=9-1\r\n"), 400),
        Odd("a range of 1,088 KiB", get("/v1/parts/" + digest, "range: bytes=0-1114111\r\n"), 404),
        Odd("a range of one more", get("/v1/parts/" + digest, "range: bytes=0-1114112\r\n"), 400),
        Odd("a body to a GET", get("/v1/changes", "content-length: 5\r\n") + "hello", 400),
        Odd("another host", "GET /v1/changes HTTP/1.1\r\nhost: localhost\r\n\r\n", 400),
        Odd("no host", "GET /v1/changes HTTP/1.1\r\n\r\n", 400),
        Odd("a host with a port", "GET /v1/changes HTTP/1.1\r\nhost: \(PracticeLine.host):8443\r\n\r\n", 200),
        Odd("wrong type", post("/v1/letters", type: "application/json", "content-length: 2\r\n", "{}"), 415),
        Odd(
            "a type with parameters",
            post("/v1/acknowledgements", type: "application/json; charset=utf-8", "content-length: 2\r\n", "{}"), 415),
        Odd(
            "a compressed body",
            post("/v1/letters", type: "application/x-tar", "content-encoding: gzip\r\ncontent-length: 2\r\n", "xx"), 415
        ),
        Odd("no length", post("/v1/letters", type: "application/x-tar", ""), 411),
        Odd(
            "chunks", post("/v1/letters", type: "application/x-tar", "transfer-encoding: chunked\r\n", "0\r\n\r\n"), 411
        ),
        Odd("a checkpoint that is fetched", get("/v1/witness/add-checkpoint"), 405),
        Odd(
            "a checkpoint with a query",
            post("/v1/witness/add-checkpoint?x=1", type: octets, "content-length: 2\r\n", "xx"), 400),
        Odd("a checkpoint", post("/v1/witness/add-checkpoint", type: octets, "content-length: 2\r\n", "xx"), 200),
        Odd(
            "a checkpoint of another size",
            post("/v1/witness/add-checkpoint", type: octets, "content-length: 1\r\n", "x"), 409),
        Odd(
            "a checkpoint as text",
            post("/v1/witness/add-checkpoint", type: "text/plain", "content-length: 2\r\n", "xx"), 415),
        Odd("a checkpoint without a length", post("/v1/witness/add-checkpoint", type: octets, ""), 411),
        Odd(
            "72 KiB and a byte of checkpoint",
            post("/v1/witness/add-checkpoint", type: octets, "content-length: 73729\r\n"), 413),
        Odd("no leaves", post("/v1/witness/leaves?from=0", type: octets, "content-length: 0\r\n"), 200),
        Odd("a leaf", post("/v1/witness/leaves?from=7", type: octets, "content-length: 32\r\n", leaf), 200),
        Odd(
            "a leaf and a byte", post("/v1/witness/leaves?from=7", type: octets, "content-length: 33\r\n", leaf + "x"),
            400),
        Odd("leaves from nowhere", post("/v1/witness/leaves", type: octets, "content-length: 32\r\n", leaf), 400),
        Odd("leaves from below", post("/v1/witness/leaves?from=-1", type: octets, "content-length: 32\r\n", leaf), 400),
        Odd(
            "leaves beyond 2^53",
            post("/v1/witness/leaves?from=9007199254740993", type: octets, "content-length: 32\r\n", leaf), 400),
        Odd("leaves that are fetched", get("/v1/witness/leaves?from=0"), 200),
        Odd("leaves that are fetched from nowhere", get("/v1/witness/leaves"), 400),
        Odd("leaves that are deleted", get("/v1/witness/leaves?from=0", method: "DELETE"), 405),
        Odd("a checkpoint that nobody recorded", get("/v1/witness/checkpoint"), 404),
        Odd("a recorded checkpoint of somebody", get("/v1/witness/checkpoint?from=0"), 400),
        Odd(
            "16,384 leaves and a byte", post("/v1/witness/leaves?from=0", type: octets, "content-length: 524289\r\n"),
            413),
        Odd("an empty archive", post("/v1/letters", type: "application/x-tar", "content-length: 0\r\n"), 400),
        Odd("no archive", post("/v1/letters", type: "application/x-tar", "content-length: 5\r\n", "hello"), 400),
        Odd(
            "4 MiB announced",
            post(
                "/v1/letters", type: "application/x-tar", "content-length: 4194304\r\n",
                String(repeating: "x", count: 512)), 400),
        Odd("4 MiB and a byte", post("/v1/letters", type: "application/x-tar", "content-length: 4194305\r\n"), 413),
        Odd(
            "a length beyond Int",
            post("/v1/letters", type: "application/x-tar", "content-length: 99999999999999999999999\r\n"), 400),
        Odd("a negative length", post("/v1/letters", type: "application/x-tar", "content-length: -1\r\n"), 400),
        Odd(
            "two lengths",
            post("/v1/letters", type: "application/x-tar", "content-length: 1\r\ncontent-length: 2\r\n", "x"), 400),
        Odd(
            "length and chunks",
            post(
                "/v1/letters", type: "application/x-tar", "content-length: 1\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\n"), 400),
        Odd("no JSON", post("/v1/acknowledgements", type: "application/json", "content-length: 2\r\n", "{}"), 400),
        Odd(
            "JSON of another spelling",
            post("/v1/acknowledgements", type: "application/json", "content-length: 8\r\n", #"{"v": 1}"#), 400),
        Odd(
            "JSON with more in it",
            post("/v1/acknowledgements", type: "application/json", "content-length: 13\r\n", #"{"v":1,"x":1}"#), 400),
        Odd(
            "JSON of another version",
            post("/v1/acknowledgements", type: "application/json", "content-length: 7\r\n", #"{"v":2}"#), 400),
        Odd(
            "nothing acknowledged",
            post("/v1/acknowledgements", type: "application/json", "content-length: 7\r\n", #"{"v":1}"#), 204),
        Odd("64 KiB and a byte of JSON", post("/v1/slips", type: "application/json", "content-length: 65537\r\n"), 413),
        Odd("a field of 4 KiB", get("/v1/changes", "x: \(String(repeating: "a", count: 4_096))\r\n"), 200),
        Odd("a field of 4 KiB and a byte", get("/v1/changes", "x: \(String(repeating: "a", count: 4_097))\r\n"), 431),
        Odd("64 fields", get("/v1/changes", String(repeating: "x: 1\r\n", count: 63)), 200),
        Odd("65 fields", get("/v1/changes", String(repeating: "x: 1\r\n", count: 64)), 431),
        Odd(
            "a head of 17 KiB",
            get("/v1/changes", String(repeating: "x: \(String(repeating: "a", count: 3_400))\r\n", count: 5)), 431),
        Odd("a path of 100 KB", get("/" + String(repeating: "a", count: 100_000)), 431),
        Odd("a folded field", get("/v1/changes", "x: a\r\n b\r\n"), 400),
        Odd("a space before the colon", get("/v1/changes", "x : a\r\n"), 400),
        Odd("a NUL in a field", get("/v1/changes", "x: a\0b\r\n"), 400),
        Odd("bare line feeds", "GET /v1/changes HTTP/1.1\nhost: \(PracticeLine.host)\n\n", 400),
        Odd("no HTTP", "hello, broker\r\n\r\n", 400), Odd("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        Odd("HTTP/0.9", "GET /v1/changes\r\n\r\n", 400), Odd("TLS inside TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400),
        Odd("CONNECT", "CONNECT \(PracticeLine.host):443 HTTP/1.1\r\n\(host)\r\n", 404),
        Odd("an upgrade", get("/v1/changes", "connection: upgrade\r\nupgrade: websocket\r\n"), 200),
    ]

    @Test func `each odd request has its answer, and the broker goes on`() async throws {
        try await PracticeLine.serving { line in
            let (member, key) = try line.member()
            for odd in Self.odd {
                let raw = try await RawLine.tls(
                    port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
                try? await raw.send(odd.request)
                let status = try await raw.status()
                #expect(status == odd.status, "\(odd.description)")
                await raw.close()
            }
            let failure = try await line.failure(member)
            #expect(failure == nil)
        }
    }

    @Test func `an answer quotes nothing that was sent and tells browsers to keep and guess nothing`() async throws {
        try await PracticeLine.serving { line in
            let (member, key) = try line.member()
            for request in [
                Self.get("/v1/CANARY"), Self.get("/v1/changes?CANARY"),
                Self.get("/v1/changes", "CANARY: CANARY\r\n", method: "CANARY"),
                Self.post("/v1/letters", type: "CANARY", "content-length: 6\r\n", "CANARY"),
                Self.post(
                    "/v1/acknowledgements", type: "application/json", "content-length: 14\r\n", #"{"CANARY":"x"}"#),
                "CANARY CANARY CANARY\r\n\r\n",
            ] {
                let raw = try await RawLine.tls(
                    port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
                try? await raw.send(request)
                try await raw.wait(seconds: 1) { $0.isClosed }
                let answer = String(decoding: raw.received, as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 4") && !answer.contains("CANARY"))
                await raw.close()
            }
            let raw = try await RawLine.tls(
                port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
            try await raw.send(Self.get("/v1/documents"))
            _ = try await raw.status()
            let answer = String(decoding: raw.received, as: UTF8.self).lowercased()
            #expect(answer.contains("x-content-type-options: nosniff") && answer.contains("cache-control: no-store"))
            #expect(!answer.contains("server:") && !answer.contains("hummingbird"))
            await raw.close()
        }
    }

    @Test func `many requests go over one connection`() async throws {
        try await PracticeLine.serving { line in
            let (member, key) = try line.member()
            let raw = try await RawLine.tls(
                port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
            // Ahead of their answers, and answers to them in their order.
            try await raw.send(
                String(repeating: Self.get("/v1/changes"), count: 20)
                    + Self.get("/v1/parts/" + Self.digest, "range: bytes=0-1\r\n"))
            try await raw.wait { String(decoding: $0.received, as: UTF8.self).contains(" 404 ") }
            let text = String(decoding: raw.received, as: UTF8.self)
            #expect(text.components(separatedBy: "HTTP/1.1 200").count == 21)
            try await raw.send(Self.get("/v1/changes"))
            try await raw.wait {
                String(decoding: $0.received, as: UTF8.self).components(separatedBy: "HTTP/1.1 200").count == 22
            }
            #expect(String(decoding: raw.received, as: UTF8.self).components(separatedBy: "HTTP/1.1 200").count == 22)
            await raw.close()
        }
    }
}
