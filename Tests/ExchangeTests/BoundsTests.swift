// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import Logging
import MessageStore
import NIOCore
import Procedure
import Sealing
import Synchronization
import Testing

@Suite(.serialized) struct BoundsTests {
    private static let changes = "GET /v1/changes HTTP/1.1\r\nhost: \(PracticeLine.host)\r\n\r\n"

    private static func raw(_ line: PracticeLine, _ member: (LinkIdentity, PrivateKey)) async throws -> RawLine {
        try await RawLine.tls(
            port: line.port, root: line.root.certificate, certificate: member.0.certificate, key: member.1)
    }

    private static func limits(_ change: (inout ExchangeLimits) -> Void) -> ExchangeLimits {
        var limits = ExchangeLimits()
        change(&limits)
        return limits
    }

    // MARK: Slow peers

    @Test func `a connection that never speaks TLS is closed`() async throws {
        try await PracticeLine.serving(limits: Self.limits { $0.handshakeSeconds = 1 }) { line in
            let silent = try await RawLine.tcp(port: line.port)
            let dripping = try await RawLine.tcp(port: line.port)
            for byte in [UInt8(0x16), 3, 1, 2] {
                try? await dripping.send([byte])
                try await Task.sleep(for: .milliseconds(200))
            }
            for raw in [silent, dripping] {
                let isClosed = try await raw.wait(seconds: 3) { $0.isClosed }
                #expect(isClosed)
            }
            let failure = try await line.failure(line.member().0)
            #expect(failure == nil)
        }
    }

    @Test func `a head that drips is closed, and so is a connection without a request`() async throws {
        try await PracticeLine.serving(limits: Self.limits { $0.headSeconds = 1 }) { line in
            let member = try line.member()
            let idle = try await Self.raw(line, member)
            let dripping = try await Self.raw(line, member)
            for byte in Self.changes.utf8.prefix(20) {
                try? await dripping.send([byte])
                try await Task.sleep(for: .milliseconds(100))
            }
            for raw in [idle, dripping] {
                let isClosed = try await raw.wait(seconds: 2) { $0.isClosed }
                #expect(isClosed)
            }
        }
    }

