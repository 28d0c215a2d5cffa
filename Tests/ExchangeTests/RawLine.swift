// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TLS or TCP connection on which a test says whatever it likes.
final class RawLine: Sendable {
    let channel: any Channel
    private let inbound: Inbound

    private init(channel: any Channel, inbound: Inbound) {
        self.channel = channel
        self.inbound = inbound
    }

    /// What came, before and after TLS.
    final class Inbound: Sendable {
        struct State { var bytes: [UInt8] = []; var isClosed = false }
        let state = Mutex(State())
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let inbound: Inbound
        init(_ inbound: Inbound) { self.inbound = inbound }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            inbound.state.withLock { $0.bytes += buffer.readableBytesView }
        }
        func channelInactive(context: ChannelHandlerContext) { inbound.state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbound.state.withLock { $0.isClosed = true }
            context.close(promise: nil)
        }
    }

    /// Keeps what stands on the wire in plain sight.
    final class Wire: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer
        let bytes = Mutex<[UInt8]>([])
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            bytes.withLock { $0 += buffer.readableBytesView }
            context.fireChannelRead(data)
        }
    }

    /// TCP alone.
    static func tcp(port: Int) async throws -> RawLine {
        let inbound = Inbound()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(Collector(inbound)) }
            .connect(host: "127.0.0.1", port: port).get()
        return RawLine(channel: channel, inbound: inbound)
    }

    /// TLS with a certificate of one's own, or none.
    static func tls(
        port: Int, root: Certificate, certificate: Certificate?, key: PrivateKey?, groups: [NIOTLSCurve]? = nil,
        wire: Wire? = nil,
        reads: Bool = true
    ) async throws -> RawLine {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: root.der, format: .der)])
        if let certificate, let key {
            configuration.certificateChain = [.certificate(try NIOSSLCertificate(bytes: certificate.der, format: .der))]
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.pkcs8(), format: .der))
        }
        configuration.curves = groups
        configuration.shutdownTimeout = .milliseconds(200)
        let context = try NIOSSLContext(configuration: configuration)
        let inbound = Inbound()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.autoRead, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let wire { try channel.pipeline.syncOperations.addHandler(wire) }
                    try channel.pipeline.syncOperations.addHandler(
                        try NIOSSLClientHandler(context: context, serverHostname: PracticeLine.host))
                    try channel.pipeline.syncOperations.addHandler(Collector(inbound))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawLine(channel: channel, inbound: inbound)
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    var received: [UInt8] { inbound.state.withLock { $0.bytes } }
    var isClosed: Bool { inbound.state.withLock { $0.isClosed } || !channel.isActive }

    /// Waits until `isDone` or the time is over.
    @discardableResult
    func wait(seconds: Double = 5, until isDone: @Sendable (RawLine) -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if isDone(self) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return isDone(self)
    }

    /// The status of the answer, once its head is there; `nil` if the line is closed before.
    func status(seconds: Double = 5) async throws -> Int? {
        try await wait(seconds: seconds) { $0.received.count > 12 || $0.isClosed }
        let text = String(decoding: received.prefix(12), as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 ") else { return nil }
        return Int(text.dropFirst(9))
    }

    func close() async { try? await channel.close() }
}

/// Stands between client and broker, copies what it sees, and cuts the line where a test wants.
final class Relay: Sendable {
    struct State {
        /// Cut after so many more bytes from the client, or to it.
        var cutUpward: Int?
        var cutDownward: Int?
        var upward: [UInt8] = []
        var downward: [UInt8] = []
        var cuts = 0
    }

    let state = Mutex(State())
    private let server: any Channel
    var port: Int { server.localAddress?.port ?? 0 }

    private init(server: any Channel) { self.server = server }

    private final class Half: ChannelInboundHandler, @unchecked Sendable {
        // @unchecked: both halves of one pair live on one event loop, and are wired before either reads.
        typealias InboundIn = ByteBuffer
        var other: (any Channel)?
        private var isCut = false
        let isUpward: Bool
        let take: @Sendable (Bool, ByteBuffer) -> (ByteBuffer, isLast: Bool)
        init(isUpward: Bool, take: @escaping @Sendable (Bool, ByteBuffer) -> (ByteBuffer, isLast: Bool)) {
            self.isUpward = isUpward
            self.take = take
        }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isCut { return }
            let (bytes, isLast) = take(isUpward, unwrapInboundIn(data))
            let written = other?.writeAndFlush(bytes)
            guard isLast else { return }
            isCut = true
            // A line does not break in the microsecond of its last byte: the end comes a moment later, the sockets go after it, so
            // that no reset swallows what was passed on.
            let channel = context.channel
            let pass = written ?? context.eventLoop.makeSucceededVoidFuture()
            context.eventLoop.scheduleTask(in: .milliseconds(50)) { [other] in
                pass.whenComplete { _ in other?.close(mode: .output, promise: nil) }
            }
            context.eventLoop.scheduleTask(in: .milliseconds(200)) { [other] in
                other?.close(promise: nil)
                channel.close(promise: nil)
            }
        }
        func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
    }

    static func start(to port: Int) async throws -> Relay {
        let holder = Holder()
        let take: @Sendable (Bool, ByteBuffer) -> (ByteBuffer, isLast: Bool) = { isUpward, bytes in
            holder.relay.withLock { $0 }?.pass(bytes, isUpward) ?? (bytes, false)
        }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(ChannelOptions.autoRead, value: false)
            .childChannelInitializer { child in
                let up = Half(isUpward: true, take: take)
                return child.pipeline.addHandler(up).flatMap {
                    ClientBootstrap(group: child.eventLoop).channelInitializer { target in
                        let down = Half(isUpward: false, take: take)
                        down.other = child
                        return target.pipeline.addHandler(down)
                    }.connect(host: "127.0.0.1", port: port)
                }.flatMap { target in
                    up.other = target
                    return child.setOption(ChannelOptions.autoRead, value: true)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let relay = Relay(server: server)
        holder.relay.withLock { $0 = relay }
        return relay
    }

    private final class Holder: Sendable { let relay = Mutex<Relay?>(nil) }

    private func pass(_ bytes: ByteBuffer, _ isUpward: Bool) -> (ByteBuffer, isLast: Bool) {
        state.withLock { state in
            let view = bytes.readableBytesView
            let left = isUpward ? state.cutUpward : state.cutDownward
            let passed = view.prefix(left ?? .max)
            if isUpward { state.upward += passed } else { state.downward += passed }
            guard let left else { return (bytes, false) }
            let next = left - view.count
            if next > 0 {
                if isUpward { state.cutUpward = next } else { state.cutDownward = next }
                return (bytes, false)
            }
            if isUpward { state.cutUpward = nil } else { state.cutDownward = nil }
            state.cuts += 1
            return (ByteBuffer(bytes: passed), true)
        }
    }

    func cut(upward: Int? = nil, downward: Int? = nil) {
        state.withLock {
            $0.cutUpward = upward
            $0.cutDownward = downward
        }
    }

    func stop() async { try? await server.close() }
}
