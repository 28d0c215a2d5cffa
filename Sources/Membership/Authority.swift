// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
internal import Letters
public import Procedure
internal import Sealing

/// The body that admits members: its root key issues certificates and signs the directory and the profiles. Kept
/// offline.
///
/// Pure: a ``MemberDirectory`` is the draft that each operation changes, and ``sign(_:at:holds:)`` makes it the next
/// version.
///
/// - SeeAlso: Protocols/Membership.md §5.
public struct Authority: Sendable {
    /// `in:authority`.
    public let id: MemberID
    public let root: Certificate
    public let lifetimes: CertificateLifetimes
    private let issuer: CertificateIssuer
    private let key: PrivateKey

    /// - Throws: ``MembershipError`` `.homeMalformed` when key and certificate are no authority's.
    public init(root: Certificate, key: PrivateKey, lifetimes: CertificateLifetimes = .standard) throws(MembershipError)
    {
        guard let id = MemberID(root.commonName), root.subject == CertificateSubject.name(of: id),
            let issuer = try? CertificateIssuer(certificate: root, key: key)
        else { throw MembershipError(.homeMalformed, "key and certificate are not those of an authority") }
        self.id = id
        self.root = root
        self.key = key
        self.issuer = issuer
        self.lifetimes = lifetimes
    }

    /// Makes a new authority with a self-signed root.
    ///
    /// - Parameter id: by convention `<country>:authority`.
    public static func create(
        id: MemberID, key: PrivateKey, at: Instant, lifetimes: CertificateLifetimes = .standard
    ) throws(MembershipError) -> Authority {
        let from = at.seconds - MembershipLimits.skewSeconds
        guard
            let issuer = try? CertificateIssuer.selfSigned(
                subject: CertificateSubject.name(of: id), key: key, notBefore: from, notAfter: from + lifetimes.root - 1
            )
        else { throw MembershipError(.outOfResources, "the root certificate was not made") }
        return try Authority(root: issuer.certificate, key: key, lifetimes: lifetimes)
    }

    /// A draft without members, before the first directory.
    public func emptyDirectory(at: Instant) -> MemberDirectory {
        MemberDirectory(authority: id, version: 0, at: at, expires: at + MembershipLimits.directorySeconds)
    }

    // MARK: - Admission

    /// Admits a member: certificates for its keys, and its entry in the draft.
    ///
    /// - Parameters:
    ///   - safetyNumber: what the organisation read out, over a channel of its own.
    ///   - roles: what it gets, which need not be what it asks for.
    /// - Throws: ``MembershipError`` `.enrolmentRefused`; the draft is then unchanged.
    public func admit(
        _ request: EnrolmentRequest, safetyNumber: String, roles: Set<String>, isRecognised: Bool = false,
        broker: MemberID,
        to directory: inout MemberDirectory, at: Instant
    ) throws(MembershipError) {
        guard case .member = request.kind else { throw refused("\(request.id) asks to be a broker") }
        try checkFirst(request, safetyNumber: safetyNumber, in: directory)
        guard let entry = directory.broker(broker), !entry.isWitness else {
            throw refused("\(broker) is no broker of this directory; admit it first")
        }
        guard roles.allSatisfy(DirectoryPatterns.role.matches), roles.count <= MembershipLimits.roles else {
            throw refused("a role is written like IN_SHELTER")
        }
        directory.members.append(
            Member(
                id: request.id, name: request.name, roles: roles, isRecognised: isRecognised, broker: broker,
                certificates: try issue(request, dnsNames: [], at: at)))
    }

    /// Admits a broker, or a witness.
    ///
    /// - Throws: as ``admit(_:safetyNumber:roles:isRecognised:broker:to:at:)``.
    public func admitBroker(
        _ request: EnrolmentRequest, safetyNumber: String, to directory: inout MemberDirectory, at: Instant
    ) throws(MembershipError) {
        guard case .broker(let host, let port, let address) = request.kind else {
            throw refused("\(request.id) asks to be a member")
        }
        try checkFirst(request, safetyNumber: safetyNumber, in: directory)
        directory.brokers.append(
            BrokerEntry(
                id: request.id, name: request.name, host: host, port: port, address: address,
                certificates: try issue(request, dnsNames: [host], at: at),
                logs: [request.log?.log].compactMap { $0 }, witness: request.log?.witness))
    }

