// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Procedure
internal import Synchronization

/// Who is connected and what is in work: the counts that bound a flood.
final class ConnectionLedger: Sendable {
    private struct Connection {
        let channel: any Channel
        let address: String
        var peer: PeerIdentity?
        /// Ends a waiting mailbox when its connection goes.
        var wake: (@Sendable () -> Void)?
    }

    private struct Share {
        var connections = 0
        var requests = 0
        var waits = 0
        var bodyBytes = 0
        var isIdle: Bool { connections == 0 && requests == 0 && waits == 0 && bodyBytes == 0 }
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var addresses: [String: Int] = [:]
        var peers: [Digest: Share] = [:]
        var requests = 0
        var bodyBytes = 0
    }

    private let limits: ExchangeLimits
    private let state = Mutex(State())

    init(limits: ExchangeLimits) { self.limits = limits }

    /// Counts a connection that was just accepted.
    ///
    /// - Returns: `false` if there are too many; the caller closes it before a single TLS byte.
    func open(_ channel: any Channel) -> Bool {
        let address = channel.remoteAddress?.ipAddress ?? "-"
        return state.withLock { state in
            guard state.connections.count < limits.connections,
                state.addresses[address, default: 0] < limits.connectionsPerAddress
            else { return false }
            state.connections[ObjectIdentifier(channel)] = Connection(channel: channel, address: address)
            state.addresses[address, default: 0] += 1
            return true
        }
    }

    /// Notes whose connection it is, once TLS knows.
    ///
    /// - Returns: `false` if this peer has too many.
    func identify(_ channel: any Channel, as peer: PeerIdentity) -> Bool {
        state.withLock { state in
            guard state.connections[ObjectIdentifier(channel)] != nil,
                state.peers[peer.digest, default: Share()].connections < limits.connectionsPerPeer
            else { return false }
            state.connections[ObjectIdentifier(channel)]?.peer = peer
            state.peers[peer.digest, default: Share()].connections += 1
            return true
        }
    }

    func close(_ channel: any Channel) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard let connection = state.connections.removeValue(forKey: ObjectIdentifier(channel)) else { return nil }
            let left = state.addresses[connection.address, default: 1] - 1
            state.addresses[connection.address] = left > 0 ? left : nil
            if let peer = connection.peer { Self.change(&state, peer) { $0.connections -= 1 } }
            return connection.wake
        }
        wake?()
    }

    func peer(of channel: any Channel) -> PeerIdentity? {
        state.withLock { $0.connections[ObjectIdentifier(channel)]?.peer }
    }

    /// The open connections and whose they are.
    var connections: [(channel: any Channel, peer: PeerIdentity)] {
        state.withLock { $0.connections.values.compactMap { entry in entry.peer.map { (entry.channel, $0) } } }
    }

    var count: Int { state.withLock { $0.connections.count } }

    // MARK: Requests

    func beginRequest(_ peer: PeerIdentity) throws(ExchangeFault) {
        let fault: ExchangeFault? = state.withLock { state in
            if state.peers[peer.digest, default: Share()].requests >= limits.requestsPerPeer { return .tooMany }
            if state.requests >= limits.requests { return .busy }
            state.requests += 1
            state.peers[peer.digest, default: Share()].requests += 1
            return nil
        }
        if let fault { throw fault }
    }

    func endRequest(_ peer: PeerIdentity) {
        state.withLock { state in
            state.requests -= 1
            Self.change(&state, peer) { $0.requests -= 1 }
        }
    }

    /// Takes room for a body before its first byte is read.
    func reserve(_ count: Int, for peer: PeerIdentity) throws(ExchangeFault) {
        let fault: ExchangeFault? = state.withLock { state in
            if state.peers[peer.digest, default: Share()].bodyBytes + count > limits.bodyBytesPerPeer {
                return .tooMany
            }
            if state.bodyBytes + count > limits.bodyBytes { return .busy }
            state.bodyBytes += count
            state.peers[peer.digest, default: Share()].bodyBytes += count
            return nil
        }
        if let fault { throw fault }
    }

    func release(_ count: Int, of peer: PeerIdentity) {
        state.withLock { state in
            state.bodyBytes -= count
            Self.change(&state, peer) { $0.bodyBytes -= count }
        }
    }

    /// A mailbox begins to wait; `wake` is called when the connection goes before ``endWait(_:of:)``.
    func beginWait(_ channel: any Channel, of peer: PeerIdentity, wake: @escaping @Sendable () -> Void)
        throws(ExchangeFault)
    {
        let fault: ExchangeFault? = state.withLock { state in
            if state.peers[peer.digest, default: Share()].waits >= limits.waitsPerPeer { return .tooMany }
            guard state.connections[ObjectIdentifier(channel)] != nil else { return .busy }
            state.connections[ObjectIdentifier(channel)]?.wake = wake
            state.peers[peer.digest, default: Share()].waits += 1
            return nil
        }
        if let fault { throw fault }
    }

    func endWait(_ channel: any Channel, of peer: PeerIdentity) {
        state.withLock { state in
            state.connections[ObjectIdentifier(channel)]?.wake = nil
            Self.change(&state, peer) { $0.waits -= 1 }
        }
    }

    /// Peers that do nothing are forgotten: the table holds no more than what is open.
    private static func change(_ state: inout State, _ peer: PeerIdentity, _ body: (inout Share) -> Void) {
        var share = state.peers[peer.digest, default: Share()]
        body(&share)
        state.peers[peer.digest] = share.isIdle ? nil : share
    }
}
