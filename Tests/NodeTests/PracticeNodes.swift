// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Node
import Procedure
import Sealing
import Synchronization
import TestSupport

/// A clock that stands until a test moves it.
final class TestClock: Sendable {
    private let instant: Mutex<Instant>
    init(_ start: Instant) { instant = Mutex(start) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ seconds: Int64) { instant.withLock { $0 = $0 + seconds } }
}

/// Nodes of a practice world, each with a home directory of its own, joined by one carrier.
final class PracticeNodes {
    let world: PracticeWorld
    let office = PostOffice()
    let clock: TestClock
    let profile: Profile
    let directory: URL
    private var stores: [MemberID: CaseStore] = [:]

    static let shelter = PracticeWorld.shelter
    static let ngo = PracticeWorld.ngo
    static let investigator = PracticeWorld.investigator

    init() throws {
        let source = try Data(contentsOf: Vector.protocols.appendingPathComponent("Profiles/in-bd-repatriation/profile.json"))
        let bytes = try ProfileDocument.canonicalBytes(ofSource: [UInt8](source))
        profile = try ProfileDocument.read(bytes, digest: .sha256(bytes))
        clock = TestClock(PracticeWorld.start + 3_600)
        world = try PracticeWorld.make(
            profiles: [(ProfileReference(id: profile.id, version: profile.version, digest: profile.digest), bytes)])
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-node-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func home(_ member: MemberID) -> URL { directory.appendingPathComponent(member.text.replacing(":", with: "-")) }

    func desk(_ member: MemberID) throws -> CaseDesk {
        let party = try world.party(member)
        if stores[member] == nil {
            try FileManager.default.createDirectory(at: home(member), withIntermediateDirectories: true)
            stores[member] = try CaseStore(directory: home(member), wrapping: Array(repeating: 7, count: 32))
        }
        guard let store = stores[member] else { preconditionFailure("a store") }
        var accounts = Accounts()
        try accounts.set("worker-1", roles: ["caseworker"])
        try accounts.set("reviewer-1", roles: ["reviewer"])
        return CaseDesk(
            identity: NodeIdentity(member: member, signing: party.keys.signing, sealing: party.keys.sealing), store: store,
            network: try NetworkView(directories: world.directories()), settings: NodeSettings(), accounts: accounts)
    }

    func service(_ member: MemberID) throws -> NodeService {
        let clock = clock
        return NodeService(
            desk: try desk(member), connection: office.connection(for: member), clock: { clock.now }, logger: Logger(label: "test"))
    }

    /// Drops what the node holds in memory; the next use opens its home again, as after a kill.
    func restart(_ member: MemberID) { stores[member] = nil }

    /// Lets letters flow until nothing moves.
    func settle(_ members: [MemberID] = [shelter, ngo]) async throws {
        while true {
            var moved = 0
            for member in members {
                clock.advance(1)
                let report = try await service(member).pass()
                moved += report.pushed + report.fetched + report.judged
            }
            if moved == 0 { return }
        }
    }

    // MARK: Invented acts

    func date(_ days: Int64) -> FactValue {
        let seconds = clock.now.seconds + days * 86_400
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        return .text(formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
    }

    func offer(forms: [FormDraft] = []) -> Act {
        Act(
            events: [
                Event(code: "ADULT_ESTABLISHED", facts: ["age_basis": .text("undisputed")]),
                Event(
                    code: "SHARE_CONSENT_PREVIEW",
                    facts: [
                        "consent_ref": .text(String(repeating: "1", count: 32)), "recipient": .text(Self.ngo.text),
                        "valid_until": date(90), "given_by": .text("self"), "assent": .text("not_applicable"),
                    ]),
                Event(
                    code: "REFERRAL_OFFER",
                    facts: ["victim_status": .text("actual"), "status_decided_by": .text("court_or_prosecution"), "held_as": .text("protected")]),
            ], forms: forms, to: [Self.ngo], account: "worker-1")
    }
}
