// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Exchange
import Logging
import Membership
import MessageStore
import Procedure
import ServiceLifecycle
import Synchronization

/// The lines to the brokers of other countries, as the directory names them: one ``Forwarder`` each, started when the broker appears.
final class PeerLines: Service {
    private let core: BrokerCore
    private let identity: Exchange.LinkIdentity
    private let logger: Logger
    private let clients = Mutex<[BrokerEntry: BrokerClient]>([:])

    init(core: BrokerCore, identity: Exchange.LinkIdentity, logger: Logger) {
        self.core = core
        self.identity = identity
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                var started: Set<MemberID> = []
                while !Task.isCancelled {
                    let ticket = self.core.bell.ticket(.directory)
                    for peer in self.core.directories.peers(of: self.core.id) where started.insert(peer.id).inserted {
                        let forwarder = Forwarder(core: self.core, to: peer.id) { try self.connection(to: peer.id) }
                        group.addTask { try? await forwarder.run() }
                        let cosigning = Cosigning(core: self.core, by: peer.id) { try self.connection(to: peer.id) }
                        group.addTask { try? await cosigning.run() }
                    }
                    await self.core.bell.wait(.directory, after: ticket, seconds: 60)
                }
                group.cancelAll()
            }
        }
        let open = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in open { try? await client.shutdown() }
    }

    /// The connection to a broker; a new one when the directory says that it has moved.
    func connection(to broker: MemberID) throws -> any BrokerConnection {
        let directories = core.directories
        guard let entry = directories.broker(broker) else {
            throw ExchangeError(.notTrusted, "no directory knows this broker")
        }
        return try clients.withLock { clients in
            if let client = clients[entry] { return client }
            let client = try BrokerClient(
                host: entry.host, address: entry.address, port: entry.port, identity: identity,
                roots: Array(directories.anchors.roots.values), logger: logger)
            // The one before is kept open till the end: a call may be under way on it.
            clients[entry] = client
            return client
        }
    }
}
