// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure
internal import Sealing
public import TransparencyLog

/// The home directory of a member, broker or witness: settings, keys, pinned roots, the newest signed documents.
///
///     kheya.json                       settings
///     keys/master.json                 salt and cost of the master secret
///     keys/{sign,seal,link}.pem .crt   private keys (encrypted PKCS#8) with their certificates
///     keys/{sign,seal,link}.next.pem   keys that wait for their certificate
///     keys/seal-<16 hex>.pem .crt      older sealing keys, by certificate digest
///     trust/in-authority.crt           pinned roots
///     documents/                       directory and profile letters: <type>-<id>-<version>.p7s and .json
///
/// Directories 0700, files 0600; every change is one rename, and ``open(at:unlock:)`` finishes what a crash
/// interrupted.
///
/// - SeeAlso: Protocols/Membership.md §8.
public struct MemberHome: Sendable {
    public let path: String
    public private(set) var settings: HomeSettings
    public let vault: KeyVault
    private let documents: DocumentFolder

    private init(path: String, settings: HomeSettings, vault: KeyVault) {
        self.path = path
        self.settings = settings
        self.vault = vault
        documents = DocumentFolder(path: path + "/documents")
    }

    // MARK: - Making and opening

    /// Makes a home with three fresh keys, and the request that its authority answers.
    ///
    /// - Parameters:
    ///   - path: a directory that does not exist yet, or is empty but for what is not Kheya's.
    ///   - request: what it asks to be; of a broker also where it can be called.
    ///   - salt: 32 random bytes.
    ///   - keys: for practice worlds, keys that exist already.
    /// - Throws: ``MembershipError``.
    public static func create(
        at path: String, settings: HomeSettings, request: EnrolmentRequest.Kind, roots: [Certificate], unlock: Unlock,
        salt: [UInt8] = SecureRandom.bytes(32), keys: [CertificateUse: PrivateKey] = [:], now: Instant
    ) throws(MembershipError) -> (home: MemberHome, request: EnrolmentRequest) {
        guard !HomeFiles.exists(path + "/kheya.json"), !HomeFiles.exists(path + "/keys") else {
            throw MembershipError(.homeFile, "\(path) is a home already")
        }
        let anchors = try TrustAnchors(roots)
        guard anchors.authority(for: settings.id) != nil else {
            throw MembershipError(
                .homeMalformed, "no root of the authority of \(settings.id.country); get it and compare it by telephone"
            )
        }
        for directory in ["", "/keys", "/trust", "/documents"] { try HomeFiles.makeDirectory(path + directory) }
        let vault = try KeyVault.create(in: path + "/keys", unlock: unlock, salt: salt)
        let home = MemberHome(path: path, settings: settings, vault: vault)
        for root in roots { try home.pin(root) }
        var made: [CertificateUse: PrivateKey] = [:]
        for use in CertificateUse.allCases {
            let key = if let given = keys[use] { given } else { try newKey() }
            try vault.write(key, to: home.pending(use))
            made[use] = key
        }
        let enrolment = try EnrolmentRequest(
            id: settings.id, name: settings.name, kind: request, at: now, keys: made,
            log: try home.newLog(for: request, now: now))
        // Last: a home without it was never finished, and `create` may run again elsewhere.
        try HomeFiles.write(settings.file(), to: path + "/kheya.json")
        return (home, enrolment)
    }

    /// Opens a home; finishes an interrupted change of keys.
    ///
    /// - Throws: ``MembershipError`` `.homeFile` when it is none, `.homeUnsafe`, `.homeMalformed`, `.locked`.
    public static func open(at path: String, unlock: Unlock) throws(MembershipError) -> MemberHome {
        let settings = try settings(at: path)
        guard settings.kind != .authority else {
            throw MembershipError(.homeMalformed, "\(path) is the home of an authority")
        }
        try HomeFiles.checkClosed(path + "/keys", isDirectory: true)
        let home = MemberHome(
            path: path, settings: settings, vault: try KeyVault.open(in: path + "/keys", unlock: unlock))
        try home.finishInterruptedInstall()
        try home.checkUnlock()
        return home
    }