    /// Adds certificates for new keys of a member or broker; the old ones stay, so that they overlap. A broker that has
    /// moved gets its new host and port by it.
    ///
    /// - Parameter safetyNumber: needed only when no valid signing key of the member vouches for the request: keys lost
    ///   or ended.
    /// - Throws: ``MembershipError`` `.enrolmentRefused`; the draft is then unchanged.
    public func renew(
        _ request: EnrolmentRequest, safetyNumber: String? = nil, in directory: inout MemberDirectory, at: Instant
    ) throws(MembershipError) {
        let listed = directory.member(request.id)?.certificates ?? directory.broker(request.id)?.certificates
        guard let listed else { throw refused("\(request.id) is no member; admit it") }
        let vouching = listed.first { $0.use == .sign && $0.isValid(at: at) && request.isVouched(by: $0.certificate) }
        if vouching == nil {
            guard let safetyNumber else {
                throw refused(
                    "no valid key of \(request.id) vouches for the request; compare the safety number by telephone")
            }
            try check(safetyNumber, of: request)
        }
        try checkKeys(of: request, in: directory)
        if let index = directory.members.firstIndex(where: { $0.id == request.id }) {
            guard case .member = request.kind else { throw refused("\(request.id) is a member, not a broker") }
            guard directory.members[index].isActive(at: at) else {
                throw refused("\(request.id) is suspended or removed; reinstate it first")
            }
            let new = try issue(request, dnsNames: [], at: at)
            directory.members[index].certificates = merge(listed, new, at: at)
        } else if let index = directory.brokers.firstIndex(where: { $0.id == request.id }) {
            guard case .broker(let host, let port, let address) = request.kind else {
                throw refused("\(request.id) is a broker")
            }
            let new = try issue(request, dnsNames: [host], at: at)
            directory.brokers[index].host = host
            directory.brokers[index].port = port
            directory.brokers[index].address = address
            if let listed = request.log {
                if let log = listed.log, !directory.brokers[index].logs.contains(log) {
                    directory.brokers[index].logs.append(log)
                }
                directory.brokers[index].witness = listed.witness
            }
            directory.brokers[index].certificates = merge(listed, new, at: at)
        }
    }

    // MARK: - Taking back

    /// From `at` on its letters and connections are refused, until ``reinstate(_:in:)``.
    public func suspend(_ member: MemberID, in directory: inout MemberDirectory, at: Instant) throws(MembershipError) {
        let index = try index(of: member, in: directory)
        guard !directory.members[index].isRemoved else { throw refused("\(member) is removed") }
        directory.members[index].status = .suspended(since: at)
    }

    public func reinstate(_ member: MemberID, in directory: inout MemberDirectory) throws(MembershipError) {
        directory.members[try index(of: member, in: directory)].status = .active
    }

    /// It has left: what waits for it ends with a notice. Its entry stays, so that what it signed can still be checked.
    public func remove(_ member: MemberID, from directory: inout MemberDirectory, at: Instant) throws(MembershipError) {
        directory.members[try index(of: member, in: directory)].status = .removed(since: at)
    }

    /// Takes certificates back, from `at` on: a lost laptop, a key in other hands.
    ///
    /// - Parameter uses: all of them unless said otherwise.
    public func revoke(
        _ id: MemberID, uses: Set<CertificateUse> = Set(CertificateUse.allCases), in directory: inout MemberDirectory,
        at: Instant
    ) throws(MembershipError) {
        func revoked(_ listed: [MemberCertificate]) -> [MemberCertificate] {
            listed.map { entry in
                var entry = entry
                if uses.contains(entry.use), entry.revoked == nil { entry.revoked = at }
                return entry
            }
        }
        if let index = directory.members.firstIndex(where: { $0.id == id }) {
            directory.members[index].certificates = revoked(directory.members[index].certificates)
        } else if let index = directory.brokers.firstIndex(where: { $0.id == id }) {
            directory.brokers[index].certificates = revoked(directory.brokers[index].certificates)
        } else {
            throw refused("\(id) is no member")
        }
    }

    // MARK: - Signing

    /// Makes the draft the next version and signs it. Certificates that ended more than 400 days ago leave it.
    ///
    /// - Parameter holds: seconds until it expires; 14 days by default, at most 90.
    /// - Throws: ``MembershipError`` `.directoryBinding` for a draft that no reader would accept.
    public func sign(
        _ draft: MemberDirectory, at: Instant, holds: Int64 = MembershipLimits.directorySeconds
    ) throws(MembershipError) -> (directory: MemberDirectory, document: SignedDocument) {
        var next = draft
        next.version += 1
        next.at = at
        next.expires = at + holds
        for index in next.members.indices {
            next.members[index].certificates = pruned(next.members[index].certificates, at: at)
        }
        for index in next.brokers.indices {
            next.brokers[index].certificates = pruned(next.brokers[index].certificates, at: at)
        }
        guard next.authority == id else {
            throw MembershipError(.directoryBinding, "the draft is of \(next.authority)")
        }
        let file = next.json()
        let read = try MemberDirectory.read(file)
        return (read, SignedDocument(slip: try sign(.directory, file: file, version: next.version, at: at), file: file))
    }

