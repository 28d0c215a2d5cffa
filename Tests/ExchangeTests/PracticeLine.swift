// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import Letters
import Logging
import MessageStore
import Procedure
import Sealing
import ServiceLifecycle
import Synchronization

/// A pilot authority of invented organisations, a broker's door on loopback, and whoever knocks at it.
final class PracticeLine: Sendable {
    static let host = "broker.kheya.example"
    static let now = Int64(Date().timeIntervalSince1970)

    let root: CertificateIssuer
    let brokerLink: LinkIdentity
    let broker = MemoryBroker()
    let server: ExchangeServer
    /// Certificates that the directory lists.
    let known: Known
    private let group: ServiceGroup
    private let portValue = Mutex(0)

    final class Known: Sendable {
        private let digests = Mutex<Set<[UInt8]>>([])
        func insert(_ certificate: Certificate) { digests.withLock { _ = $0.insert(certificate.digest) } }
        func remove(_ certificate: Certificate) { digests.withLock { _ = $0.remove(certificate.digest) } }
        func contains(_ digest: [UInt8]) -> Bool { digests.withLock { $0.contains(digest) } }
    }

    var port: Int { portValue.withLock { $0 } }

    init(limits: ExchangeLimits = .standard, serverLink: ((CertificateIssuer) throws -> LinkIdentity)? = nil) throws {
        root = try Self.authority("in:authority")
        brokerLink = try serverLink?(root) ?? Self.link(root, "in:broker", dnsNames: [Self.host]).0
        let known = Known()
        self.known = known
        var logger = Logger(label: "exchange.test")
        logger.logLevel = .critical
        let started = Started()
        server = ExchangeServer(
            identity: brokerLink, address: "127.0.0.1", port: 0, limits: limits,
            judge: { known.contains($0.digest.bytes) },
            peer: { [broker] in known.contains($0.digest.bytes) ? broker : nil }, logger: logger,
            onRunning: { await started.set($0) })
        group = ServiceGroup(
            configuration: .init(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger
            ))
        self.started = started
    }

    private let started: Started

    actor Started {
        private var port: Int?
        func set(_ port: Int) { self.port = port }
        func wait() async throws -> Int {
            while port == nil { try await Task.sleep(for: .milliseconds(5)) }
            return port ?? 0
        }
    }

    /// Serves while `body` runs.
    static func serving<Value: Sendable>(
        limits: ExchangeLimits = .standard, serverLink: ((CertificateIssuer) throws -> LinkIdentity)? = nil,
        _ body: @escaping @Sendable (PracticeLine) async throws -> Value
    ) async throws -> Value {
        let line = try PracticeLine(limits: limits, serverLink: serverLink)
        return try await withThrowingTaskGroup(of: Void.self, returning: Value.self) { tasks in
            tasks.addTask { try await line.group.run() }
            let port = try await line.started.wait()
            line.portValue.withLock { $0 = port }
            let result: Result<Value, any Error>
            do { result = .success(try await body(line)) } catch { result = .failure(error) }
            await line.group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    static func authority(_ name: String) throws -> CertificateIssuer {
        try CertificateIssuer.selfSigned(
            subject: DistinguishedName(commonName: name, organisation: nil, country: nil),
            key: try PrivateKey.generate(),
            notBefore: now - 3_600, notAfter: now + 86_400 * 365)
    }

    static func link(
        _ issuer: CertificateIssuer, _ name: String, dnsNames: [String] = [], notBefore: Int64 = now - 3_600,
        notAfter: Int64 = now + 86_400, kind: CertificateKind = .link
    ) throws -> (LinkIdentity, PrivateKey) {
        let key = try PrivateKey.generate()
        let certificate = try issuer.issue(
            kind, subject: DistinguishedName(commonName: name, organisation: nil, country: nil),
            publicKey: key.publicKey,
            dnsNames: dnsNames, notBefore: notBefore, notAfter: notAfter)
        return (try LinkIdentity(certificate: certificate, key: key), key)
    }

    /// A member of the directory.
    func member(_ name: String = "in:asha-shelter") throws -> (LinkIdentity, PrivateKey) {
        let (link, key) = try Self.link(root, name)
        known.insert(link.certificate)
        return (link, key)
    }

    func client(
        _ link: LinkIdentity, host: String = PracticeLine.host, roots: [Certificate]? = nil, port: Int? = nil
    ) throws -> BrokerClient {
        var logger = Logger(label: "exchange.test.client")
        logger.logLevel = .critical
        return try BrokerClient(
            host: host, address: "127.0.0.1", port: port ?? self.port, identity: link,
            roots: roots ?? [root.certificate], logger: logger)
    }

    /// Calls with a member's client, and closes it.
    func calling<Value: Sendable>(
        _ link: LinkIdentity? = nil, host: String = PracticeLine.host, roots: [Certificate]? = nil,
        _ body: (BrokerClient) async throws -> Value
    ) async throws -> Value {
        let client = try client(try link ?? member().0, host: host, roots: roots)
        let result: Result<Value, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        try await client.shutdown()
        return try result.get()
    }

    /// The code with which a call fails; `nil` if it does not.
    func failure(_ link: LinkIdentity, host: String = PracticeLine.host, roots: [Certificate]? = nil) async throws
        -> ExchangeError.Code?
    {
        do {
            _ = try await calling(link, host: host, roots: roots) { try await $0.changes() }
            return nil
        } catch let error as ExchangeError { return error.code }
    }
}

/// Bytes and letters that need mean nothing.
enum Invented {
    /// 2 KiB of noise, again and again: enough to differ, and quick where nothing is optimised.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var noise: [UInt8] = []
        for _ in 0..<min(count, 2_048) {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            noise.append(UInt8(truncatingIfNeeded: state >> 32))
        }
        var bytes = noise
        bytes.reserveCapacity(count + 2_048)
        while bytes.count < count { bytes += noise }
        return Array(bytes.prefix(count))
    }

    static func digest(_ seed: UInt64) -> Digest { .sha256(bytes(32, seed: seed)) }

    static func letter(_ seed: UInt64, parts sizes: [Int] = [600, 40_000]) -> LetterBundle {
        var parts: [Digest: [UInt8]] = [:]
        for (index, size) in sizes.enumerated() {
            let part = bytes(size, seed: seed &* 100 &+ UInt64(index) &+ 1)
            parts[.sha256(part)] = part
        }
        return LetterBundle(id: digest(seed), slip: bytes(1_500, seed: seed), parts: parts)
    }

    /// A real directory letter, so that it passes the gate.
    static func document(_ root: CertificateIssuer, key: PrivateKey, version: Int64) throws -> SignedFile {
        let file = Array(#"{"version":\#(version)}"#.utf8)
        guard let from = MemberID("in:authority") else { throw LetterError(.malformed, "member") }
        let slip = Slip(
            type: .directory, lane: .normal, from: from, to: [],
            file: FileReference(digest: .sha256(file), version: version),
            at: Instant(seconds: PracticeLine.now))
        let signed = try SignedSlip.sign(slip, by: SigningIdentity(certificate: root.certificate, key: key))
        return SignedFile(slip: signed.file, file: file)
    }
}

/// Whether something becomes true within a few seconds.
func eventually(seconds: Double = 3, _ isTrue: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try await isTrue() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await isTrue()
}