    /// The settings of a home, without unlocking it.
    public static func settings(at path: String) throws(MembershipError) -> HomeSettings {
        try HomeSettings.read(HomeFiles.read(path + "/kheya.json", limit: 65_536))
    }

    public mutating func write(_ settings: HomeSettings) throws(MembershipError) {
        try HomeFiles.write(settings.file(), to: path + "/kheya.json")
        self.settings = settings
    }

    /// Opens one key, so that a wrong passphrase is told at once.
    private func checkUnlock() throws(MembershipError) {
        for use in CertificateUse.allCases {
            for file in [key(use), pending(use)] where HomeFiles.exists(file) {
                _ = try vault.read(file)
                return
            }
        }
        throw MembershipError(.homeMalformed, "\(path)/keys holds no key")
    }

    // MARK: - Trust

    /// Pins the root of an authority. One that is there already is never replaced by another.
    public func pin(_ root: Certificate) throws(MembershipError) {
        _ = try TrustAnchors([root])
        let file = "\(path)/trust/\(DocumentFolder.name(root.commonName)).crt"
        if HomeFiles.exists(file) {
            guard try Self.certificate(file) == root else {
                throw MembershipError(
                    .homeMalformed,
                    "another root of \(root.commonName) is pinned; remove \(file) if the authority says so")
            }
            return
        }
        try HomeFiles.write(root.pem, to: file)
    }

    public func anchors() throws(MembershipError) -> TrustAnchors { try Self.anchors(in: path) }

    /// The chain of the time-stamping authority that this home believes: PEM.
    public func timeChain() throws(MembershipError) -> [UInt8] {
        try HomeFiles.read(path + "/trust/time.pem", limit: 65_536)
    }

    static func anchors(in path: String) throws(MembershipError) -> TrustAnchors {
        var roots: [Certificate] = []
        for name in try HomeFiles.names(in: path + "/trust") where name.hasSuffix(".crt") {
            roots.append(try certificate("\(path)/trust/\(name)"))
        }
        return try TrustAnchors(roots)
    }

    /// Everything kept under `documents/`, judged again: the newest directory of each authority, then the profiles.
    public func directories(now: Instant) throws(MembershipError) -> Directories {
        try Self.directories(at: path, now: now)
    }

    /// The same of a home that is not unlocked.
    public static func directories(at path: String, now: Instant) throws(MembershipError) -> Directories {
        var directories = Directories(anchors: try anchors(in: path))
        try DocumentFolder(path: path + "/documents").load(into: &directories, now: now)
        return directories
    }

    /// Takes a directory letter and keeps it: durable when this returns.
    ///
    /// - Throws: as ``Directories/accept(_:now:)``, and `.homeFile`.
    @discardableResult
    public func accept(
        _ document: SignedDocument, into directories: inout Directories, now: Instant
    ) throws(MembershipError) -> Directories.Acceptance {
        try documents.accept(document, into: &directories, now: now)
    }

    /// Takes a profile letter and keeps it.
    @discardableResult
    public func accept(
        profile document: SignedDocument, into directories: inout Directories
    ) throws(MembershipError) -> ProfileReference {
        try documents.accept(profile: document, into: &directories)
    }

    // MARK: - Keys

    /// The unlocked keys.
    ///
    /// - Throws: ``MembershipError`` `.notAdmitted` while a certificate is missing.
    public func keys() throws(MembershipError) -> MemberKeys {
        func pair(_ name: String) throws(MembershipError) -> (Certificate, PrivateKey) {
            let file = "\(path)/keys/\(name)"
            guard HomeFiles.exists(file + ".pem"), HomeFiles.exists(file + ".crt") else {
                throw MembershipError(
                    .notAdmitted,
                    "\(settings.id) has no \(name) certificate yet: give its request to the authority, then take the directory in"
                )
            }
            return (try Self.certificate(file + ".crt"), try vault.read(file + ".pem"))
        }
        do {
            let sign = try pair("sign")
            let link = try pair("link")
            var sealing = [try pair("seal")]
            var older: [(Certificate, PrivateKey)] = []
            for name in try olderSealingNames() { older.append(try pair(name)) }
            sealing += older.filter { $0.0 != sealing[0].0 }.sorted {
                ($0.0.notBefore, $0.0.id) > ($1.0.notBefore, $1.0.id)
            }
            guard link.0.publicKey == link.1.publicKey else {
                throw MembershipError(.homeMalformed, "\(path)/keys: link.pem and link.crt do not belong together")
            }
            var identities: [SealingIdentity] = []
            for (certificate, key) in sealing {
                identities.append(try SealingIdentity(certificate: certificate, key: key))
            }
            return MemberKeys(
                signing: try SigningIdentity(certificate: sign.0, key: sign.1), sealing: identities,
                link: LinkIdentity(certificate: link.0, key: link.1))
        } catch let error as MembershipError {
            throw error
        } catch {
            throw MembershipError(.homeMalformed, "\(path)/keys: a key and its certificate do not belong together")
        }
    }

