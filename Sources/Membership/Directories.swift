// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure
import Sealing

/// What a node or broker knows of the network: the roots it was given by hand and the newest directory of each
/// authority.
///
/// A value: it has no clock and no disk. Everybody holds the directories of all pinned authorities; each has a version
/// counter of its own, and none is ever replaced by an older one.
///
/// - SeeAlso: Protocols/Membership.md §6.
public struct Directories: Sendable {
    /// What ``accept(_:now:)`` did.
    public enum Acceptance: Hashable, Sendable {
        /// It is held from now on. Connections and queues are to be judged again.
        case newer
        /// It is the one already held.
        case unchanged
    }

    public let anchors: TrustAnchors
    private var held: [MemberID: Held] = [:]
    private var heldProfiles: [Digest: (reference: ProfileReference, document: SignedDocument)] = [:]

    /// Where a certificate stands.
    struct Place: Sendable {
        var authority: MemberID
        var owner: MemberID
        var isBroker: Bool
        var certificate: MemberCertificate
    }

    private struct Held: Sendable {
        var directory: MemberDirectory
        var document: SignedDocument
        var digest: Digest
        var members: [MemberID: Member]
        var brokers: [MemberID: BrokerEntry]
        var certificates: [Digest: Place]

        init(_ directory: MemberDirectory, _ document: SignedDocument, digest: Digest) {
            self.directory = directory
            self.document = document
            self.digest = digest
            members = Dictionary(directory.members.map { ($0.id, $0) }) { first, _ in first }
            brokers = Dictionary(directory.brokers.map { ($0.id, $0) }) { first, _ in first }
            certificates = [:]
            func add(_ listed: [MemberCertificate], of owner: MemberID, isBroker: Bool) {
                for entry in listed {
                    certificates[entry.id] = Place(
                        authority: directory.authority, owner: owner, isBroker: isBroker, certificate: entry)
                }
            }
            for member in directory.members { add(member.certificates, of: member.id, isBroker: false) }
            for broker in directory.brokers { add(broker.certificates, of: broker.id, isBroker: true) }
        }
    }

    public init(anchors: TrustAnchors) { self.anchors = anchors }

    // MARK: - Taking documents in

    /// Takes a directory letter, from a broker, a stick or the own disk.
    ///
    /// One that has expired is taken too if it is newer than what is held: it knows more of who was revoked.
    /// ``isExpired(_:now:)`` goes on saying so, and normal letters wait until there is a current one.
    ///
    /// - Parameter now: by the own clock; a directory dated more than 24 hours later is refused.
    /// - Throws: ``MembershipError``, of the `directory.…` codes; what is held stays as it was.
    public mutating func accept(_ document: SignedDocument, now: Instant) throws(MembershipError) -> Acceptance {
        // 1. The slip: signed by a pinned root, for the authority of that root, and for exactly this file.
        let (slip, authority) = try readSlip(of: document, type: .directory)
        // 2. The document: read strictly, and the one that the slip speaks of.
        let directory = try MemberDirectory.read(document.file)
        guard directory.authority == authority, directory.version == slip.file?.version, directory.at == slip.at else {
            throw MembershipError(.directoryBinding, "the directory is not the one its slip speaks of")
        }
        // 3. Time and version.
        guard slip.at - now <= MembershipLimits.skewSeconds else {
            throw MembershipError(
                .directoryAhead,
                "directory \(directory.version) of \(authority) is dated \(slip.at.date); check this machine's clock")
        }
        let digest = Digest.sha256(document.file)
        if let old = held[authority] {
            guard directory.version >= old.directory.version else {
                throw MembershipError(
                    .directoryOlder,
                    "directory \(directory.version) of \(authority) is older than the one held (\(old.directory.version))"
                )
            }
            if directory.version == old.directory.version {
                guard digest == old.digest else {
                    throw MembershipError(
                        .directoryConflict,
                        "two directories \(directory.version) of \(authority): its key may be in other hands; telephone the authority"
                    )
                }
                return .unchanged
            }
        }
        // 4. Each certificate in it is this root's. Those of the version held were checked when that came.
        guard let root = anchors.root(of: authority) else {
            throw MembershipError(.directorySignature, "no pinned root for \(authority)")
        }
        let new = Held(directory, document, digest: digest)
        for (id, place) in new.certificates where held[authority]?.certificates[id] == nil {
            guard place.certificate.certificate.isSigned(by: root) else {
                throw MembershipError(
                    .directoryBinding, "directory: a certificate of \(place.owner) is not signed by \(authority)")
            }
        }
        held[authority] = new
        return .newer
    }

