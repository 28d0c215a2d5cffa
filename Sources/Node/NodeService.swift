// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
public import Logging
import Membership
public import MessageStore
public import Procedure
public import ServiceLifecycle
import Sealing

/// The long-running part of a node: hands the outbox to the broker, fetches and judges what has come, keeps the documents current.
///
/// Outbox and inbox are state machines in the database: killed at any moment, the next start goes on where they stand. Nothing is
/// held in memory that is not there.
///
/// - SeeAlso: Protocols/CaseFile.md, "Transit".
public actor NodeService: Service {
    let desk: CaseDesk
    let connection: any BrokerConnection
    let clock: @Sendable () -> Instant
    let logger: Logger
    private let lock: NodeLock?
    private let executor: BlockingExecutor
    /// Letters that were handed out and are still to be taken in: urgent ones first, then as they came.
    var leased: [Delivery] = []
    /// Those that are being taken in.
    var inWork: Set<LetterID> = []
    /// The mailbox' counter when it was last asked.
    var lastChanges: Int64?
    var uploadPace = TransferPace()
    var fetchPace = TransferPace()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    var store: CaseStore { desk.store }
    var settings: NodeSettings { desk.settings }

    /// - Parameter lock: what keeps other processes from running the same home; `nil` in tests with homes of their own.
    public init(
        desk: CaseDesk, connection: any BrokerConnection, lock: NodeLock? = nil,
        clock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.desk = desk
        self.connection = connection
        self.lock = lock
        self.clock = clock
        self.logger = logger
        executor = BlockingExecutor(label: "kheya.node")
    }

    /// Runs until graceful shutdown or cancellation. A cancelled service leaves what a killed one leaves.
    ///
    /// - Throws: ``SelfTest/Failure`` when the library underneath does not behave; what the store throws.
    public func run() async throws {
        try SelfTest.run()
        try store.finishErasures()
        try store.clearAway(before: Date(timeIntervalSince1970: Double(clock().seconds) - 86_400))
        try store.write { try $0.makeAllDue() }
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // One loop each way: a letter never reaches the broker before the one that it descends from.
                group.addTask { try await self.outboxLoop() }
                group.addTask { try await self.inboxLoop() }
                group.addTask { try await self.documentsLoop() }
                // The first that ends ends all: by cancellation, or by an error that is ours.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// What one round did.
    public struct PassReport: Sendable, Hashable {
        public var pushed = 0
        public var fetched = 0
        public var judged = 0
        public init() {}
    }

    /// One round of everything without waiting: documents, outbox, inbox, and the receipts that come of it.
    ///
    /// - Throws: ``ExchangeError`` when the broker cannot be asked; what was done until then stands.
    @discardableResult
    public func pass() async throws -> PassReport {
        var report = PassReport()
        try await fetchDocuments()
        while true {
            report.pushed += try await pushDue()
            let fetched = try await fetch(waitSeconds: 0)
            report.fetched += fetched
            let judged = try await judgeAll()
            report.judged += judged
            if fetched == 0 && judged == 0 { break }
        }
        try destroyUnkept()
        report.pushed += try await pushDue()
        return report
    }

    // MARK: Loops

    private func outboxLoop() async throws {
        var backOff = BackOff(longest: settings.retrySeconds)
        var seen: Int64 = -1
        while !Task.isCancelled {
            do {
                _ = try await pushDue()
                backOff.reset()
                seen = try await waitForWork(after: seen)
            } catch {
                try await rest(&backOff, after: error, in: "outbox") {
                    try self.store.read { try $0.due(at: self.clock(), limit: 1) }.first?.lane == .urgent
                }
            }
        }
    }

    private func inboxLoop() async throws {
        var backOff = BackOff(longest: settings.retrySeconds)
        var woken: Instant?
        while !Task.isCancelled {
            do {
                // What was stored before the last end, and not judged; and each minute what waits, and what nobody may keep.
                let isDue = woken.map { clock() - $0 >= 60 } ?? true
                if isDue { try wakeHeld() }
                _ = try await judgeAll()
                // Not at once after a start: a letter that keeps them may wait at the broker.
                if isDue, woken != nil { try destroyUnkept() }
                if isDue { woken = clock() }
                _ = try await fetch(waitSeconds: settings.pullWaitSeconds)
                backOff.reset()
            } catch {
                try await rest(&backOff, after: error, in: "inbox")
            }
        }
    }

    private func documentsLoop() async throws {
        var backOff = BackOff(longest: settings.retrySeconds)
        while !Task.isCancelled {
            do {
                try await fetchDocuments()
                try await compareWithWitnesses()
                backOff.reset()
                try await Task.sleep(for: .seconds(settings.documentsSeconds))
            } catch {
                try await rest(&backOff, after: error, in: "documents")
            }
        }
    }

    /// Returns when this or another process has written something, or a letter's rest is over.
    ///
    /// - Returns: the count of changes that was seen.
    private func waitForWork(after seen: Int64) async throws -> Int64 {
        // One thing seldom comes alone: looks often at first, then ten times a second.
        var pause = 5
        while !Task.isCancelled {
            let change = try store.changeCount()
            if change != seen { return change }
            if let due = try store.read({ try $0.nextDue() }), due <= clock() { return change }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, 100)
        }
        return seen
    }

    /// After a broker that cannot be asked, or a disk that is full: the loop goes on later. Any other error ends it.
    ///
    /// - Parameter isUrgent: whether something does not bear a long rest.
    private func rest(
        _ backOff: inout BackOff, after error: any Error, in loop: Logger.MetadataValue,
        unless isUrgent: () throws -> Bool = { false }
    ) async throws {
        switch error {
        case let error as ExchangeError:
            logger.notice("broker not asked", metadata: ["loop": loop, "code": "\(error.code.rawValue)"])
            if error.code == .notTrusted || error.code == .expired {
                try? store.write { try $0.raise(Alarm(at: clock(), kind: .notTrusted, detail: error.code.rawValue)) }
            }
        case let error as CaseFileError where error.isTemporary:
            logger.error("nothing can be written", metadata: ["loop": loop, "code": "\(error.code.rawValue)"])
        default: throw error
        }
        let start = ContinuousClock.now
        let end = start + backOff.next()
        while ContinuousClock.now < end {
            try await Task.sleep(for: min(.seconds(1), end - ContinuousClock.now))
            if ContinuousClock.now - start > .seconds(3), (try? isUrgent()) ?? false { return }
        }
    }

    // MARK: Documents

    /// Takes newer directories and profiles from the broker. A refused one is an alarm and changes nothing.
    func fetchDocuments() async throws {
        var changed = try desk.network.reload(now: clock())
        let documents = try await connection.documents()
        for document in documents {
            do {
                changed =
                    try desk.network.accept(SignedDocument(slip: document.slip, file: document.file), now: clock())
                    || changed
            } catch let error as MembershipError {
                // The broker may be behind us: an older one is no alarm.
                guard error.code != .directoryOlder else { continue }
                logger.warning("document refused", metadata: ["code": "\(error.code.rawValue)"])
                try store.write { try $0.raise(Alarm(at: clock(), kind: .document, detail: error.code.rawValue)) }
            }
        }
        if changed { try wakeHeld() }
    }

    /// Letters that wait are judged again: for a document that came, an ancestor that the broker has by now, a clock that was set.
    func wakeHeld() throws {
        try store.write { transaction in
            for entry in try transaction.unjudged(.waiting, limit: .max) {
                if let letter = try transaction.letter(entry.letter) { try transaction.wake(letter) }
            }
        }
    }
}

