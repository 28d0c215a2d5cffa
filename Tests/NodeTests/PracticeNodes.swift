// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Broker
import CaseFile
import Cryptography
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Node
import Procedure
import SQLiteStore
import Sealing
import Synchronization
import TestSupport
import Testing

/// A clock that stands until a test moves it.
final class TestClock: Sendable {
    private let instant: Mutex<Instant>
    init(_ start: Instant) { instant = Mutex(start) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ seconds: Int64) { instant.withLock { $0 = $0 + seconds } }
}

/// Nodes of a practice world, each with a home of its own, behind the two countries' brokers or behind a ``PostOffice``.
final class PracticeNodes {
    static let shelter = PracticeWorld.shelter
    static let ngo = PracticeWorld.ngo
    static let investigator = PracticeWorld.investigator
    static let stranger = MemberID("bd:akash")!
    /// Who oversees, in India; has no node here.
    static let nodal = MemberID("in:nodal")!

    private(set) var world: PracticeWorld
    let clock: TestClock
    let profile: Profile
    /// The bytes that the authorities signed.
    let profileFile: [UInt8]
    let catalogue: FormCatalogue
    let labels: [ProfileLabels]
    let directory: URL
    /// Where set, nodes talk to it and not to the brokers.
    let office: PostOffice?
    /// By how many seconds a member's clock goes wrong.
    var wrong: [MemberID: Int64] = [:]
    private var stores: [MemberID: CaseStore] = [:]
    private var networks: [MemberID: NetworkView] = [:]
    private(set) var brokers: [MemberID: BrokerCore] = [:]