    /// Takes a profile letter: signed by a pinned root and in force by that authority's directory. It is kept also when
    /// a newer directory drops it, for the cases that run under it.
    ///
    /// - Throws: ``MembershipError`` `.directorySignature`, `.directoryBinding`, `.profileNotInForce`.
    public mutating func accept(profile document: SignedDocument) throws(MembershipError) -> ProfileReference {
        let (slip, authority) = try readSlip(of: document, type: .profile)
        guard let reference = held[authority]?.directory.profiles.first(where: { $0.digest == slip.file?.digest })
        else {
            throw MembershipError(
                .profileNotInForce,
                "a profile signed by \(authority) is not in its directory; fetch the newer directory")
        }
        heldProfiles[reference.digest] = (reference, document)
        return reference
    }

    /// Signature by a pinned root, type, sender and file of a directory or profile letter.
    private func readSlip(
        of document: SignedDocument, type: LetterType
    ) throws(MembershipError) -> (slip: Slip, authority: MemberID) {
        guard document.file.count <= MembershipLimits.directoryBytes else {
            throw MembershipError(.directoryMalformed, "more than \(MembershipLimits.directoryBytes) bytes")
        }
        let roots = anchors.roots
        let signed: SignedSlip
        do {
            signed = try SignedSlip.read(document.slip) { digest in roots.values.first { $0.id == digest } }
        } catch {
            let isForged = error.code == .signatureInvalid || error.code == .signerNotPermitted
            throw MembershipError(isForged ? .directorySignature : .directoryMalformed, error.reason)
        }
        guard signed.slip.type == type else {
            throw MembershipError(
                .directoryBinding, "a \(signed.slip.type.rawValue) letter where a \(type.rawValue) is expected")
        }
        guard roots[signed.slip.from] == signed.certificate else {
            throw MembershipError(.directorySignature, "signed by another authority than it names")
        }
        guard signed.certificate.isValid(at: signed.slip.at.seconds) else {
            throw MembershipError(
                .directorySignature, "the root of \(signed.slip.from) is not valid on \(signed.slip.at.date)")
        }
        guard signed.slip.file?.digest == Digest.sha256(document.file) else {
            throw MembershipError(.directoryBinding, "the file is not the one its slip names")
        }
        return (signed.slip, signed.slip.from)
    }

    // MARK: - What is held

    /// The newest directory letters, by authority, then the profiles: what a broker hands to anybody who may ask.
    public var documents: [SignedDocument] {
        held.sorted { $0.key < $1.key }.map(\.value.document)
            + heldProfiles.sorted { $0.key < $1.key }.map(\.value.document)
    }

    public func directory(of authority: MemberID) -> MemberDirectory? { held[authority]?.directory }
    public func document(of authority: MemberID) -> SignedDocument? { held[authority]?.document }

    /// The bytes of a profile that was accepted, by digest.
    public func profileFile(_ digest: Digest) -> [UInt8]? { heldProfiles[digest]?.document.file }

    /// The profiles whose letters are held, by id and version.
    public var profiles: [ProfileReference] {
        heldProfiles.values.map(\.reference).sorted { ($0.id, $0.version) < ($1.id, $1.version) }
    }

