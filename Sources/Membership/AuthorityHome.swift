// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure

/// The home of an authority: its encrypted root key and every directory and profile it signed. Kept offline, on one
/// machine.
///
///     kheya.json   keys/master.json   keys/root.pem .crt   trust/in-authority.crt   documents/
public struct AuthorityHome: Sendable {
    public let path: String
    public let settings: HomeSettings
    public let authority: Authority
    private let documents: DocumentFolder

    /// Makes an authority: root key, self-signed root, and a first directory without members.
    ///
    /// - Throws: ``MembershipError``.
    public static func create(
        at path: String, id: MemberID, name: String, unlock: Unlock, salt: [UInt8] = SecureRandom.bytes(32),
        now: Instant,
        lifetimes: CertificateLifetimes = .standard
    ) throws(MembershipError) -> AuthorityHome {
        guard !HomeFiles.exists(path + "/kheya.json"), !HomeFiles.exists(path + "/keys") else {
            throw MembershipError(.homeFile, "\(path) is a home already")
        }
        for directory in ["", "/keys", "/trust", "/documents"] { try HomeFiles.makeDirectory(path + directory) }
        let vault = try KeyVault.create(in: path + "/keys", unlock: unlock, salt: salt)
        let key = try MemberHome.newKey()
        let authority = try Authority.create(id: id, key: key, at: now, lifetimes: lifetimes)
        try vault.write(key, to: path + "/keys/root.pem")
        try HomeFiles.write(authority.root.pem, to: path + "/keys/root.crt")
        try HomeFiles.write(authority.root.pem, to: "\(path)/trust/\(DocumentFolder.name(id.text)).crt")
        let settings = HomeSettings(kind: .authority, id: id, name: name)
        let home = AuthorityHome(
            path: path, settings: settings, authority: authority, documents: DocumentFolder(path: path + "/documents"))
        _ = try home.publish(authority.emptyDirectory(at: now), at: now)
        try HomeFiles.write(settings.file(), to: path + "/kheya.json")
        return home
    }

    /// - Throws: ``MembershipError`` `.locked`, `.homeUnsafe`, `.homeMalformed`, `.homeFile`.
    public static func open(
        at path: String, unlock: Unlock, lifetimes: CertificateLifetimes = .standard
    ) throws(MembershipError) -> AuthorityHome {
        let settings = try MemberHome.settings(at: path)
        guard settings.kind == .authority else {
            throw MembershipError(.homeMalformed, "\(path) is not the home of an authority")
        }
        try HomeFiles.checkClosed(path + "/keys", isDirectory: true)
        let vault = try KeyVault.open(in: path + "/keys", unlock: unlock)
        let root = try MemberHome.certificate(path + "/keys/root.crt")
        let authority = try Authority(root: root, key: try vault.read(path + "/keys/root.pem"), lifetimes: lifetimes)
        guard authority.id == settings.id else {
            throw MembershipError(.homeMalformed, "\(path): the root is another authority's")
        }
        return AuthorityHome(
            path: path, settings: settings, authority: authority, documents: DocumentFolder(path: path + "/documents"))
    }

    /// The newest directory it signed, also when that has expired: the draft of the next one.
    public func directory(now: Instant) throws(MembershipError) -> MemberDirectory {
        guard let directory = try directories(now: now).directory(of: authority.id) else {
            throw MembershipError(.homeMalformed, "\(path)/documents holds no directory of \(authority.id)")
        }
        return directory
    }

    /// The newest signed directory letter, to give to everybody.
    public func document(now: Instant) throws(MembershipError) -> SignedDocument {
        guard let document = try directories(now: now).document(of: authority.id) else {
            throw MembershipError(.homeMalformed, "\(path)/documents holds no directory of \(authority.id)")
        }
        return document
    }

    /// Signs a draft as the next version and keeps it: durable before it is handed out, so that no number is given
    /// twice.
    public func publish(
        _ draft: MemberDirectory, at: Instant, holds: Int64 = MembershipLimits.directorySeconds
    ) throws(MembershipError) -> SignedDocument {
        let (directory, document) = try authority.sign(draft, at: at, holds: holds)
        let name = "directory-\(DocumentFolder.name(authority.id.text))-\(directory.version)"
        guard !HomeFiles.exists("\(documents.path)/\(name).p7s") else {
            throw MembershipError(
                .directoryConflict, "directory \(directory.version) is signed already; begin with the newest one")
        }
        try documents.write(document, name: name)
        return document
    }

    /// Signs a profile and puts it in force beside those that are: two letters, the profile's and the next directory's.
    ///
    /// - Parameters:
    ///   - profile: canonical bytes.
    ///   - reference: its id, version and digest.
    public func putInForce(
        profile: [UInt8], as reference: ProfileReference, at: Instant
    ) throws(MembershipError) -> (profile: SignedDocument, directory: SignedDocument) {
        var draft = try directory(now: at)
        draft.profiles.removeAll { $0.id == reference.id && $0.version == reference.version }
        draft.profiles.append(reference)
        let letter = try authority.sign(profile: profile, version: draft.version + 1, at: at)
        try documents.write(letter, name: "profile-\(reference.id)-\(reference.version)")
        return (letter, try publish(draft, at: at))
    }

    private func directories(now: Instant) throws(MembershipError) -> Directories {
        var directories = Directories(anchors: try TrustAnchors([authority.root]))
        try documents.load(into: &directories, now: now)
        return directories
    }
}
