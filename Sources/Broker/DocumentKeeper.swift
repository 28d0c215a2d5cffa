// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import ServiceLifecycle

/// Who goes by the directories of a home: a broker, or a witness.
protocol DocumentHolder: Sendable {
    var id: MemberID { get }
    var directories: Directories { get }
    var now: Instant { get }
    var log: BrokerLog { get }
    /// Goes by these from now on.
    func hold(_ directories: Directories) throws
}

extension BrokerCore: DocumentHolder {
    func hold(_ directories: Directories) throws {
        use(directories, profiles: try DocumentKeeper.profiles(of: directories, known: profileDigests))
    }
}

/// Keeps directories and profiles current: what the operator puts into the home counts within a second, what another broker has is
/// fetched.
struct DocumentKeeper: Service {
    let core: any DocumentHolder
    let home: MemberHome
    let lines: BrokerLines
    /// Closes connections of those that the newer directory no longer knows.
    let recheck: @Sendable () -> Void

    /// Between two looks at the folder, and between two questions to another broker.
    private static let lookMilliseconds: Int64 = 300
    private static let askSeconds = 60

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await watch() }
                group.addTask { await ask() }
            }
        }
    }

    private func watch() async {
        var last = stamp
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
            let now = stamp
            guard now != last else { continue }
            last = now
            reload()
        }
    }

    /// Changes with every file that is put into `documents/`.
    private var stamp: Date? {
        try? FileManager.default.attributesOfItem(atPath: home.path + "/documents")[.modificationDate] as? Date
    }

    private func reload() {
        do {
            try core.hold(try home.directories(now: core.now))
            recheck()
            core.log(.notice, "directories read again")
        } catch {
            core.log(.warning, "documents not read")
        }
    }

    private func ask() async {
        while !Task.isCancelled {
            for peer in core.directories.peers(of: core.id) {
                guard let documents = try? await lines.connection(to: peer.id).documents() else { continue }
                take(documents)
            }
            try? await Task.sleep(for: .seconds(Self.askSeconds))
        }
    }

    /// What is newer is written into the home, where ``watch()`` finds it. Nothing is believed for having come from a broker: each
    /// document is signed by its authority.
    private func take(_ documents: [SignedFile]) {
        var directories = core.directories
        let before = directories
        for document in documents {
            let signed = SignedDocument(slip: document.slip, file: document.file)
            if before.documents.contains(signed) { continue }
            if (try? home.accept(signed, into: &directories, now: core.now)) == nil {
                _ = try? home.accept(profile: signed, into: &directories)
            }
        }
    }

    /// The profiles that are held and not known yet.
    static func profiles(of directories: Directories, known: Set<Digest>) throws -> [Profile] {
        try directories.profiles.filter { !known.contains($0.digest) }.compactMap { reference in
            try directories.profileFile(reference.digest).map { try ProfileDocument.read($0, digest: reference.digest) }
        }
    }
}
