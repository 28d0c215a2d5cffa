// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Exchange
import Logging
import Membership
import MessageStore
import Procedure
import Synchronization

/// The connections to brokers and witnesses, as the directory names them: one each, made when it is first asked for.
final class BrokerLines: Sendable {
    private let identity: Exchange.LinkIdentity
    private let directories: @Sendable () -> Directories
    private let logger: Logger
    private let clients = Mutex<[BrokerEntry: BrokerClient]>([:])

    init(identity: Exchange.LinkIdentity, logger: Logger, directories: @escaping @Sendable () -> Directories) {
        self.identity = identity
        self.logger = logger
        self.directories = directories
    }

    /// The connection to a broker; a new one when the directory says that it has moved.
    func connection(to broker: MemberID) throws -> any BrokerConnection {
        let directories = directories()
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

    /// Closes them all.
    func close() async {
        let open = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in open { try? await client.shutdown() }
    }
}