    /// Profiles that every pinned authority puts in force: those a case between all of them can be opened under.
    public var profilesInForce: [ProfileReference] {
        let lists = anchors.roots.keys.map { held[$0]?.directory.profiles ?? [] }
        guard let first = lists.first else { return [] }
        return first.filter { profile in lists.allSatisfy { $0.contains(profile) } }
    }

    /// Whether the directory that speaks for `id` (a member, a broker or the authority itself) is out of date. None
    /// counts so too.
    public func isExpired(_ id: MemberID, now: Instant) -> Bool {
        guard let directory = directory(speakingFor: id) else { return true }
        return directory.expires < now
    }

    /// - Throws: ``MembershipError`` `.directoryExpired` with the operator's cure.
    public func requireCurrent(_ id: MemberID, now: Instant) throws(MembershipError) {
        guard isExpired(id, now: now) else { return }
        let authority = anchors.authority(for: id)?.text ?? id.country
        let ended = directory(speakingFor: id).map { " ended \($0.expires.date)" } ?? " is not here"
        throw MembershipError(
            .directoryExpired,
            "the directory of \(authority)\(ended); connect to the broker, or run `kheya member import FILE` with a newer one"
        )
    }

    private func directory(speakingFor id: MemberID) -> MemberDirectory? {
        anchors.authority(for: id).flatMap { held[$0]?.directory }
    }

    private func held(for id: MemberID) -> Held? { anchors.authority(for: id).flatMap { held[$0] } }

    /// A member of any status.
    public func member(_ id: MemberID) -> Member? { held(for: id)?.members[id] }
    public func broker(_ id: MemberID) -> BrokerEntry? { held(for: id)?.brokers[id] }

    /// Whether `id` is a member of the network, be it suspended: one that was removed, or is not in the directory of its country, has left
    /// it. Without such a directory nobody can tell: so it has not.
    public func isMember(_ id: MemberID, at instant: Instant) -> Bool {
        guard let held = held(for: id) else { return true }
        guard let member = held.members[id] else { return false }
        if case .removed(let since) = member.status { return instant < since }
        return true
    }

    /// What the directory in force gives `id`; empty for brokers, authorities and strangers.
    public func roles(of id: MemberID) -> Set<String> { member(id)?.roles ?? [] }

    /// The broker that keeps the mailbox of `member`.
    public func broker(of member: MemberID) -> BrokerEntry? { self.member(member).flatMap { broker($0.broker) } }

    /// Members of any status whose mailbox `broker` keeps, ascending by id.
    public func members(of broker: MemberID) -> [Member] {
        held(for: broker)?.directory.members.filter { $0.broker == broker } ?? []
    }

    /// All members of all countries, ascending by id.
    public var members: [Member] { held.values.flatMap(\.directory.members).sorted { $0.id < $1.id } }

    /// All brokers of all countries, ascending by id.
    public var brokers: [BrokerEntry] { held.values.flatMap(\.directory.brokers).sorted { $0.id < $1.id } }

    /// The other brokers, of all countries, ascending by id.
    public func peers(of broker: MemberID) -> [BrokerEntry] { brokers.filter { $0.id != broker } }

    /// A member's or broker's certificate, or a root: what ``SignedSlip/read(_:certificate:)`` asks for. Says nothing
    /// of validity or use; ``judgeSigner(of:certificate:at:)`` does.
    public func certificate(_ digest: Digest) -> Certificate? {
        place(of: digest)?.certificate.certificate ?? anchors.roots.values.first { $0.id == digest }
    }

    func place(of digest: Digest) -> Place? {
        for entry in held.values {
            if let place = entry.certificates[digest] { return place }
        }
        return nil
    }

    /// Certificates of a member or broker, of any use.
    public func certificates(of id: MemberID) -> [MemberCertificate] {
        member(id)?.certificates ?? broker(id)?.certificates ?? []
    }
}