    /// Gives each waiting key the certificate that the directory lists for it. Old sealing keys are kept, other old
    /// keys go.
    ///
    /// - Returns: What was installed; empty when nothing waits or the directory has nothing for it.
    @discardableResult
    public func installCertificates(from directories: Directories, now: Instant) throws(MembershipError)
        -> [MemberCertificate]
    {
        let listed = directories.certificates(of: settings.id)
        var installed: [MemberCertificate] = []
        for use in CertificateUse.allCases where HomeFiles.exists(pending(use)) {
            let waiting = try vault.read(pending(use)).publicKey
            guard
                let entry = listed.first(where: {
                    $0.use == use && $0.certificate.publicKey == waiting && $0.isValid(at: now)
                })
            else { continue }
            // 1. The certificate beside the waiting key. A crash from here on is finished by `open`.
            try HomeFiles.write(entry.certificate.pem, to: "\(path)/keys/\(use.rawValue).next.crt")
            // 2. The current sealing key under its own name, before its place is taken.
            if use == .seal, HomeFiles.exists(key(.seal)) { try keepOldSealingKey() }
            // 3. Key, then certificate.
            try HomeFiles.rename(pending(use), to: key(use))
            try finishInterruptedInstall()
            installed.append(entry)
        }
        return installed
    }

    /// Makes new keys and the request for their certificates, vouched for by the current signing key if there is one.
    ///
    /// Keys that wait already are used again, so that the request can be made twice.
    public func renew(
        _ uses: Set<CertificateUse> = Set(CertificateUse.allCases), request kind: EnrolmentRequest.Kind, now: Instant
    ) throws(MembershipError) -> EnrolmentRequest {
        var keys: [CertificateUse: PrivateKey] = [:]
        for use in uses.sorted(by: { $0.rawValue < $1.rawValue }) {
            if HomeFiles.exists(pending(use)) {
                keys[use] = try vault.read(pending(use))
            } else {
                let new = try Self.newKey()
                try vault.write(new, to: pending(use))
                keys[use] = new
            }
        }
        let signing =
            HomeFiles.exists(certificateFile(.sign))
            ? (certificate: try Self.certificate(certificateFile(.sign)), key: try vault.read(key(.sign))) : nil
        return try EnrolmentRequest(
            id: settings.id, name: settings.name, kind: kind, at: now, keys: keys, log: try newLog(for: kind, now: now),
            vouchedBy: signing)
    }

    /// A broker's log of this year: its key, and that of its witness; of a witness that alone.
    private func newLog(for kind: EnrolmentRequest.Kind, now: Instant) throws(MembershipError) -> BrokerKeys.Listed? {
        guard case .broker(let host, _, _) = kind else { return nil }
        if settings.kind == .witness {
            return BrokerKeys.Listed(log: nil, witness: try BrokerKeys.witness(vault: vault, host: host).key)
        }
        return try BrokerKeys(vault: vault, origin: "\(host)/\(now.date.prefix(4))", host: host).listed
    }

