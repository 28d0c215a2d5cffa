// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
import Foundation
import Letters
import Sealing
public import Logging
public import Membership
public import MessageStore
public import Procedure

/// Everything of one home, opened: what command line, service and page work with.
public struct LocalNode: Sendable {
    public let home: MemberHome
    public let settings: NodeSettings
    public let store: CaseStore
    public let network: NetworkView
    public let desk: CaseDesk

    /// Opens the node that lives in `home`.
    ///
    /// - Parameters:
    ///   - home: unlocked.
    ///   - now: to judge the documents kept there.
    /// - Throws: ``MembershipError`` `.notAdmitted` while a certificate is missing, `.homeMalformed` for an option; ``CaseFileError``.
    public static func open(_ home: MemberHome, now: Instant) throws -> LocalNode {
        let settings = try NodeSettings(home.settings)
        let keys = try home.keys()
        let directory = URL(fileURLWithPath: home.path, isDirectory: true)
        let store = try CaseStore(directory: directory, wrapping: home.vault.key(for: "kheya case keys"))
        let network = try NetworkView(directories: try home.directories(now: now), home: home)
        let identity = NodeIdentity(member: home.settings.id, signing: keys.signing, sealing: keys.sealing)
        let desk = CaseDesk(
            identity: identity, store: store, network: network, settings: settings,
            accounts: try Accounts(home: directory))
        return LocalNode(home: home, settings: settings, store: store, network: network, desk: desk)
    }

    /// The service of this node; no other process may run one of the same home meanwhile.
    ///
    /// - Throws: ``CaseFileError`` `.inUse`.
    public func service(
        connection: any BrokerConnection, clock: @escaping @Sendable () -> Instant, logger: Logger
    ) throws -> NodeService {
        let lock = try NodeLock(home: URL(fileURLWithPath: home.path, isDirectory: true))
        return NodeService(desk: desk, connection: connection, lock: lock, clock: clock, logger: logger)
    }

    /// Keeps the form catalogue of a profile in the home.
    ///
    /// - Parameter bytes: `forms.json`, as it lies beside the profile.
    /// - Throws: ``LetterError`` when it is none, or of another profile; ``DeskError`` `.unknownProfile`.
    public func installForms(_ bytes: [UInt8]) throws {
        try FormFiles(home: URL(fileURLWithPath: home.path, isDirectory: true)).install(bytes, into: network)
    }
}

/// The form catalogues of a home: `documents/forms-<profile>-<version>.json`.
struct FormFiles {
    let home: URL

    private func url(_ profile: Profile) -> URL {
        home.appendingPathComponent("documents/forms-\(profile.id)-\(profile.version).json")
    }

    func install(_ bytes: [UInt8], into network: NetworkView) throws {
        let catalogue = try FormsDocument.read(bytes)
        guard
            let profile = network.profiles.first(where: {
                $0.id == catalogue.profile && $0.version == catalogue.version
            })
        else {
            throw DeskError(.unknownProfile, "forms of a profile that is not here: take in its letter first")
        }
        try check(catalogue, bytes, profile)
        try DurableFile.write(bytes, to: url(profile))
        network.setForms(catalogue, of: profile.digest)
    }

    /// - Returns: `nil` when none is kept for this profile.
    func read(_ profile: Profile) throws -> FormCatalogue? {
        guard let bytes = try DurableFile.read(url(profile)) else { return nil }
        let catalogue = try FormsDocument.read(bytes)
        try check(catalogue, bytes, profile)
        return catalogue
    }

    /// The profile is signed; it may name its forms by digest, and its list of forms must be theirs.
    private func check(_ catalogue: FormCatalogue, _ bytes: [UInt8], _ profile: Profile) throws {
        try FormsDocument.check(catalogue, against: profile)
        guard let named = profile.definition.documents["forms"] else { return }
        guard named == .sha256(try ProfileDocument.canonicalBytes(ofSource: bytes)) else {
            throw LetterError(.profileInvalid, "forms: not the ones that the profile names")
        }
    }
}
