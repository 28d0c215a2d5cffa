// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Membership
public import Procedure
public import Sealing

/// A whole practice world in memory: authorities and brokers of IN and BD, a shelter, an NGO and a home investigator,
/// with all their keys. Every name is invented.
public struct PracticeWorld: Sendable {
    /// A member or broker with its keys.
    public struct Party: Sendable {
        public let id: MemberID
        public let name: String
        public let kind: EnrolmentRequest.Kind
        /// Of members.
        public let broker: MemberID?
        public let privateKeys: [CertificateUse: PrivateKey]
        public let keys: MemberKeys
        /// Of the home's master secret.
        let salt: [UInt8]
        /// Of brokers.
        public let logKeys: BrokerKeys?

        public var signing: SigningIdentity { keys.signing }
        public var sealing: SealingIdentity { keys.sealing[0] }
        public var link: LinkIdentity { keys.link }
    }

    /// One authority, with its key in memory and the newest directory it signed. Invented.
    public struct Country: Sendable {
        public let authority: Authority
        /// The root key, for tests that misuse it.
        public let key: PrivateKey
        public private(set) var directory: MemberDirectory
        public private(set) var document: SignedDocument
        /// Profile letters it signed.
        public private(set) var profiles: [SignedDocument] = []

        public init(_ id: MemberID, at: Instant, lifetimes: CertificateLifetimes = .standard) throws {
            key = try .generate()
            authority = try Authority.create(id: id, key: key, at: at, lifetimes: lifetimes)
            (directory, document) = try authority.sign(authority.emptyDirectory(at: at), at: at)
        }

        /// Changes the draft and signs it as the next version.
        public mutating func publish(
            at: Instant, holds: Int64 = MembershipLimits.directorySeconds,
            _ change: (Authority, inout MemberDirectory) throws -> Void = { _, _ in }
        ) throws {
            var draft = directory
            try change(authority, &draft)
            (directory, document) = try authority.sign(draft, at: at, holds: holds)
        }

        /// Signs a profile; put its reference into the directory by ``publish(at:holds:_:)``.
        public mutating func sign(profile: [UInt8], at: Instant) throws {
            profiles.append(try authority.sign(profile: profile, version: Int64(profiles.count + 1), at: at))
        }
    }

    public struct Unknown: Error { public let id: String }

    /// 15 January 2027: when a practice world begins unless a test says otherwise.
    public static let start = Instant(seconds: 1_800_000_000)
    /// Opens every practice home.
    public static let unlock = Unlock.keyFile(Array("practice key file: protects nothing, opens practice homes".utf8))

    public static let inAuthority = id("in:authority")
    public static let bdAuthority = id("bd:authority")
    public static let inBroker = id("in:broker")
    public static let bdBroker = id("bd:broker")
    /// IN_SHELTER.
    public static let shelter = id("in:asha-shelter")
    /// BD_NGO.
    public static let ngo = id("bd:setu")
    /// BD_INVESTIGATOR.
    public static let investigator = id("bd:griho")

    public let at: Instant
    public private(set) var authorities: [MemberID: Country] = [:]
    public private(set) var parties: [MemberID: Party] = [:]

    /// - Parameters:
    ///   - at: when everything is made; pass the real time where real TLS checks it.
    ///   - ports: of the brokers; they are at 127.0.0.1 and called `broker-in.kheya.example`,
    ///     `broker-bd.kheya.example`.
    ///   - profiles: canonical bytes of profiles that both authorities sign and put in force.
    public static func make(
        at: Instant = start, ports: [MemberID: Int] = [inBroker: 18_441, bdBroker: 18_442],
        profiles: [(reference: ProfileReference, file: [UInt8])] = [], lifetimes: CertificateLifetimes = .standard
    ) throws -> PracticeWorld {
        var world = PracticeWorld(at: at)
        for id in [inAuthority, bdAuthority] {
            world.authorities[id] = try Country(id, at: at, lifetimes: lifetimes)
        }
        for broker in [inBroker, bdBroker] {
            let country = broker.country.lowercased()
            try world.add(
                broker, name: "Broker \(broker.country) (practice)",
                kind: .broker(
                    host: "broker-\(country).kheya.example", port: ports[broker] ?? 18_440, address: "127.0.0.1"))
        }
        try world.add(shelter, name: "Asha Shelter (practice)", kind: .member(roles: ["IN_SHELTER"]), broker: inBroker)
        try world.add(ngo, name: "Setu (practice)", kind: .member(roles: ["BD_NGO"]), broker: bdBroker)
        try world.add(
            investigator, name: "Griho (practice)", kind: .member(roles: ["BD_INVESTIGATOR"]), broker: bdBroker)
        for profile in profiles { try world.putInForce(profile.reference, profile.file, at: at) }
        return world
    }

