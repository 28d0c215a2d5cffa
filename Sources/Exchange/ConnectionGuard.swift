// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NIOTLS

/// Keeps one connection within its bounds: time for handshake, head and body, a reader that stalls, a head that is too large, and
/// the end of a connection that was refused. Stands between HTTP's decoder and the rest; lives on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ExchangeLimits
    private let ledger: ConnectionLedger
    private var pace: ConnectionPace
    private var running = ConnectionPace.Timer.none
    private var scheduled: Scheduled<Void>?
    private var stalled: Scheduled<Void>?
    private var isClosingAnswer = false
    /// A refused connection's further bytes are dropped here.
    private var isDeaf = false

    init(limits: ExchangeLimits, ledger: ConnectionLedger) {
        self.limits = limits
        self.ledger = ledger
        pace = ConnectionPace(windowBytes: limits.bodyWindowBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        scheduled?.cancel()
        stalled?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            guard let leaf = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes(),
                let peer = PeerIdentity(certificate: leaf), ledger.identify(context.channel, as: peer)
            else { return context.close(promise: nil) }
            pace.secured()
            arm(context)
        }
        context.fireUserInboundEventTriggered(event)
        // A peer that says no more is gone: no client of ours closes one half, and a mailbox must not wait for nobody. Only what
        // came of a body is still taken in.
        guard case .inputClosed? = event as? ChannelEvent else { return }
        if pace.isReadingBody {
            pace.linger()
            arm(context)
        } else {
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDeaf { return }
        switch unwrapInboundIn(data) {
        case .head: pace.head()
        case .body(let bytes): pace.body(bytes.readableBytes)
        case .end: pace.requestEnd()
        }
        arm(context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): isClosingAnswer = head.headers["connection"].contains("close")
        case .body: break
        case .end:
            pace.answerEnd(closing: isClosingAnswer)
            guard isClosingAnswer else { break }
            context.writeAndFlush(data, promise: promise)
            return linger(context)
        }
        arm(context)
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder's errors while no request is open have nobody else to answer them.
        guard let error = error as? HTTPParserError, !pace.hasOpenRequest, !isDeaf else {
            return context.fireErrorCaught(error)
        }
        refuse(context, error == .headerOverflow ? .headTooLarge : .badRequest)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled = nil
        if !context.channel.isWritable {
            stalled = schedule(context, seconds: limits.stalledSeconds) { $1.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Timer

    private func arm(_ context: ChannelHandlerContext) {
        guard pace.timer != running else { return }
        restart(context)
    }

    private func restart(_ context: ChannelHandlerContext) {
        scheduled?.cancel()
        scheduled = nil
        running = pace.timer
        let seconds: Int
        switch running {
        case .handshake: seconds = limits.handshakeSeconds
        case .head: seconds = limits.headSeconds
        case .body: seconds = limits.bodyWindowSeconds
        case .linger: seconds = limits.lingerSeconds
        case .none: return
        }
        scheduled = schedule(context, seconds: seconds) { $0.expired($1) }
    }

    private func expired(_ context: ChannelHandlerContext) {
        switch pace.expired() {
        case .close: context.close(promise: nil)
        case .again: restart(context)
        case .tooSlow:
            // The reader of the body throws, keeps what came, and answers 408.
            running = .none
            context.fireErrorCaught(ExchangeFault.tooSlow)
        }
    }

    private func schedule(
        _ context: ChannelHandlerContext, seconds: Int,
        _ body: @escaping (ConnectionGuard, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        let bound = NIOLoopBound((self, context, body), eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
            let (guarding, context, body) = bound.value
            body(guarding, context)
        }
    }

    // MARK: Ending

    private func refuse(_ context: ChannelHandlerContext, _ fault: ExchangeFault) {
        let body = fault.body
        let headers: HTTPHeaders = [
            "connection": "close", "content-length": String(body.count), "content-type": MediaType.json,
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: fault.status.code), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    /// Says goodbye and waits a moment: a socket closed with bytes unread resets, and the peer would lose the answer.
    private func linger(_ context: ChannelHandlerContext) {
        isDeaf = true
        pace.linger()
        arm(context)
        context.close(mode: .output, promise: nil)
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