/// How many bytes of a part go in one call: about what the line carries in some seconds, so that no stop waits longer behind it, and not
/// more than it carried without breaking.
struct TransferPace {
    private static let target = Duration.seconds(4)
    private static let least = 65_536
    /// Calls in a row that went through, after which more than before the last break is tried.
    private static let courage = 32
    private(set) var bytes = SealingLimits.partFileBytes
    private var most = SealingLimits.partFileBytes
    private var unbroken = 0

    /// The line did not carry so much in one piece.
    mutating func broke() {
        bytes = max(bytes / 2, Self.least)
        (most, unbroken) = (bytes, 0)
    }

    mutating func note(_ duration: Duration) {
        unbroken += 1
        if unbroken > Self.courage { most = SealingLimits.partFileBytes }
        if duration > Self.target { bytes = max(bytes / 2, Self.least) }
        if duration < Self.target / 4 { bytes = min(bytes * 2, most) }
    }
}

/// Waiting times that grow by half again and again, with a random part so that a thousand nodes do not come back in one second.
struct BackOff {
    private let longest: Double
    private var current = 0.5

    init(longest: Int) { self.longest = Double(longest) }

    mutating func reset() { current = 0.5 }

    mutating func next() -> Duration {
        defer { current = min(current * 2, longest) }
        return .milliseconds(Int(current * Double.random(in: 500...1_000)))
    }
}
