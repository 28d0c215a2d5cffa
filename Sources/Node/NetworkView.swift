// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Letters
public import Membership
public import Procedure
import Sealing
import Synchronization

/// What the node knows of the network: directories, profiles, their forms and labels. Shared by desk and service; newer documents replace
/// older ones at once, without a restart.
public final class NetworkView: Sendable {
    private struct Content {
        var directories: Directories
        var profiles: [Digest: Profile]
        var forms: [Digest: FormCatalogue]
        /// Read when they are first asked for.
        var labels: [Digest: [String: ProfileLabels]] = [:]
    }

    private let content: Mutex<Content>
    private let home: MemberHome?
    private var files: ProfileFiles? {
        home.map { ProfileFiles(home: URL(fileURLWithPath: $0.path, isDirectory: true)) }
    }

    /// - Parameters:
    ///   - profiles: beside those whose letters the directories hold.
    ///   - forms: the form catalogue of each profile, by the profile's digest.
    ///   - home: where accepted documents are kept; `nil` keeps them in memory only.
    public init(
        directories: Directories, profiles: [Profile] = [], forms: [Digest: FormCatalogue] = [:],
        home: MemberHome? = nil
    ) throws {
        self.home = home
        content = Mutex(
            Content(
                directories: directories, profiles: Dictionary(profiles.map { ($0.digest, $0) }) { $1 }, forms: forms))
        try readProfiles()
    }

    public var directories: Directories { content.withLock { $0.directories } }

    public var profiles: [Profile] {
        content.withLock { $0.profiles.values.sorted { ($0.id, $0.version) < ($1.id, $1.version) } }
    }
    public var profilesByDigest: [Digest: Profile] { content.withLock { $0.profiles } }
    public func profile(_ digest: Digest) -> Profile? { content.withLock { $0.profiles[digest] } }
    public func forms(of profile: Digest) -> FormCatalogue? { content.withLock { $0.forms[profile] } }
    public func setForms(_ catalogue: FormCatalogue, of profile: Digest) {
        content.withLock { $0.forms[profile] = catalogue }
    }
    public func setLabels(_ labels: ProfileLabels, of profile: Digest) {
        content.withLock { $0.labels[profile, default: [:]][labels.language] = labels }
    }

    /// The labels of a profile in a language; `nil` where they have not been taken in.
    public func labels(of profile: Digest, in language: String) throws -> ProfileLabels? {
        if let held = content.withLock({ $0.labels[profile]?[language] }) { return held }
        guard let files, let held = self.profile(profile), let labels = try files.labels(of: held, in: language) else {
            return nil
        }
        setLabels(labels, of: profile)
        return labels
    }

    /// Other files may lie beside the profiles of the home now.
    func forgetDocuments() throws {
        content.withLock { ($0.forms, $0.labels) = ([:], [:]) }
        try readProfiles()
    }

    /// What a reader of this language is told about cases of this profile, times by the clock of the member's country.
    ///
    /// Names are those of the profile in that language, else in English; bare codes where its labels are not here.
    /// - Parameter language: one of ``ProgramWords/languages``.
    public func words(of profile: Digest?, for member: MemberID, in language: String) throws -> DeskWords {
        var labels: ProfileLabels?
        if let profile { labels = try self.labels(of: profile, in: language) ?? self.labels(of: profile, in: "en") }
        let zone = profile.flatMap(self.profile)?.definition.zones[member.country]
        return DeskWords(labels ?? ProfileLabels(language: language), offset: zone ?? 0)
    }

    /// The profile that new cases are opened under: one that every authority puts in force, the newest version; without directories'
    /// word, the only one that is here.
    public var profileInForce: Profile? {
        content.withLock { content in
            let named = content.directories.profilesInForce.compactMap { content.profiles[$0.digest] }
            return named.max { $0.version < $1.version }
                ?? (content.profiles.count == 1 ? content.profiles.values.first : nil)
        }
    }

    /// Takes a newer directory or profile, from the broker or a stick.
    ///
    /// - Returns: Whether something changed.
    /// - Throws: ``MembershipError``; what is held stays as it was.
    public func accept(_ document: SignedDocument, now: Instant) throws -> Bool {
        let type = try Slip.read(Array(Gate.slip(document.slip).content)).type
        var directories = self.directories
        switch type {
        case .directory:
            let acceptance =
                try home?.accept(document, into: &directories, now: now) ?? directories.accept(document, now: now)
            guard acceptance == .newer else { return false }
        case .profile:
            if directories.profileFile(.sha256(document.file)) != nil { return false }
            _ = try home?.accept(profile: document, into: &directories) ?? directories.accept(profile: document)
        default: throw MembershipError(.directoryBinding, "neither a directory nor a profile")
        }
        let accepted = directories
        content.withLock { $0.directories = accepted }
        try readProfiles()
        return true
    }

    /// Reads the home's documents again: another process may have taken newer ones.
    ///
    /// - Returns: Whether something is newer.
    @discardableResult
    public func reload(now: Instant) throws -> Bool {
        guard let home else { return false }
        let directories = try home.directories(now: now)
        let before = (documents: self.directories.documents, forms: content.withLock { $0.forms.count })
        content.withLock { $0.directories = directories }
        try readProfiles()
        return before.documents != directories.documents || before.forms != content.withLock { $0.forms.count }
    }

    /// Parses the profiles that came with their letters.
    private func readProfiles() throws {
        let directories = self.directories
        for reference in directories.profiles where profile(reference.digest) == nil {
            guard let file = directories.profileFile(reference.digest) else { continue }
            let profile = try ProfileDocument.read(file, digest: reference.digest)
            content.withLock { $0.profiles[reference.digest] = profile }
        }
        guard let files else { return }
        for profile in profiles where forms(of: profile.digest) == nil {
            if let catalogue = try files.forms(of: profile) { setForms(catalogue, of: profile.digest) }
        }
    }
}
