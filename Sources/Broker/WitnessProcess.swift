// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import Letters
public import Logging
public import Membership
import MessageStore
public import Procedure
import SQLiteStore
import Sealing
public import ServiceLifecycle
import Synchronization
import TransparencyLog

/// A witness that belongs to no broker, put together from a home directory: its locks, its key, the directories that say which logs there
/// are, and one door. It carries no letters and mirrors nothing. Protocols/Log.md §5.8.
public struct WitnessProcess: Service {
    /// Where a witness's locks lie in its home: `<path>.lock-<origin>`, `<path>.cosigned`.
    public static func path(in home: String) -> String { home + "/witness" }

    private let server: ExchangeServer
    private let documents: DocumentKeeper
    private let lines: BrokerLines
    private let lock: FileLock

    /// Opens the locks, and everything else that can fail, before anything listens.
    ///
    /// - Parameters:
    ///   - home: of a witness, with its keys unlocked.
    ///   - onRunning: called once with the port it listens on.
    /// - Throws: ``SealingError`` when the self-test fails, ``MembershipError``, ``StoreError`` `.busy` when it runs already.
    public init(
        home: MemberHome, clock: @escaping @Sendable () -> Instant, logger: Logger,
        onRunning: (@Sendable (Int) async -> Void)? = nil
    ) throws {
        try SelfTest.run()
        let directories = try home.directories(now: clock())
        guard let listen = home.settings.listen, home.settings.kind == .witness else {
            throw MembershipError(.homeMalformed, "\(home.path) is no home of a witness")
        }
        let path = Self.path(in: home.path)
        lock = try FileLock(path: path + ".lock")
        let core = WitnessCore(
            id: home.settings.id, witness: try Witness(signer: home.witnessSigner(by: directories), path: path),
            directories: directories, clock: clock, logger: logger)
        let link = try home.keys().link
        let identity = try Exchange.LinkIdentity(certificate: link.certificate, key: link.key)
        let server = ExchangeServer(
            identity: identity, address: listen.address, port: listen.port,
            judge: { core.broker(forLeaf: $0.certificate) != nil },
            peer: { peer in
                core.broker(forLeaf: peer.certificate).map { WitnessConnection(core: core, broker: $0) }
            }, logger: logger, onRunning: onRunning)
        lines = BrokerLines(identity: identity, logger: logger) { core.directories }
        documents = DocumentKeeper(core: core, home: home, lines: lines, recheck: { server.recheck() })
        self.server = server
    }

    /// Cosigns until the service group shuts down gracefully or the task is cancelled.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await documents.run() }
            try await server.run()
            group.cancelAll()
        }
        await lines.close()
    }
}

/// What a witness knows: its locks, and the directories.
final class WitnessCore: DocumentHolder {
    let id: MemberID
    let witness: Witness
    let log: BrokerLog
    private let clock: @Sendable () -> Instant
    private let held: Mutex<Directories>

    init(
        id: MemberID, witness: Witness, directories: Directories, clock: @escaping @Sendable () -> Instant,
        logger: Logger
    ) {
        self.id = id
        self.witness = witness
        self.clock = clock
        log = BrokerLog(logger)
        held = Mutex(directories)
    }

    var directories: Directories { held.withLock { $0 } }
    var now: Instant { clock() }
    func hold(_ directories: Directories) { held.withLock { $0 = directories } }

    /// The broker that calls; nobody else has a log to be cosigned.
    func broker(forLeaf leaf: [UInt8]) -> BrokerEntry? {
        switch directories.judgeLink(leaf: leaf, now: now) {
        case .broker(let broker) where broker.id != id: return broker
        case .broker, .member, .expired: return nil
        case .refused(let reason):
            log(.notice, "connection refused", ["reason": .code(reason.rawValue)])
            return nil
        }
    }
}

/// What a broker may ask of a witness.
private struct WitnessConnection: BrokerConnection {
    let core: WitnessCore
    let broker: BrokerEntry

    /// Whose log it is, its signature says: any broker may bring it.
    func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        let logs = core.directories.brokers.flatMap(\.logs)
        let reply = await core.witness.answer(request, logs: logs, now: core.now)
        if reply.isLockMissing {
            core.log(.error, "the lock of this log is gone: adopt a checkpoint", ["broker": .member(broker.id)])
        } else if reply.status == .inconsistent, reply.checkpoint != nil {
            core.log(.error, "log.conflict: a log has signed two histories", ["broker": .member(broker.id)])
        } else {
            core.log(
                .info, "asked to cosign",
                ["broker": .member(broker.id), "status": .count(reply.status.rawValue)])
        }
        return (reply.status.rawValue, reply.body)
    }

    func recordedCheckpoint() async throws -> [UInt8]? {
        guard let log = broker.logs.last?.name else { return nil }
        do { return try await core.witness.recorded(of: log)?.bytes } catch {
            throw ExchangeError(.busy, "the lock cannot be read")
        }
    }

    func documents() async throws -> [SignedFile] {
        core.directories.documents.map { SignedFile(slip: $0.slip, file: $0.file) }
    }

    func mirrored(from first: Int64) async throws -> [Digest] { [] }

    // It is no broker.
    private var nothing: ExchangeError { ExchangeError(.forbidden, "a witness carries no letters") }
    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] { throw nothing }
    func partState(_ digest: Digest) async throws -> PartState { throw nothing }
    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState { throw nothing }
    func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) { throw nothing }
    func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] { throw nothing }
    func acknowledge(_ letters: [LetterID]) async throws { throw nothing }
    func changes() async throws -> Int64 { throw nothing }
    func slips(_ letters: [LetterID]) async throws -> [ContextLetter] { throw nothing }
    func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof { throw nothing }
    func cosignedCheckpoint() async throws -> [UInt8]? { throw nothing }
    func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 { throw nothing }
}
