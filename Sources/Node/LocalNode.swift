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
        let store = try store(of: home)
        let network = try NetworkView(directories: try home.directories(now: now), home: home)
        let identity = NodeIdentity(member: home.settings.id, signing: keys.signing, sealing: keys.sealing)
        let desk = CaseDesk(
            identity: identity, store: store, network: network, settings: settings)
        return LocalNode(home: home, settings: settings, store: store, network: network, desk: desk)
    }

    /// What the node keeps (cases, letters on their way, accounts), opened by itself: also before its authority has admitted it.
    ///
    /// - Throws: ``CaseFileError``.
    public static func store(of home: MemberHome) throws -> CaseStore {
        try CaseStore(
            directory: URL(fileURLWithPath: home.path, isDirectory: true),
            wrapping: home.vault.key(for: "kheya case keys"))
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

    /// Keeps what lies beside a profile in the home: its forms, its labels in all languages.
    ///
    /// - Parameter documents: by their names in the profile's `documents`: `forms`, `labels-bn`. Labels come all together.
    /// - Returns: The names that were taken.
    /// - Throws: ``LetterError`` naming the document: when no profile that is here names it by its digest, when it is not
    ///   what it should be, or a language is left out. Nothing was kept then.
    @discardableResult
    public func install(_ documents: [String: [UInt8]]) throws -> [String] {
        try ProfileFiles(home: URL(fileURLWithPath: home.path, isDirectory: true)).install(documents, into: network)
    }
}
