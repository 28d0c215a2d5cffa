// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Cryptography
import Exchange
import Foundation
import Letters
import Logging
import Membership
import Node
import Procedure
import Sealing

/// What every section works with: the folder on a real disk, the program, the example, and what the floors came to.
struct Workbench {
    let directory: URL
    /// `kheya`, built for release beside this program.
    let program: URL
    /// Counts syncs when preloaded.
    let syncCounter: URL
    /// `Protocols/` of the checkout.
    let protocols: URL
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let keys: PracticeKeys

    /// - Throws: when a program that `make bench` builds is not there.
    init(directory: URL, keys: PracticeKeys) throws {
        self.directory = directory
        self.keys = keys
        let own = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        program =
            ProcessInfo.processInfo.environment["KHEYA"].map { URL(fileURLWithPath: $0) }
            ?? own.appending(path: "kheya")
        syncCounter = own.appending(path: "libSyncCounter.so")
        protocols =
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../Protocols")
            .standardizedFileURL
        for file in [program, syncCounter] where !FileManager.default.isExecutableFile(atPath: file.path) {
            throw BenchmarkError("\(file.path) is not there; `make bench` builds it")
        }
    }

    private var profileSource: URL { protocols.appending(path: "Profiles/in-bd-repatriation/profile.json") }

    var example: Example { Example(directory: protocols.appending(path: "Examples/asha-to-jessore"), now: Date()) }

    /// A fresh network in a folder of its own.
    func network(_ name: String) throws -> PracticeNetwork {
        try PracticeNetwork(
            directory: directory.appending(path: name), program: program, syncCounter: syncCounter,
            profile: profileSource)
    }

    func profile() throws -> Profile {
        let bytes = try ProfileDocument.canonicalBytes(ofSource: Array(try Data(contentsOf: profileSource)))
        return try ProfileDocument.read(bytes, digest: .sha256(bytes))
    }

    func id(_ party: PracticeNetwork.Party) throws -> MemberID {
        guard let id = MemberID(party.id) else { throw BenchmarkError("the practice names are no member ids") }
        return id
    }

    /// The desk of a node's home, as `kheya case` opens it; the node's own process may run beside it.
    func desk(of party: PracticeNetwork.Party, in network: PracticeNetwork) throws -> CaseDesk {
        try LocalNode.open(try network.home(party), now: Instant(seconds: Int64(Date().timeIntervalSince1970))).desk
    }

    /// Offers from the shelter to the NGO of a network.
    func factory(_ network: PracticeNetwork) throws -> LetterFactory {
        try factory(
            network, from: .shelter, to: .ngo, "01-offer.json",
            ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"], form: "01-preview.json")
    }

    /// The NGO's yes to them.
    func acceptances(_ network: PracticeNetwork) throws -> LetterFactory {
        try factory(
            network, from: .ngo, to: .shelter, "02-acceptance.json", ["REFERRAL_ACCEPTED"], form: "02-acceptance.json")
    }

    private func factory(
        _ network: PracticeNetwork, from: PracticeNetwork.Party, to: PracticeNetwork.Party, _ facts: String,
        _ events: [String], form: String
    ) throws -> LetterFactory {
        let (sender, recipient) = (try id(from), try id(to))
        let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
        return LetterFactory(
            sender: sender, recipient: recipient, signing: try network.home(from).keys().signing,
            sealing: try network.home(from).directories(now: now).sealingCertificate(of: recipient, at: now),
            profile: try profile(), events: try example.events(facts, events), form: try example.form(form), now: now)
    }

    /// A connection of its own, as the node of `party` has it.
    func client(
        of party: PracticeNetwork.Party, to broker: PracticeNetwork.Party, in network: PracticeNetwork, port: Int? = nil
    ) throws -> BrokerClient {
        let home = try network.home(party)
        let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
        guard let entry = try home.directories(now: now).broker(try id(broker)) else {
            throw BenchmarkError("\(party.rawValue) does not know \(broker.rawValue)")
        }
        let link = try home.keys().link
        return try BrokerClient(
            host: entry.host, address: entry.address, port: port ?? entry.port,
            identity: Exchange.LinkIdentity(certificate: link.certificate, key: link.key),
            roots: Array(home.anchors().roots.values),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Floors with the keys of a party of the network, so that libcrypto verifies the letters that the broker does.
    func floors(for network: PracticeNetwork, _ party: PracticeNetwork.Party) throws -> Floors {
        let home = try network.home(party)
        let keys = try home.keys()
        guard let root = try home.anchors().roots.values.first(where: { keys.signing.certificate.isSigned(by: $0) }),
            let sealing = keys.sealing.first
        else {
            throw BenchmarkError("\(party.rawValue) has no root or no sealing key")
        }
        return try Floors(
            root: root, signing: (keys.signing.certificate, keys.signing.key),
            sealing: (sealing.certificate, sealing.key))
    }

    /// 4 KiB appends, each with its `fdatasync`, on the disk that the stores lie on.
    func syncsPerSecond(seconds: Double) throws -> Double {
        let start = floors_now()
        var done = 0
        while floors_now() - start < seconds {
            try Floors.synchronise(directory, 10)
            done += 10
        }
        return Double(done) / (floors_now() - start)
    }
}
