// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Exchange
import Foundation
import Logging
import Membership
import Node
import Procedure
import ServiceLifecycle

/// Puts a node together from its home: the one place that knows which client carries its letters.
enum NodeAssembly {
    /// What the key of the case files is derived for.
    static let caseKeys = "kheya case keys"

    /// The line to the own broker: where the directory says, else where the settings of the home say.
    static func client(_ opened: OpenedHome, logger: Logger) throws -> (client: BrokerClient, name: String) {
        let entry = opened.directories.broker(of: opened.id)
        let endpoint = entry.map { HomeSettings.Endpoint(id: $0.id, host: $0.host, port: $0.port, address: $0.address) }
        guard let endpoint = endpoint ?? opened.home.settings.broker else {
            throw CommandFailure(
                .configuration, "no directory here says which broker keeps this mailbox",
                cure: "`kheya member import FILE`.")
        }
        let link = try opened.home.keys().link
        let client = try BrokerClient(
            host: endpoint.host, address: endpoint.address, port: endpoint.port,
            identity: Exchange.LinkIdentity(certificate: link.certificate, key: link.key),
            roots: Array(opened.directories.anchors.roots.values), logger: logger)
        return (client, endpoint.id.text)
    }

    /// Runs `body` on a thread that may block: desk calls wait for SQLite and seal.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// What a home keeps, before it has any certificate.
    static func store(of options: HomeOptions) throws -> CaseStore {
        let home = try MemberHome.open(at: try options.directory.path, unlock: try options.unlock())
        return try LocalNode.store(of: home)
    }

    /// The node of a home, for a command that acts or looks.
    static func open(_ options: HomeOptions) throws -> (node: LocalNode, opened: OpenedHome) {
        let opened = try OpenedHome(options, as: .member)
        return (try LocalNode.open(opened.home, now: opened.now), opened)
    }
}

/// A client that is shut down with the services that use it.
struct ClientService: Service {
    let client: BrokerClient

    func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }
}
