// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import MessageStore
import NIOSSL
import Procedure
import Sealing
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct LineSecurityTests {
    @Test func `of all certificates only the directory's pass`() async throws {
        try await PracticeLine.serving { line in
            let stranger = try PracticeLine.authority("xx:authority")
            let (member, _) = try line.member()
            #expect(try await line.failure(member) == nil)
            // Same root, not in the directory; another root; self-signed; the authority's own certificate.
            #expect(try await line.failure(PracticeLine.link(line.root, "in:not-listed").0) == .notTrusted)
            #expect(try await line.failure(PracticeLine.link(stranger, "in:asha-shelter").0) == .notTrusted)
            let key = try PrivateKey.generate()
            let own = try CertificateIssuer.selfSigned(
                subject: DistinguishedName(commonName: "in:asha-shelter", organisation: nil, country: nil), key: key,
                notBefore: PracticeLine.now - 60, notAfter: PracticeLine.now + 600)
            #expect(try await line.failure(LinkIdentity(certificate: own.certificate, key: key)) == .notTrusted)
            for kind in [CertificateKind.sign, .seal] {
                #expect(
                    try await line.failure(PracticeLine.link(line.root, "in:asha-shelter", kind: kind).0) == .notTrusted
                )
            }
            // None at all.
            let raw = try await RawLine.tls(port: line.port, root: line.root.certificate, certificate: nil, key: nil)
            try? await raw.send("GET /v1/changes HTTP/1.1\r\nhost: \(PracticeLine.host)\r\n\r\n")
            #expect(try await raw.status() == nil)
            #expect(raw.isClosed)
            #expect(try await line.failure(member) == nil)
        }
    }

    @Test func `a broker is known by its chain to the pinned root and its name`() async throws {
        let now = PracticeLine.now
        let stranger = try PracticeLine.authority("in:authority")
        let host = PracticeLine.host
        let wrong: [(String, @Sendable (CertificateIssuer) throws -> LinkIdentity)] = [
            (
                "another root of the same name",
                { _ in try PracticeLine.link(stranger, "in:broker", dnsNames: [host]).0 }
            ),
            ("another name", { try PracticeLine.link($0, "in:broker", dnsNames: ["other.kheya.example"]).0 }),
            (
                "expired",
                {
                    try PracticeLine.link(
                        $0, "in:broker", dnsNames: [host], notBefore: now - 7_200, notAfter: now - 3_600
                    ).0
                }
            ),
            ("not yet valid", { try PracticeLine.link($0, "in:broker", dnsNames: [host], notBefore: now + 3_600).0 }),
        ]
        for (reason, link) in wrong {
            try await PracticeLine.serving(serverLink: link) { line in
                let failure = try await line.failure(line.member().0)
                #expect(failure == .notTrusted, "\(reason)")
            }
        }
        // The control: the same way with a right one.
        try await PracticeLine.serving(serverLink: { try PracticeLine.link($0, "in:broker", dnsNames: [host]).0 }) {
            line in
            let failure = try await line.failure(line.member().0)
            #expect(failure == nil)
        }
    }

    @Test func `nothing but TLS 1.3 with our groups and suites is spoken`() async throws {
        try await PracticeLine.serving { line in
            let stock = try StockCommand()
            let (member, key) = try line.member()
            try stock.write(member.certificate.pem, "m.crt")
            try stock.write(try key.encryptedPEM(password: Array("test".utf8)), "m.pem")
            try stock.write(line.root.certificate.pem, "root.crt")
            let common =
                "s_client -connect 127.0.0.1:\(line.port) -servername \(PracticeLine.host) -CAfile root.crt -verify_return_error -cert m.crt -key m.pem -pass pass:test -brief"
            for options in [
                "-tls1_3", "-tls1_3 -groups X25519", "-tls1_3 -groups P-256",
                "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384",
            ] {
                let result = try stock.run("\(common) \(options)")
                #expect(
                    result.status == 0 && result.output.contains("Protocol version: TLSv1.3"),
                    "\(options): \(result.output)")
            }
            for options in [
                "-tls1_2", "-tls1_1 -cipher ALL:@SECLEVEL=0", "-tls1 -cipher ALL:@SECLEVEL=0", "-tls1_3 -groups P-521",
                "-tls1_3 -groups X448",
                "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256",
            ] {
                let result = try stock.run("\(common) \(options)")
                #expect(
                    result.status != 0 && !result.output.contains("CONNECTION ESTABLISHED"),
                    "\(options): \(result.output)")
            }
        }
    }

    @Test func `the hybrid group is negotiated, and no member's name stands on the wire`() async throws {
        try await PracticeLine.serving { line in
            let relay = try await Relay.start(to: line.port)
            let (member, _) = try line.member("in:a-name-of-no-other")
            let client = try line.client(member, port: relay.port)
            _ = try await client.push([Invented.letter(1)], context: [])
            try await client.shutdown()
            await relay.stop()
            let (up, down) = relay.state.withLock { ($0.upward, $0.downward) }
            #expect(Hello.group(in: down) == 0x11EC)
            #expect(Hello.names("in:a-name-of-no-other", in: up + down) == 0)
            #expect(Hello.names("asha", in: up + down) == 0)
            // The control: the broker's neutral name is there, in the SNI.
            #expect(Hello.names(PracticeLine.host, in: up) == 1)
        }
    }

    @Test func `a peer revoked between two requests is refused at the next, and its connection ends`() async throws {
        try await PracticeLine.serving { line in
            let (member, key) = try line.member()
            let raw = try await RawLine.tls(
                port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
            let request = "GET /v1/changes HTTP/1.1\r\nhost: \(PracticeLine.host)\r\n\r\n"
            try await raw.send(request)
            #expect(try await raw.status() == 200)
            let first = raw.received.count
            line.known.remove(member.certificate)
            try await raw.send(request)
            let isClosed = try await raw.wait { $0.isClosed }
            let text = String(decoding: raw.received.dropFirst(first), as: UTF8.self)
            #expect(isClosed && text.contains("HTTP/1.1 403") && text.contains(#""code":"forbidden""#))
            #expect(try await line.failure(member) == .notTrusted)
        }
    }

    @Test func `a directory update ends what a revoked peer has open within a second`() async throws {
        try await PracticeLine.serving { line in
            let (member, _) = try line.member()
            let (other, _) = try line.member("in:other")
            let client = try line.client(member)
            let clock = ContinuousClock()
            let wait = Task { try await client.pull(limit: 1, waitSeconds: 30) }
            try await Task.sleep(for: .milliseconds(300))
            line.known.remove(member.certificate)
            let start = clock.now
            line.server.recheck()
            let result = await wait.result
            #expect(clock.now - start < .seconds(1))
            #expect(throws: ExchangeError(.unreachable, "")) { try result.get() }
            let isCancelled = try await eventually { await line.broker.cancelledWaits == 1 }
            #expect(isCancelled)
            try await client.shutdown()
            let failure = try await line.failure(other)
            #expect(failure == nil)
        }
    }

    @Test func `a revoked peer's body is judged again when it is there`() async throws {
        try await PracticeLine.serving { line in
            let (member, key) = try line.member()
            let part = Invented.bytes(100_000)
            let raw = try await RawLine.tls(
                port: line.port, root: line.root.certificate, certificate: member.certificate, key: key)
            try await raw.send(
                "PUT /v1/parts/\(Digest.sha256(part).hex) HTTP/1.1\r\nhost: \(PracticeLine.host)\r\ncontent-type: application/octet-stream\r\n"
                    + "content-length: 100000\r\ncontent-range: bytes 0-99999/100000\r\n\r\n")
            try await raw.send(Array(part[..<50_000]))
            try await Task.sleep(for: .milliseconds(100))
            line.known.remove(member.certificate)
            try await raw.send(Array(part[50_000...]))
            #expect(try await raw.status() == 403)
            #expect(await line.broker.partFiles.isEmpty)
        }
    }
}

/// What a passer-by reads of a handshake.
enum Hello {
    /// The group of the server's key share (RFC 8446 §4.2.8), which stands in the clear.
    static func group(in bytes: [UInt8]) -> Int? {
        // record (5), handshake head (4), version (2), random (32), session id, suite (2), compression (1), extensions (2).
        guard bytes.count > 80, bytes[0] == 22, bytes[5] == 2 else { return nil }
        var position = 5 + 4 + 2 + 32
        position += 1 + Int(bytes[position]) + 2 + 1
        let end = position + 2 + (Int(bytes[position]) << 8 | Int(bytes[position + 1]))
        position += 2
        while position + 4 < min(end, bytes.count) {
            let kind = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            let count = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            if kind == 0x33 { return Int(bytes[position + 4]) << 8 | Int(bytes[position + 5]) }
            position += 4 + count
        }
        return nil
    }

    static func names(_ name: String, in bytes: [UInt8]) -> Int {
        let data = Data(bytes)
        var count = 0
        var start = data.startIndex
        while let found = data.range(of: Data(name.utf8), in: start..<data.endIndex) {
            count += 1
            start = found.upperBound
        }
        return count
    }
}