    /// Signs a profile.
    ///
    /// - Parameters:
    ///   - profile: its canonical bytes.
    ///   - version: counts up with each letter for this profile, from 1.
    public func sign(profile: [UInt8], version: Int64, at: Instant) throws(MembershipError) -> SignedDocument {
        SignedDocument(slip: try sign(.profile, file: profile, version: version, at: at), file: profile)
    }

    private func sign(_ type: LetterType, file: [UInt8], version: Int64, at: Instant) throws(MembershipError) -> [UInt8]
    {
        let slip = Slip(
            type: type, lane: .normal, from: id, to: [],
            file: FileReference(digest: Digest.sha256(file), version: version), at: at)
        do {
            return try SignedSlip.sign(slip, by: SigningIdentity(certificate: root, key: key)).file
        } catch {
            throw MembershipError(.outOfResources, "the \(type.rawValue) letter was not signed: \(error.reason)")
        }
    }

    // MARK: -

    private func refused(_ reason: String) -> MembershipError { MembershipError(.enrolmentRefused, reason) }

    private func index(of member: MemberID, in directory: MemberDirectory) throws(MembershipError) -> Int {
        guard let index = directory.members.firstIndex(where: { $0.id == member }) else {
            throw refused("\(member) is no member")
        }
        return index
    }

    private func check(_ safetyNumber: String, of request: EnrolmentRequest) throws(MembershipError) {
        guard SafetyNumber.matches(safetyNumber, request.fingerprint) else {
            throw refused("the safety number is not that of this file: it may have been changed on its way")
        }
    }

    private func checkFirst(_ request: EnrolmentRequest, safetyNumber: String, in directory: MemberDirectory)
        throws(MembershipError)
    {
        try check(safetyNumber, of: request)
        guard request.id.country == id.country else {
            throw refused("\(request.id) belongs to another country's authority")
        }
        guard request.id != id, directory.member(request.id) == nil, directory.broker(request.id) == nil else {
            throw refused("\(request.id) is enrolled already; renew it")
        }
        guard Set(request.requests.keys) == Set(CertificateUse.allCases) else {
            throw refused("a first enrolment brings a key to sign, one to seal and one for the link")
        }
        try checkKeys(of: request, in: directory)
    }

    /// A key that is listed already, for whomever, gets no second certificate.
    private func checkKeys(of request: EnrolmentRequest, in directory: MemberDirectory) throws(MembershipError) {
        let known = Set(
            (directory.members.flatMap(\.certificates) + directory.brokers.flatMap(\.certificates)).map(
                \.certificate.publicKey))
        guard request.requests.values.allSatisfy({ !known.contains($0.publicKey) && $0.publicKey != root.publicKey })
        else {
            throw refused("\(request.id) brings a key that is in the directory already; make new ones")
        }
    }

    private func issue(_ request: EnrolmentRequest, dnsNames: [String], at: Instant) throws(MembershipError)
        -> [MemberCertificate]
    {
        var result: [MemberCertificate] = []
        for use in CertificateUse.allCases {
            guard let asked = request.requests[use] else { continue }
            result.append(
                try issue(
                    use, to: request.id, publicKey: asked.publicKey, dnsNames: use == .link ? dnsNames : [], at: at))
        }
        return result
    }

    /// One certificate; begins a day before `at`, for members whose clock is slow, and never outlives the root.
    func issue(
        _ use: CertificateUse, to id: MemberID, publicKey: PublicKey, dnsNames: [String], at: Instant
    ) throws(MembershipError) -> MemberCertificate {
        let from = at.seconds - MembershipLimits.skewSeconds
        let until = min(at.seconds + lifetimes.seconds(of: use) - 1, root.notAfter)
        guard from >= root.notBefore, until > at.seconds else {
            throw refused("the root of \(self.id) does not hold at \(at.date); make a new authority")
        }
        do {
            return MemberCertificate(
                use: use,
                certificate: try issuer.issue(
                    use.kind, subject: CertificateSubject.name(of: id), publicKey: publicKey, dnsNames: dnsNames,
                    notBefore: from,
                    notAfter: until))
        } catch {
            throw MembershipError(.outOfResources, "a certificate was not made: \(error.reason)")
        }
    }

    private func pruned(_ listed: [MemberCertificate], at: Instant) -> [MemberCertificate] {
        listed.filter { $0.until + MembershipLimits.pruneSeconds >= at }
    }

    private func merge(_ old: [MemberCertificate], _ new: [MemberCertificate], at: Instant) -> [MemberCertificate] {
        (pruned(old, at: at) + new).sorted { $0.id < $1.id }
    }
}
