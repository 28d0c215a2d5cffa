// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Logging
public import Membership
public import MessageStore
public import Procedure
public import Sealing
import Synchronization
import TransparencyLog

/// A broker without network: takes letters in, judges them, keeps mailboxes, and says what must go on to other brokers.
///
/// It reads no part and stores no personal data: it has no key that opens anything.
///
/// - SeeAlso: Protocols/Queue.md.
public final class BrokerCore: Sendable {
    /// What changes while the broker runs.
    private struct State {
        var directories: Directories
        /// Changes with the directories.
        var generation: UInt64 = 0
        /// The generation whose documents the log has.
        var logged: UInt64?
        var trust: LogTrust
        var profiles: [Digest: Profile]
        var failure: StoreError?
    }

    public let id: MemberID
    let queue: any LetterQueue
    let pool: VerifyingPool
    let bell = MailboxBell()
    let log: BrokerLog
    let settings: BrokerSettings
    /// Cosigns the logs of other brokers.
    let witness: Witness?
    private let signing: SigningIdentity
    let seenTrees = SeenTrees()
    private let links = LinkMemory()
    private let memory = CaseMemory(limit: BrokerLimits.casesInMemory)
    private let clock: @Sendable () -> Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - id: this broker, as the directory names it.
    ///   - signing: its signing key: acknowledgements, refusals, notices.
    ///   - profiles: the procedure profiles in force, and older ones for the cases that run under them.
    ///   - clock: the wall clock.
    public init(
        id: MemberID, signing: SigningIdentity, queue: any LetterQueue, directories: Directories, profiles: [Profile],
        settings: BrokerSettings = BrokerSettings(), witness: Witness? = nil, clock: @escaping @Sendable () -> Instant,
        logger: Logger
    ) {
        self.id = id
        self.signing = signing
        self.queue = queue
        self.settings = settings
        self.witness = witness
        self.clock = clock
        log = BrokerLog(logger)
        pool = VerifyingPool(threads: settings.verifyingThreads)
        state = Mutex(
            State(
                directories: directories, trust: LogTrust(directories),
                profiles: Dictionary(profiles.map { ($0.digest, $0) }) { first, _ in first }))
    }

    deinit { pool.close() }

    /// What the broker knows of the network now.
    public var directories: Directories { state.withLock { $0.directories } }
    public var now: Instant { clock() }

    /// The connection of an authenticated peer. Whose mailbox it sees follows from `peer` alone: no call has a member as argument.
    public func connection(for peer: Peer) -> any BrokerConnection { PeerConnection(core: self, peer: peer) }

    /// Who calls, by the certificate of the connection and the directory as it is now. Asked at each request, so that a member that was
    /// removed is refused in the middle of a transfer.
    ///
    /// - Parameter leaf: the certificate of the connection, DER.
    /// - Returns: `nil` for whoever must be refused.
    public func peer(forLeaf leaf: [UInt8]) -> Peer? {
        let (directories, generation) = state.withLock { ($0.directories, $0.generation) }
        let now = now
        return links.peer(leaf, now: now, generation: generation) { peer(forLeaf: leaf, by: directories, now: now) }
    }

    private func peer(forLeaf leaf: [UInt8], by directories: Directories, now: Instant) -> Peer? {
        switch directories.judgeLink(leaf: leaf, now: now) {
        case .member(let member): member.broker == id ? .member(member.id) : nil
        case .broker(let broker): broker.id == id ? nil : .broker(broker.id)
        case .expired(let member): .expired(member)
        case .refused(let reason): refuse(reason)
        }
    }

    private func refuse(_ reason: LinkRefusal) -> Peer? {
        log(.notice, "connection refused", ["reason": .code(reason.rawValue)])
        return nil
    }

    /// Replaces what the broker knows of the network: after a newer directory or profile came. Who waits looks again.
    public func use(_ directories: Directories, profiles: [Profile]) {
        state.withLock { state in
            state.directories = directories
            state.trust = LogTrust(directories)
            state.generation += 1
            for profile in profiles { state.profiles[profile.digest] = profile }
        }
        bell.ring([.directory, .sweeper])
        bell.ringAll()
    }

    var profileDigests: Set<Digest> { state.withLock { Set($0.profiles.keys) } }

    /// The error after which the store cannot be believed any more: the process must end and start again.
    public var failure: StoreError? { state.withLock { $0.failure } }

    // MARK: - Transactions

    var view: BrokerView {
        let now = clock()
        return state.withLock { state in
            BrokerView(
                id: id, signing: signing, directories: state.directories, profiles: state.profiles, settings: settings,
                memory: memory, now: now)
        }
    }

    var reader: LetterReader {
        let (directories, trust, profiles) = state.withLock { ($0.directories, $0.trust, $0.profiles) }
        return LetterReader(
            directories: directories, trust: trust, profiles: profiles, memory: memory)
    }

    /// Runs `body` in one transaction; rings and logs when it has ended, before the caller can answer.
    func transact<Value: Sendable>(_ body: @escaping @Sendable (BrokerTransaction) throws -> Value) async throws
        -> Value
    {
        try await transact(all: [body])[0].get()
    }

    /// Runs the bodies in their order, each in a transaction of its own, under one sync.
    func transact<Value: Sendable>(
        all bodies: [@Sendable (BrokerTransaction) throws -> Value]
    ) async -> [Result<Value, any Error>] {
        let view = view
        await logDocuments(view)
        let results = await queue.write(
            all: bodies.map { body in
                { store in
                    let transaction = BrokerTransaction(store, view)
                    let value = try body(transaction)
                    return (value, try transaction.end())
                }
            })
        return results.map { result in
            result.map { value, aftermath in
                bell.ring(aftermath.rung)
                for note in aftermath.notes { note(log) }
                return value
            }.mapError { error in
                if let error = error as? StoreError { remember(error) }
                return error
            }
        }
    }

    /// A directory or profile is logged as in force before the first letter that is judged by it.
    private func logDocuments(_ view: BrokerView) async {
        let (directories, generation, logged) = state.withLock { ($0.directories, $0.generation, $0.logged) }
        guard logged != generation else { return }
        let documents = directories.documentsInForce
        do {
            try await queue.write { store in for document in documents { try store.log(document, at: view.now) } }
            state.withLock { $0.logged = generation }
        } catch {
            // Full, or halted: the letters that follow will say so, and the next transaction tries again.
            log(.warning, "documents not logged")
        }
    }

    /// Receipts of stored letters, under the newest checkpoint, in their order; `nil` where the log can prove nothing any more, or not now.
    func receipts(of leaves: [Int64]) async throws -> [[UInt8]?] {
        do {
            let receipts = try await queue.receipts(of: leaves).map { $0?.bytes }
            let lacking = receipts.count { $0 == nil }
            if lacking > 0 { log(.error, "letters without receipt", ["count": .count(lacking)]) }
            return receipts
        } catch let error as StoreError {
            remember(error)
            throw error
        }
    }

    func look<Value: Sendable>(_ body: @escaping @Sendable (any LetterReading) throws -> Value) async throws -> Value {
        do {
            return try await queue.read(body)
        } catch let error as StoreError {
            remember(error)
            throw error
        }
    }

    private func remember(_ error: StoreError) {
        log(.error, "store", ["code": .code(error.code.rawValue)])
        if error.code == .failed || error.code == .unreadable { state.withLock { $0.failure = $0.failure ?? error } }
    }
}
