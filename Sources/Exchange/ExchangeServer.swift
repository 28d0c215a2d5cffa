// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import HummingbirdCore
internal import HummingbirdTLS
public import Logging
public import MessageStore
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
public import ServiceLifecycle

/// A broker's door: HTTP/1.1 over mutual TLS 1.3, each request mapped to one call of a ``BrokerConnection``.
///
/// It judges nothing but form and size. Who a peer is and what it may do, the closures say, at every request anew.
///
/// - SeeAlso: Protocols/Exchange.md.
public struct ExchangeServer: Service {
    private let identity: LinkIdentity
    private let address: String
    private let port: Int
    private let limits: ExchangeLimits
    private let judge: @Sendable (PeerIdentity) -> Bool
    private let peer: @Sendable (PeerIdentity) async -> (any BrokerConnection)?
    private let logger: Logger
    private let onRunning: (@Sendable (Int) async -> Void)?
    private let ledger: ConnectionLedger

    /// - Parameters:
    ///   - identity: the broker's link certificate, which names its hosts, and key.
    ///   - address: where to listen, an IP address.
    ///   - port: 0 for any free one.
    ///   - judge: whether the directory knows this certificate at all, expired or not. Asked in the handshake, on an event loop: fast.
    ///   - peer: what this certificate may ask now; `nil` is answered 403 and ends the connection. Asked at each request, and again
    ///     when its body is there. For an expired member a connection whose calls throw `.expired`, but `documents()`.
    ///   - onRunning: called once with the port that it listens on.
    public init(
        identity: LinkIdentity, address: String, port: Int, limits: ExchangeLimits = .standard,
        judge: @escaping @Sendable (PeerIdentity) -> Bool,
        peer: @escaping @Sendable (PeerIdentity) async -> (any BrokerConnection)?, logger: Logger,
        onRunning: (@Sendable (Int) async -> Void)? = nil
    ) {
        self.identity = identity
        self.address = address
        self.port = port
        self.limits = limits
        self.judge = judge
        self.peer = peer
        self.logger = logger
        self.onRunning = onRunning
        ledger = ConnectionLedger(limits: limits)
    }

    /// Serves until the service group shuts down gracefully or the task is cancelled: open requests are answered, mailboxes that
    /// wait are answered at once, idle connections are closed.
    public func run() async throws {
        let responder = ExchangeResponder(
            hosts: Set(identity.certificate.dnsNames.map { $0.lowercased() }), ledger: ledger, peer: peer,
            logger: logger)
        let tls = TLSChannelConfiguration(
            tlsConfiguration: LinkTLS.server(identity),
            customVerificationCallback: { [judge] chain, promise in
                // The leaf's digest decides, against the directory; a chain proves nothing that the directory does not.
                let isKnown =
                    (try? chain.first?.toDERBytes()).flatMap(PeerIdentity.init(certificate:)).map(judge) ?? false
                promise.succeed(isKnown ? .certificateVerified : .failed)
            })
        let http = HTTP1Channel(
            responder: { request, writer, channel in try await responder.respond(request, writer, channel) },
            configuration: .init(
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: ExchangeLimits.headFieldBytes, maxHeaderListSize: ExchangeLimits.headBytes,
                    maxHeaderFieldCount: ExchangeLimits.headFields)))
        let channel = GuardedChannel(base: try TLSChannel(http, configuration: tls), limits: limits, ledger: ledger)
        // Hummingbird's words may quote a peer; only its alarms pass.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        let server = channel.server(
            configuration: ServerConfiguration(address: .hostname(address, port: port), backlog: 256),
            onServerRunning: { [logger, onRunning] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("exchange.listening", metadata: ["port": "\(port)"])
                await onRunning?(port)
            }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        try await server.run()
        logger.info("exchange.ended")
    }

    /// After a change of the directory: closes every connection whose certificate is no longer known, within the second.
    public func recheck() {
        for (channel, peer) in ledger.connections where !judge(peer) {
            logger.notice("exchange.revoked", metadata: ["certificate": "\(peer.digest)"])
            channel.close(promise: nil)
        }
    }

    /// Open connections now, for metrics.
    public var connectionCount: Int { ledger.count }
}