    @Test func `a body that drips is answered 408, and what came of a part is kept`() async throws {
        try await PracticeLine.serving(limits: Self.limits { $0.bodyWindowSeconds = 1 }) { line in
            let raw = try await Self.raw(line, try line.member())
            let part = Invented.bytes(50_000)
            try await raw.send(
                "PUT /v1/parts/\(Digest.sha256(part).hex) HTTP/1.1\r\nhost: \(PracticeLine.host)\r\ncontent-type: application/octet-stream\r\n"
                    + "content-length: 50000\r\ncontent-range: bytes 0-49999/50000\r\n\r\n")
            // Fast at first, so the first window is good; then a drip.
            try await raw.send(Array(part[..<20_000]))
            let sender = Task {
                for byte in part[20_000..<20_100] {
                    try await raw.send([byte])
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            let status = try await raw.status(seconds: 6)
            sender.cancel()
            #expect(status == 408)
            let isClosed = try await raw.wait { $0.isClosed }
            #expect(isClosed)
            let kept = await line.broker.partFiles[.sha256(part)]?.bytes.count ?? 0
            #expect(kept >= 20_000 && kept < 20_100)
        }
    }

    @Test func `a reader that takes nothing is closed`() async throws {
        try await PracticeLine.serving(limits: Self.limits { $0.stalledSeconds = 1 }) { line in
            let member = try line.member()
            let digest = await line.broker.set(part: Invented.bytes(1_000_000))
            let raw = try await Self.raw(line, member)
            try await raw.send(Self.changes)
            #expect(try await raw.status() == 200)
            try await raw.channel.setOption(ChannelOptions.autoRead, value: false).get()
            let get =
                "GET /v1/parts/\(digest.hex) HTTP/1.1\r\nhost: \(PracticeLine.host)\r\nrange: bytes=0-999999\r\n\r\n"
            let clock = ContinuousClock()
            let start = clock.now
            for _ in 0..<12 { try? await raw.send(get) }
            let isGone = try await eventually(seconds: 5) { line.server.connectionCount == 0 }
            #expect(isGone && clock.now - start > .milliseconds(900))
            let failure = try await line.failure(member.0)
            #expect(failure == nil)
            await raw.close()
        }
    }

    // MARK: Many

    @Test func `connections are counted by address and by peer`() async throws {
        try await PracticeLine.serving(
            limits: Self.limits {
                $0.connectionsPerAddress = 6; $0.connectionsPerPeer = 3
            }
        ) { line in
            let member = try line.member()
            let other = try line.member("in:other")
            var open: [RawLine] = []
            for _ in 0..<3 {
                let raw = try await Self.raw(line, member)
                try await raw.send(Self.changes)
                #expect(try await raw.status() == 200)
                open.append(raw)
            }
            // The fourth of this peer is closed; another peer is served.
            let fourth = try await Self.raw(line, member)
            try? await fourth.send(Self.changes)
            #expect(try await fourth.status() == nil)
            for _ in 0..<3 {
                let raw = try await Self.raw(line, other)
                try await raw.send(Self.changes)
                #expect(try await raw.status() == 200)
                open.append(raw)
            }
            // The seventh of this address has no TLS at all.
            let seventh = try await RawLine.tcp(port: line.port)
            let isClosed = try await seventh.wait { $0.isClosed }
            #expect(isClosed && seventh.received.isEmpty)
            await open[0].close()
            let isFree = try await eventually { line.server.connectionCount == 5 }
            #expect(isFree)
            let again = try await Self.raw(line, member)
            try await again.send(Self.changes)
            #expect(try await again.status() == 200)
            for raw in open + [again] { await raw.close() }
        }
    }

    @Test func `requests in work are counted by peer, and so are mailboxes that wait`() async throws {
        try await PracticeLine.serving(
            limits: Self.limits {
                $0.requestsPerPeer = 3; $0.waitsPerPeer = 2
            }
        ) { line in
            let (member, _) = try line.member()
            let (other, _) = try line.member("in:other")
            try await line.calling(member) { client in
                async let first = client.pull(limit: 1, waitSeconds: 20)
                async let second = client.pull(limit: 1, waitSeconds: 20)
                let areWaiting = try await eventually { await line.broker.waiting == 2 }
                #expect(areWaiting)
                await #expect(throws: ExchangeError(.busy, "")) { try await client.pull(limit: 1, waitSeconds: 20) }
                // One more request is in the count, and another peer is not disturbed.
                let changes = try await client.changes()
                let failure = try await line.failure(other)
                #expect(changes == 7 && failure == nil)
                await line.broker.set(mailbox: [Delivery(letter: Invented.letter(1))])
                let pulled = try await first.count + second.count
                #expect(pulled == 2)
            }
        }
    }

    @Test func `bodies are counted before they are read`() async throws {
        try await PracticeLine.serving(
            limits: Self.limits {
                $0.bodyBytesPerPeer = 150_000; $0.bodyBytes = 200_000
            }
        ) { line in
            let member = try line.member()
            let other = try line.member("in:other")
            func head(_ count: Int) -> String {
                "POST /v1/letters HTTP/1.1\r\nhost: \(PracticeLine.host)\r\ncontent-type: application/x-tar\r\ncontent-length: \(count)\r\n\r\n"
            }
            let first = try await Self.raw(line, member)
            try await first.send(head(100_000))
            try await Task.sleep(for: .milliseconds(200))
            let second = try await Self.raw(line, member)
            try await second.send(head(100_000))
            #expect(try await second.status() == 429)
            let third = try await Self.raw(line, other)
            try await third.send(head(120_000))
            #expect(try await third.status() == 503)
            await first.close()
            try await Task.sleep(for: .milliseconds(200))
            let fourth = try await Self.raw(line, other)
            try await fourth.send(head(120_000) + String(repeating: "\0", count: 120_000))
            #expect(try await fourth.status() == 400)
            for raw in [second, third, fourth] { await raw.close() }
        }
    }

    @Test func `among two hundred slow connections a good peer is served within a second`() async throws {
        try await PracticeLine.serving { line in
            let member = try line.member()
            let (good, _) = try line.member("in:good")
            var slow: [RawLine] = []
            for number in 0..<200 {
                if number % 2 == 0 {
                    slow.append(try await RawLine.tcp(port: line.port))
                } else {
                    let raw = try await Self.raw(line, member)
                    try await raw.send(
                        number % 4 == 1
                            ? "GET /v1/chan"
                            : "POST /v1/letters HTTP/1.1\r\nhost: \(PracticeLine.host)\r\ncontent-type: application/x-tar\r\ncontent-length: 40000\r\n\r\nx"
                    )
                    slow.append(raw)
                }
            }
            let clock = ContinuousClock()
            try await line.calling(good) { client in
                for seed in 1...50 {
                    let start = clock.now
                    _ = try await client.push([Invented.letter(UInt64(seed))], context: [])
                    #expect(clock.now - start < .seconds(1))
                }
            }
            for raw in slow { await raw.close() }
            let areGone = try await eventually { line.server.connectionCount == 0 }
            #expect(areGone)
        }
    }

    // MARK: Broken lines

    @Test func `sockets closed in each state leave nothing behind`() async throws {
        try await PracticeLine.serving { line in
            let member = try line.member()
            let digest = await line.broker.set(part: Invented.bytes(1_000_000))
            let states: [(String, @Sendable () async throws -> RawLine)] = [
                ("before TLS", { try await RawLine.tcp(port: line.port) }),
                (
                    "within the handshake",
                    {
                        let raw = try await RawLine.tcp(port: line.port)
                        try? await raw.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
                        return raw
                    }
                ),
                ("after the handshake", { try await Self.raw(line, member) }),
                (
                    "within a head",
                    {
                        let raw = try await Self.raw(line, member)
                        try? await raw.send("GET /v1/cha")
                        return raw
                    }
                ),
                (
                    "within a body",
                    {
                        let raw = try await Self.raw(line, member)
                        try await raw.send(
                            "POST /v1/letters HTTP/1.1\r\nhost: \(PracticeLine.host)\r\ncontent-type: application/x-tar\r\ncontent-length: 40000\r\n\r\n"
                                + String(repeating: "x", count: 600))
                        return raw
                    }
                ),
                (
                    "while a mailbox waits",
                    {
                        let raw = try await Self.raw(line, member)
                        try await raw.send(
                            "GET /v1/mailbox?limit=1&wait=50 HTTP/1.1\r\nhost: \(PracticeLine.host)\r\n\r\n")
                        let isWaiting = try await eventually { await line.broker.waiting == 1 }
                        #expect(isWaiting)
                        return raw
                    }
                ),
                (
                    "within an answer",
                    {
                        let raw = try await Self.raw(line, member)
                        try await raw.send(Self.changes)
                        #expect(try await raw.status() == 200)
                        try await raw.channel.setOption(ChannelOptions.autoRead, value: false).get()
                        for _ in 0..<8 {
                            try? await raw.send(
                                "GET /v1/parts/\(digest.hex) HTTP/1.1\r\nhost: \(PracticeLine.host)\r\nrange: bytes=0-999999\r\n\r\n"
                            )
                        }
                        return raw
                    }
                ),
                (
                    "after an answer",
                    {
                        let raw = try await Self.raw(line, member)
                        try await raw.send(Self.changes)
                        #expect(try await raw.status() == 200)
                        return raw
                    }
                ),
            ]
            for (state, reach) in states {
                for isReset in [false, true] {
                    let raw = try await reach()
                    try await Task.sleep(for: .milliseconds(30))
                    if isReset {
                        try? await (raw.channel as? any SocketOptionProvider)?.setSoLinger(
                            linger(l_onoff: 1, l_linger: 0)
                        ).get()
                    }
                    await raw.close()
                    let isGone = try await eventually { line.server.connectionCount == 0 }
                    #expect(isGone, "\(state)")
                    let isQuiet = try await eventually { await line.broker.waiting == 0 }
                    #expect(isQuiet, "\(state)")
                }
            }
            let failure = try await line.failure(member.0)
            #expect(failure == nil)
        }
    }

    @Test func `an upload cut every 64 KiB goes on inside the part`() async throws {
        try await PracticeLine.serving { line in
            let relay = try await Relay.start(to: line.port)
            let (member, _) = try line.member()
            let client = try line.client(member, port: relay.port)
            let part = Invented.bytes(600_000)
            let digest = Digest.sha256(part)
            var offset = 0
            var tries = 0
            while offset < part.count, tries < 40 {
                tries += 1
                // The handshake passes; 64 KiB of the body do, too.
                if offset + 65_536 < part.count { relay.cut(upward: 65_536 + 8_000) }
                do {
                    if case .stored(let count) = try await client.putPart(
                        digest, offset: offset, bytes: Array(part[offset...]), size: part.count)
                    {
                        offset = count
                    }
                } catch is ExchangeError {
                    relay.cut()
                    // The broker learns of the cut line when it does; what a reset swallowed is sent again.
                    let before = offset
                    _ = try await eventually(seconds: 1) {
                        if case .partial(let count) = try await client.partState(digest) { offset = count }
                        return offset > before
                    }
                }
            }
            #expect(await line.broker.partFiles[digest]?.bytes == part)
            #expect(tries > 5)
            let sent = relay.state.withLock { $0.upward.count }
            #expect(Double(sent) < 1.5 * Double(part.count), "little is sent twice: \(sent)")
            try await client.shutdown()
            await relay.stop()
        }
    }

    @Test func `a download cut every 64 KiB goes on inside the part`() async throws {
        try await PracticeLine.serving { line in
            let relay = try await Relay.start(to: line.port)
            let (member, _) = try line.member()
            let client = try line.client(member, port: relay.port)
            let part = Invented.bytes(600_000)
            let digest = await line.broker.set(part: part)
            var got: [UInt8] = []
            var tries = 0
            while got.count < part.count, tries < 60 {
                tries += 1
                if tries % 2 == 1 { relay.cut(downward: 65_536 + 4_000) } else { relay.cut() }
                do {
                    let (bytes, size) = try await client.part(
                        digest, offset: got.count, count: min(part.count - got.count, 100_000))
                    #expect(size == part.count && !bytes.isEmpty)
                    got += bytes
                } catch let error as ExchangeError { #expect(error.isTemporary) }
            }
            #expect(got == part)
            #expect(relay.state.withLock { $0.cuts } > 2)
            try await client.shutdown()
            await relay.stop()
        }
    }

    // MARK: The end

    @Test func `a broker that shuts down answers what waits and takes no more`() async throws {
        try await PracticeLine.serving { line in
            let (member, _) = try line.member()
            let client = try line.client(member)
            let wait = Task { try await client.pull(limit: 1, waitSeconds: 50) }
            let isWaiting = try await eventually { await line.broker.waiting == 1 }
            #expect(isWaiting)
            let clock = ContinuousClock()
            let start = clock.now
            await line.shutDown()
            await #expect(throws: ExchangeError(.busy, "")) { try await wait.value }
            #expect(clock.now - start < .seconds(2))
            let isEnded = try await eventually {
                do {
                    _ = try await client.changes()
                    return false
                } catch { return error as? ExchangeError == ExchangeError(.unreachable, "") }
            }
            #expect(isEnded)
            try await client.shutdown()
        }
    }

    @Test func `a broker that is not there is unreachable, soon`() async throws {
        let (link, _) = try PracticeLine.link(PracticeLine.authority("in:authority"), "in:asha-shelter")
        let client = try BrokerClient(
            host: PracticeLine.host, address: "127.0.0.1", port: 1, identity: link, roots: [link.certificate],
            logger: .init(label: "test"))
        await #expect(throws: ExchangeError(.unreachable, "")) { try await client.changes() }
        try await client.shutdown()
    }
}
