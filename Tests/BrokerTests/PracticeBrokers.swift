// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Broker
import Cryptography
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import Synchronization
import TestSupport
import TransparencyLog

/// Two brokers in one process with real keys, real slips and real files, at an instant that the test moves.
final class PracticeBrokers: Sendable {
    static let shelter = PracticeWorld.shelter
    static let ngo = PracticeWorld.ngo
    static let investigator = PracticeWorld.investigator
    static let inBroker = PracticeWorld.inBroker
    static let bdBroker = PracticeWorld.bdBroker
    /// A second NGO, no party of anything.
    static let stranger = MemberID("bd:akash")!
    /// Who oversees, in India.
    static let nodal = MemberID("in:nodal")!

    /// Runs a witness and nothing else.
    static let university = MemberID("in:university")!

    /// The shipped profile, and the bytes that the authorities sign.
    static let profile: (value: Profile, reference: ProfileReference, file: [UInt8]) = {
        do {
            let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
                .deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent(
                    "Protocols/Profiles/in-bd-repatriation/profile.json")
            let file = try ProfileDocument.canonicalBytes(ofSource: [UInt8](Data(contentsOf: path)))
            let value = try ProfileDocument.read(file, digest: .sha256(file))
            return (value, ProfileReference(id: value.id, version: value.version, digest: value.digest), file)
        } catch {
            fatalError("\(error)")
        }
    }()

    let clock: TestClock
    let folder: URL
    private let state:
        Mutex<(world: PracticeWorld, cores: [MemberID: BrokerCore], queues: [MemberID: SQLiteLetterQueue])>
    let logs = LogLines()

    init(
        at beginning: Instant = PracticeWorld.start, settings: BrokerSettings = BrokerSettings(),
        store: SQLiteSettings = SQLiteSettings(), thirdWitness: Bool = false
    ) throws {
        var world = try PracticeWorld.make(at: beginning, profiles: [(Self.profile.reference, Self.profile.file)])
        try world.add(Self.stranger, name: "Akash (practice)", kind: .member(roles: ["BD_NGO"]), broker: Self.bdBroker)
        try world.add(Self.nodal, name: "Oversight (practice)", kind: .member(roles: ["NODAL"]), broker: Self.inBroker)
        if thirdWitness {
            try world.add(
                Self.university, name: "University (practice)",
                kind: .broker(host: "witness-in.kheya.example", port: 18_443, address: "127.0.0.1"), isWitness: true)
        }
        clock = TestClock(beginning + 1_000)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kheya-broker-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        state = Mutex((world, [:], [:]))
        for broker in [Self.inBroker, Self.bdBroker] { try start(broker, settings: settings, store: store) }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var world: PracticeWorld { state.withLock { $0.world } }
    func core(_ broker: MemberID) -> BrokerCore { state.withLock { $0.cores[broker]! } }
    func queue(_ broker: MemberID) -> SQLiteLetterQueue { state.withLock { $0.queues[broker]! } }
    func path(_ broker: MemberID) -> String { folder.appendingPathComponent("\(broker.country).sqlite").path }

    func start(
        _ broker: MemberID, settings: BrokerSettings = BrokerSettings(), store: SQLiteSettings = SQLiteSettings()
    ) throws {
        guard let keys = try world.party(broker).logKeys else { throw TestError("a broker without log") }
        if !FileManager.default.fileExists(atPath: path(broker)) { try Witness.create(path: path(broker)) }
        let queue = try SQLiteLetterQueue(path: path(broker), signer: keys.log, settings: store)
        var logger = Logger(label: "test")
        logger.handler = logs.handler
        logger.logLevel = .trace
        let world = world
        let core = BrokerCore(
            id: broker, signing: try world.party(broker).signing, queue: queue,
            directories: try world.directories(now: clock.now),
            profiles: [Self.profile.value], settings: settings,
            witness: try Witness(signer: keys.witness, path: path(broker)), clock: { [clock] in clock.now },
            logger: logger)
        state.withLock { state in
            state.cores[broker] = core
            state.queues[broker] = queue
        }
    }

    /// Ends the broker's process, as far as one can in a test: nothing but the files is left.
    func stop(_ broker: MemberID) async throws {
        let queue = queue(broker)
        state.withLock { state in
            state.cores[broker] = nil
            state.queues[broker] = nil
        }
        try await queue.close()
    }

    /// Throws the files of a broker away, as a broken disk does.
    func forget(_ broker: MemberID) throws {
        let name = URL(fileURLWithPath: path(broker)).lastPathComponent
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasPrefix(name) {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
        }
    }

    /// Changes a directory; both brokers have it at once.
    func publish(_ authority: MemberID, _ change: (Authority, inout MemberDirectory) throws -> Void) throws {
        let now = clock.now
        try state.withLock { state in
            try state.world.publish(authority, at: now, change)
            let directories = try state.world.directories(now: now)
            for core in state.cores.values { core.use(directories, profiles: []) }
        }
    }

    /// Both authorities sign one more version of the procedure; both brokers have it at once.
    func putInForce(_ version: PracticeSuccessor) throws {
        let now = clock.now
        try state.withLock { state in
            try state.world.putInForce(version.reference, version.file, at: now)
            let directories = try state.world.directories(now: now)
            for core in state.cores.values { core.use(directories, profiles: [version.profile]) }
        }
    }

    func connection(_ member: MemberID) -> any BrokerConnection {
        core(try! world.party(member).broker!).connection(for: .member(member))
    }

    /// One broker as the other one reaches it.
    func line(from: MemberID, to: MemberID) -> any BrokerConnection { core(to).connection(for: .broker(from)) }

    /// Forwards both ways until nothing moves.
    func exchange() async throws {
        for _ in 0..<20 {
            let there = try await core(Self.inBroker).forward(
                to: Self.bdBroker, over: line(from: Self.inBroker, to: Self.bdBroker))
            let back = try await core(Self.bdBroker).forward(
                to: Self.inBroker, over: line(from: Self.bdBroker, to: Self.inBroker))
            if there.isEmpty, back.isEmpty { return }
        }
        throw TestError("forwarding does not come to rest")
    }

    /// Everything that lies in the member's mailbox, acknowledged.
    @discardableResult
    func fetch(_ member: MemberID) async throws -> [Delivery] {
        let connection = connection(member)
        var all: [Delivery] = []
        while case let deliveries = try await connection.pull(limit: 64, waitSeconds: 0), !deliveries.isEmpty {
            all += deliveries
            try await connection.acknowledge(deliveries.map(\.letter.id))
        }
        return all
    }

    /// What the receipt of a broker proves about a letter, by the directories.
    func prove(_ receipt: [UInt8], of letter: LetterBundle, at broker: MemberID) throws -> LogReceipt.Proven {
        let receipt = try LogReceipt(receipt)
        let logs = try world.directories(now: clock.now).logs
        guard let log = logs[try Checkpoint(text: receipt.note.text).origin], log.broker == broker else {
            throw TestError("no log of this broker")
        }
        return try receipt.verify(by: log.policy, letter: letter.id, slip: .sha256(letter.slip))
    }

    func slip(_ delivery: Delivery) throws -> Slip {
        try SignedSlip.read(delivery.letter.slip, certificate: world.directories(now: clock.now).certificate).slip
    }
}

struct TestError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

final class TestClock: Sendable {
    private let instant: Mutex<Instant>
    init(_ instant: Instant) { self.instant = Mutex(instant) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ seconds: Int64) { instant.withLock { $0 = $0 + seconds } }
}

/// Everything that was logged, with all its values.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: Logging.LogEvent) { lines.add("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var handler: any LogHandler { Handler(lines: self) }
}