    /// Both authorities sign a profile beside those that they have.
    public mutating func putInForce(_ profile: ProfileReference, _ file: [UInt8], at: Instant) throws {
        for id in [Self.inAuthority, Self.bdAuthority] {
            try publish(id, at: at) { _, draft in draft.profiles.append(profile) }
            try authorities[id]?.sign(profile: file, at: at)
        }
    }

    /// Enrols one more member, broker or witness, as `kheya` does it. In force with the next ``publish(_:at:holds:_:)``.
    public mutating func add(
        _ id: MemberID, name: String, kind: EnrolmentRequest.Kind, broker: MemberID? = nil, isRecognised: Bool = true,
        isWitness: Bool = false, at: Instant? = nil
    ) throws {
        let at = at ?? self.at
        var privateKeys: [CertificateUse: PrivateKey] = [:]
        for use in CertificateUse.allCases { privateKeys[use] = try PrivateKey.generate() }
        let salt = SecureRandom.bytes(32)
        var logKeys: BrokerKeys?
        if case .broker(let host, _, _) = kind {
            logKeys = try BrokerKeys(
                vault: KeyVault(Self.unlock, salt: salt), origin: "\(host)/2027", host: host)
        }
        var listed = logKeys?.listed
        if isWitness { listed?.log = nil }
        let request = try EnrolmentRequest(id: id, name: name, kind: kind, at: at, keys: privateKeys, log: listed)
        let authority = try authorityID(for: id)
        try authorities[authority]?.publish(at: at) { authority, draft in
            switch kind {
            case .member(let roles):
                guard let broker else { throw Unknown(id: "broker of \(id)") }
                try authority.admit(
                    request, safetyNumber: request.safetyNumber, roles: roles, isRecognised: isRecognised,
                    broker: broker, to: &draft,
                    at: at)
            case .broker: try authority.admitBroker(request, safetyNumber: request.safetyNumber, to: &draft, at: at)
            }
        }
        parties[id] = try party(
            id, name: name, kind: kind, broker: broker, privateKeys: privateKeys, older: [], salt: salt,
            logKeys: logKeys)
    }

    /// Gives a party new keys for these uses, vouched for by its signing key. Old sealing keys stay beside the new one.
    public mutating func renew(_ id: MemberID, _ uses: Set<CertificateUse>, at: Instant) throws {
        let old = try party(id)
        var privateKeys = old.privateKeys
        var new: [CertificateUse: PrivateKey] = [:]
        for use in uses { new[use] = try PrivateKey.generate() }
        privateKeys.merge(new) { $1 }
        let request = try EnrolmentRequest(
            id: id, name: old.name, kind: old.kind, at: at, keys: new,
            vouchedBy: (old.signing.certificate, old.signing.key))
        try publish(try authorityID(for: id), at: at) { authority, draft in
            try authority.renew(request, in: &draft, at: at)
        }
        parties[id] = try party(
            id, name: old.name, kind: old.kind, broker: old.broker, privateKeys: privateKeys,
            older: uses.contains(.seal) ? old.keys.sealing : Array(old.keys.sealing.dropFirst()), salt: old.salt,
            logKeys: old.logKeys)
    }

