// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
public import Logging
public import Membership
import MessageStore
public import Procedure
import SQLiteStore
import Sealing
public import ServiceLifecycle

/// A whole broker: store, core, door, and the lines to the brokers of other countries, put together from a home directory.
public struct BrokerProcess: Sendable {
    public let core: BrokerCore
    private let queue: SQLiteLetterQueue
    private let server: ExchangeServer
    private let peers: PeerLines
    private let documents: DocumentKeeper
    private let stamping: TimeStamping?

    /// Opens the store (`broker.sqlite` in the home) and everything else that can fail, before anything listens.
    ///
    /// - Parameters:
    ///   - home: of a broker, with its keys unlocked.
    ///   - onRunning: called once with the port it listens on.
    /// - Throws: ``SealingError`` when the self-test fails, ``MembershipError``, ``StoreError``.
    public init(
        home: MemberHome, clock: @escaping @Sendable () -> Instant, logger: Logger,
        onRunning: (@Sendable (Int) async -> Void)? = nil
    ) throws {
        try SelfTest.run()
        let settings = try BrokerSettings(home.settings.options)
        let keys = try home.keys()
        let directories = try home.directories(now: clock())
        let id = home.settings.id
        guard let listen = home.settings.listen, directories.broker(id) != nil else {
            throw MembershipError(.homeMalformed, "\(home.path) is no home of a broker that a directory knows")
        }
        let logKeys = try home.brokerKeys(by: directories)
        let path = home.path + "/broker.sqlite"
        // A store that is there without the witness's register came back from somewhere: then a person decides.
        if !FileManager.default.fileExists(atPath: path) { try Witness.create(path: path) }
        queue = try SQLiteLetterQueue(
            path: path, signer: logKeys.log,
            settings: SQLiteSettings(maximumBytes: settings.storeBytes))
        let core = BrokerCore(
            id: id, signing: keys.signing, queue: queue, directories: directories,
            profiles: try DocumentKeeper.profiles(of: directories, known: []), settings: settings,
            witness: try Witness(signer: logKeys.witness, path: path), clock: clock, logger: logger)
        let identity = try Exchange.LinkIdentity(certificate: keys.link.certificate, key: keys.link.key)
        let server = ExchangeServer(
            identity: identity, address: listen.address, port: listen.port,
            judge: { core.peer(forLeaf: $0.certificate) != nil },
            peer: { identity in core.peer(forLeaf: identity.certificate).map { core.connection(for: $0) } },
            logger: logger,
            onRunning: onRunning)
        if let url = settings.timeAuthority {
            let client = try TimeStampClient(url: url, authority: TimeStampAuthority(pem: home.timeChain()))
            stamping = TimeStamping(core: core) { try await client.stamp($0) }
        } else {
            stamping = nil
        }
        let lines = BrokerLines(identity: identity, logger: logger) { core.directories }
        peers = PeerLines(core: core, lines: lines)
        documents = DocumentKeeper(core: core, home: home, lines: lines, recheck: { server.recheck() })
        self.server = server
        self.core = core
    }

    /// What runs, for a `ServiceGroup`. The door comes last, so that it closes first; the store closes when all else has ended.
    public var services: [any Service] {
        [
            StoreKeeper(queue: queue), LogKeeper(core: core, queue: queue), peers, documents, BrokerSweeper(core: core),
        ] + [stamping].compactMap { $0 } + [server]
    }
}

/// Looks over the whole log once, beside the work; the start has looked at its last leaves. Then it logs the heads once a day. A log that
/// must not go on stops no mailbox.
private struct LogKeeper: Service {
    let core: BrokerCore
    let queue: SQLiteLetterQueue

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                if let halt = queue.halt { throw halt }
                try await queue.verifyLog()
                core.log(.info, "log verified")
            } catch let error as StoreError where error.code == .halted {
                core.log(.error, "log halted: no letters are taken", ["reason": .code(error.reason)])
            } catch {
                core.log(.warning, "log not verified")
            }
            while !Task.isCancelled {
                do { _ = try await core.logHeadsIfDue() } catch { core.log(.warning, "heads not logged") }
                try? await Task.sleep(for: .seconds(3_600))
            }
        }
    }
}

/// Closes the store when everything else has ended. A process that is killed leaves the same behind, but for the log to be replayed.
private struct StoreKeeper: Service {
    let queue: SQLiteLetterQueue

    func run() async throws {
        try? await gracefulShutdown()
        try await queue.close()
    }
}
