// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Hummingbird's TLS and HTTP/1.1, counted and bounded.
struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let base: TLSChannel<HTTP1Channel>
    let limits: ExchangeLimits
    let ledger: ConnectionLedger

    /// Too many connections: this one is closed before its first byte.
    private struct TooMany: Error {}

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        guard ledger.open(channel) else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(TooMany())
        }
        channel.closeFuture.whenComplete { [ledger] _ in ledger.close(channel) }
        return base.setup(channel: channel, logger: logger).flatMapThrowing { [limits, ledger] value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(EndAfterData(), position: .first)
            try pipeline.addHandler(ConnectionGuard(limits: limits, ledger: ledger), position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Lets TLS hand on what it has before it hears that no more comes.
///
/// TLS unwraps at the end of a read; where data and the line's end are read together, the end would overtake the data, and the last
/// 64 KiB of a cut upload would be lost.
private final class EndAfterData: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { context.fireChannelReadComplete() }
        context.fireUserInboundEventTriggered(event)
    }
}