    /// The keys of the log that the directory says this broker writes.
    ///
    /// - Throws: ``MembershipError`` `.notAdmitted` while the directory lists none, or another key than this home's.
    public func brokerKeys(by directories: Directories) throws(MembershipError) -> BrokerKeys {
        guard let entry = directories.broker(settings.id), let listed = entry.logs.last, let witness = entry.witness
        else {
            throw MembershipError(
                .notAdmitted,
                "no directory lists a log of \(settings.id) yet; run `kheya member renew`, give the request to the authority"
            )
        }
        let keys = try BrokerKeys(vault: vault, origin: listed.name, host: entry.host)
        guard keys.log.key == listed, keys.witness.key == witness else {
            throw MembershipError(
                .notAdmitted, "the directory lists another key of the log of \(settings.id) than this home has")
        }
        return keys
    }

    /// The key by which this home cosigns, of a broker or a witness.
    ///
    /// - Throws: ``MembershipError`` `.notAdmitted` while the directory lists none, or another key than this home's.
    public func witnessSigner(by directories: Directories) throws(MembershipError) -> WitnessSigner {
        guard let entry = directories.broker(settings.id), let listed = entry.witness else {
            throw MembershipError(.notAdmitted, "no directory lists a witness \(settings.id) yet")
        }
        let signer = try BrokerKeys.witness(vault: vault, host: entry.host)
        guard signer.key == listed else {
            throw MembershipError(
                .notAdmitted, "the directory lists another key of the witness \(settings.id) than this home has")
        }
        return signer
    }

    /// Destroys sealing keys that nothing can be sealed to any more: 120 days after their certificate's end.
    ///
    /// - Returns: How many.
    @discardableResult
    public func destroyOldSealingKeys(now: Instant) throws(MembershipError) -> Int {
        var count = 0
        for name in try olderSealingNames() {
            let file = "\(path)/keys/\(name)"
            let until = Instant(seconds: try Self.certificate(file + ".crt").notAfter)
            guard until + MembershipLimits.sealingKeySeconds < now else { continue }
            try HomeFiles.remove(file + ".pem")
            try HomeFiles.remove(file + ".crt")
            count += 1
        }
        return count
    }

    private func key(_ use: CertificateUse) -> String { "\(path)/keys/\(use.rawValue).pem" }
    private func certificateFile(_ use: CertificateUse) -> String { "\(path)/keys/\(use.rawValue).crt" }
    private func pending(_ use: CertificateUse) -> String { "\(path)/keys/\(use.rawValue).next.pem" }

    /// `seal-<16 hex>` of each older pair that is whole.
    private func olderSealingNames() throws(MembershipError) -> [String] {
        try HomeFiles.names(in: path + "/keys")
            .filter { $0.hasPrefix("seal-") && $0.hasSuffix(".pem") }.map { String($0.dropLast(4)) }
            .filter { HomeFiles.exists("\(path)/keys/\($0).crt") }
    }

    /// Copies first, so that at no moment the key is nowhere.
    private func keepOldSealingKey() throws(MembershipError) {
        let certificate = try HomeFiles.read(certificateFile(.seal), limit: 65_536)
        let pem = try HomeFiles.read(key(.seal), limit: 65_536, isSecret: true)
        let digest = try Self.certificate(certificateFile(.seal)).id.hex
        let file = "\(path)/keys/seal-\(digest.prefix(16))"
        try HomeFiles.write(certificate, to: file + ".crt")
        try HomeFiles.write(pem, to: file + ".pem")
    }

    /// `X.next.crt` without `X.next.pem`: the key has taken its place, the certificate has not.
    private func finishInterruptedInstall() throws(MembershipError) {
        for use in CertificateUse.allCases {
            let waiting = "\(path)/keys/\(use.rawValue).next.crt"
            guard HomeFiles.exists(waiting), !HomeFiles.exists(pending(use)) else { continue }
            try HomeFiles.rename(waiting, to: certificateFile(use))
        }
    }

    static func newKey() throws(MembershipError) -> PrivateKey {
        do {
            return try PrivateKey.generate()
        } catch {
            throw MembershipError(.outOfResources, "no key was made")
        }
    }

    static func certificate(_ path: String) throws(MembershipError) -> Certificate {
        let pem = try HomeFiles.read(path, limit: 65_536)
        do {
            return try Certificate(pem: pem)
        } catch {
            throw MembershipError(.homeMalformed, "\(path): \(error.reason)")
        }
    }
}