    /// A party with the certificates that its directory lists for its keys.
    private func party(
        _ id: MemberID, name: String, kind: EnrolmentRequest.Kind, broker: MemberID?,
        privateKeys: [CertificateUse: PrivateKey],
        older: [SealingIdentity], salt: [UInt8], logKeys: BrokerKeys?
    ) throws -> Party {
        guard let directory = authorities[try authorityID(for: id)]?.directory,
            let listed = directory.member(id)?.certificates ?? directory.broker(id)?.certificates
        else { throw Unknown(id: id.text) }
        func pair(_ use: CertificateUse) throws -> (certificate: Certificate, key: PrivateKey) {
            guard let key = privateKeys[use],
                let entry = listed.first(where: { $0.certificate.publicKey == key.publicKey })
            else {
                throw Unknown(id: id.text)
            }
            return (entry.certificate, key)
        }
        let (sign, seal, link) = (try pair(.sign), try pair(.seal), try pair(.link))
        return Party(
            id: id, name: name, kind: kind, broker: broker, privateKeys: privateKeys,
            keys: MemberKeys(
                signing: try SigningIdentity(certificate: sign.certificate, key: sign.key),
                sealing: [try SealingIdentity(certificate: seal.certificate, key: seal.key)] + older,
                link: LinkIdentity(certificate: link.certificate, key: link.key)), salt: salt, logKeys: logKeys)
    }

    /// Lets an authority change its directory and sign the next version: `suspend`, `revoke`, `remove`, `renew` …
    public mutating func publish(
        _ authority: MemberID, at: Instant, holds: Int64 = MembershipLimits.directorySeconds,
        _ change: (Authority, inout MemberDirectory) throws -> Void = { _, _ in }
    ) throws {
        guard authorities[authority] != nil else { throw Unknown(id: authority.text) }
        try authorities[authority]?.publish(at: at, holds: holds, change)
    }

    public func party(_ id: MemberID) throws -> Party {
        guard let party = parties[id] else { throw Unknown(id: id.text) }
        return party
    }

    public var roots: [Certificate] {
        authorities.values.map(\.authority.root).sorted { $0.commonName < $1.commonName }
    }

    /// Directory letters, then profile letters: what one gives to a node.
    public var documents: [SignedDocument] {
        let sorted = authorities.sorted { $0.key < $1.key }.map(\.value)
        return sorted.map(\.document) + sorted.flatMap(\.profiles)
    }

    /// What a node or broker holds after it has taken everything in.
    public func directories(now: Instant? = nil) throws -> Directories {
        var directories = Directories(anchors: try TrustAnchors(roots))
        for authority in authorities.values {
            _ = try directories.accept(authority.document, now: now ?? at)
            for profile in authority.profiles { _ = try directories.accept(profile: profile) }
        }
        return directories
    }

    /// Writes the home of every member and broker, admitted and ready, as `<path>/in-asha-shelter` and so on.
    /// ``unlock`` opens them.
    ///
    /// - Parameter path: an existing directory.
    /// - Returns: The homes' paths.
    @discardableResult
    public func writeHomes(to path: String, now: Instant? = nil) throws -> [MemberID: String] {
        let now = now ?? at
        let directories = try directories(now: now)
        var paths: [MemberID: String] = [:]
        for party in parties.values {
            let place = "\(path)/\(party.id.text.replacing(":", with: "-"))"
            let isWitness = directories.broker(party.id)?.isWitness ?? false
            var settings = HomeSettings(
                kind: isWitness ? .witness : party.broker == nil ? .broker : .member, id: party.id, name: party.name)
            if let broker = party.broker.flatMap({ directories.broker($0) }) {
                settings.broker = HomeSettings.Endpoint(
                    id: broker.id, host: broker.host, port: broker.port, address: broker.address)
            }
            if case .broker(_, let port, let address) = party.kind { settings.listen = (address ?? "127.0.0.1", port) }
            let home = try MemberHome.create(
                at: place, settings: settings, request: party.kind, roots: roots, unlock: Self.unlock,
                salt: party.salt, keys: party.privateKeys, now: now
            ).home
            var held = try home.directories(now: now)
            for authority in authorities.values {
                try home.accept(authority.document, into: &held, now: now)
                for profile in authority.profiles { try home.accept(profile: profile, into: &held) }
            }
            try home.installCertificates(from: held, now: now)
            paths[party.id] = place
        }
        return paths
    }

    private func authorityID(for id: MemberID) throws -> MemberID {
        guard let authority = authorities.keys.first(where: { $0.country == id.country }) else {
            throw Unknown(id: id.text)
        }
        return authority
    }

    private static func id(_ text: String) -> MemberID {
        guard let id = MemberID(text) else { preconditionFailure("a member id") }
        return id
    }
}