    init(office: PostOffice? = nil) throws {
        self.office = office
        let (profile, bytes, catalogue, labels) = try Self.procedure.get()
        self.labels = labels
        self.profile = profile
        profileFile = bytes
        self.catalogue = catalogue
        let clock = TestClock(PracticeWorld.start + 3_600)
        self.clock = clock
        var made = try PracticeWorld.make(
            profiles: [(ProfileReference(id: profile.id, version: profile.version, digest: profile.digest), bytes)])
        try made.add(
            Self.stranger, name: "Akash (practice)", kind: .member(roles: ["BD_NGO"]), broker: PracticeWorld.bdBroker)
        try made.add(
            Self.nodal, name: "Oversight (practice)", kind: .member(roles: ["NODAL"]), broker: PracticeWorld.inBroker)
        world = made
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-node-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        guard office == nil else {
            for party in world.parties.values {
                guard let keys = try party.broker.flatMap({ try world.party($0).logKeys }) else { continue }
                office?.state.withLock { $0.logs[party.id] = PostOffice.Log(signer: keys.log) }
            }
            return
        }
        for broker in [PracticeWorld.inBroker, PracticeWorld.bdBroker] {
            let keys = try world.party(broker).logKeys
            let queue = try SQLiteLetterQueue(
                path: directory.appendingPathComponent("\(broker.country).sqlite").path,
                signer: try #require(keys).log,
                settings: SQLiteSettings(allowsVolatile: true))
            brokers[broker] = BrokerCore(
                id: broker, signing: try world.party(broker).signing, queue: queue,
                directories: try world.directories(),
                profiles: [profile], clock: { clock.now }, logger: Self.logger)
        }
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// Read once: what every test shares and none changes.
    private static let procedure: Result<(Profile, [UInt8], FormCatalogue, [ProfileLabels]), any Error> = Result {
        let bytes = try ProfileDocument.canonicalBytes(ofSource: read("Profiles/in-bd-repatriation/profile.json"))
        let catalogue = try FormsDocument.read(read("Profiles/in-bd-repatriation/forms.json"))
        let labels = try ["bn", "en", "hi"].map {
            try ProfileLabels(read("Profiles/in-bd-repatriation/labels-\($0).json"))
        }
        return (try ProfileDocument.read(bytes, digest: .sha256(bytes)), bytes, catalogue, labels)
    }

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Vector.protocols.appendingPathComponent(path)))
    }

    func home(_ member: MemberID) -> URL { directory.appendingPathComponent(member.text.replacing(":", with: "-")) }

    func desk(_ member: MemberID) throws -> CaseDesk {
        let party = try world.party(member)
        let store = try store(member)
        let network = try network(member)
        return CaseDesk(
            identity: NodeIdentity(member: member, signing: party.keys.signing, sealing: party.keys.sealing),
            store: store,
            network: network, settings: NodeSettings())
    }

    func store(_ member: MemberID) throws -> CaseStore {
        if let store = stores[member] { return store }
        try FileManager.default.createDirectory(at: home(member), withIntermediateDirectories: true)
        let store = try CaseStore(directory: home(member), wrapping: Array(repeating: 7, count: 32))
        try store.write { transaction in
            for name in ["caseworker", "reviewer", "visitor"] {
                try transaction.put(Account(actsByCommand: name, role: .caseworker, at: PracticeWorld.start))
            }
        }
        stores[member] = store
        return store
    }

    private func network(_ member: MemberID) throws -> NetworkView {
        if let network = networks[member] { return network }
        let network = try NetworkView(directories: world.directories())
        network.setForms(catalogue, of: profile.digest)
        for language in labels { network.setLabels(language, of: profile.digest) }
        networks[member] = network
        return network
    }

    func connection(_ member: MemberID) throws -> any BrokerConnection {
        if let office { return office.connection(for: member) }
        let broker = try #require(world.party(member).broker)
        return try #require(brokers[broker]).connection(for: .member(member))
    }

    /// What the member's own clock shows.
    func now(_ member: MemberID) -> Instant { clock.now + wrong[member, default: 0] }

    func service(_ member: MemberID) throws -> NodeService {
        let (clock, seconds) = (clock, wrong[member, default: 0])
        return NodeService(
            desk: try desk(member), connection: try connection(member), clock: { clock.now + seconds },
            logger: Self.logger)
    }

    /// Drops what the node holds in memory; the next use opens its home again, as after a kill.
    func restart(_ member: MemberID) {
        stores[member] = nil
        networks[member] = nil
    }

    static let everybody = [shelter, ngo, investigator]

    /// Lets letters flow until nothing moves.
    func settle(_ members: [MemberID] = everybody) async throws {
        while true {
            var moved = 0
            for member in members {
                clock.advance(3)
                let report = try await service(member).pass()
                moved += report.pushed + report.fetched + report.judged
            }
            moved += try await forward()
            if moved == 0 { return }
        }
    }

    /// One round between the brokers.
    private func forward() async throws -> Int {
        guard let one = brokers[PracticeWorld.inBroker], let other = brokers[PracticeWorld.bdBroker] else { return 0 }
        var moved = 0
        for (from, to) in [(one, other), (other, one)] {
            let report = try await from.forward(to: to.id, over: to.connection(for: .broker(from.id)))
            moved += report.ended + report.context
        }
        return moved
    }

    /// The authorities sign a later version, and these brokers hear of it.
    func putInForce(_ version: PracticeSuccessor, at brokers: [MemberID]) async throws {
        if !world.authorities.values.contains(where: { $0.directory.profiles.contains(version.reference) }) {
            try world.putInForce(version.reference, version.file, at: clock.now)
        }
        for broker in brokers {
            let core = try #require(self.brokers[broker])
            core.use(try world.directories(now: clock.now), profiles: [version.profile])
            try await core.sweep()
        }
    }

    /// The directories as the authorities sign them now.
    func newerDirectories() throws -> [SignedFile] {
        var later = world
        for authority in [PracticeWorld.inAuthority, PracticeWorld.bdAuthority] {
            try later.publish(authority, at: clock.now)
        }
        return later.documents.map { SignedFile(slip: $0.slip, file: $0.file) }
    }

    /// Every letter on its way or come to an end, in words: what a failing test prints.
    func report() -> String {
        var lines: [String] = []
        for member in Self.everybody {
            guard let desk = try? desk(member), let outbox = try? desk.outbox(), let inbox = try? desk.inbox() else {
                continue
            }
            guard let words = try? desk.words(in: "en") else { continue }
            lines += outbox.map {
                "\(member) out \($0.letter.id.hex.prefix(8)) \($0.letter.type) \($0.shown) \(words.sentence(for: $0))"
            }
            lines += inbox.map {
                "\(member) in \($0.letter.id.hex.prefix(8)) \($0.letter.type) \($0.shown) \(words.sentence(for: $0)) \($0.entry.code ?? "")"
            }
            lines += ((try? desk.alarms()) ?? []).map { "\(member) alarm \($0.kind) \($0.detail ?? "")" }
        }
        return lines.joined(separator: "\n")
    }

    /// What all nodes of a case say of it, for every letter that both know.
    func bothEndsAgree(_ caseID: CaseID, _ members: [MemberID] = [shelter, ngo]) throws {
        let views = try members.map { try desk($0).view(of: caseID, at: clock.now).state }
        for view in views.dropFirst() {
            #expect(view.lifecycle == views[0].lifecycle)
            #expect(view.tracks == views[0].tracks)
        }
    }
}
