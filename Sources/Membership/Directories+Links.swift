// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure
import Sealing

/// Who is at the other end of a TLS connection, as the side that was called sees it. Asked again with each request.
public enum LinkJudgement: Hashable, Sendable {
    case member(Member)
    case broker(BrokerEntry)
    /// Known, not revoked, but the certificate has ended: it may fetch the newer directory, and nothing else.
    case expired(MemberID)
    case refused(LinkRefusal)
}

/// What the caller makes of the broker it reached.
public enum ServerJudgement: Hashable, Sendable {
    case trusted
    /// The right broker with a certificate that has ended: fetch the newer directory, and nothing else.
    case expired
    case refused(LinkRefusal)
}

/// Why a link certificate is not accepted. For the own log; the peer sees a closed connection or 403.
public enum LinkRefusal: String, Hashable, Sendable, CaseIterable {
    /// No certificate of the profile.
    case malformed
    /// A root, a signing or a sealing certificate.
    case wrongUse = "wrong-use"
    /// Not signed by a pinned root.
    case untrusted
    /// Signed by a root and in no directory, or not the member's whom it names.
    case unknown
    case notYetValid = "not-yet-valid"
    case ended
    case revoked
    case suspended
    case removed
    /// Another broker than the one called, or another host.
    case otherName = "other-name"
}

extension Directories {
    /// Who calls. The identity is the leaf's digest in a directory, nothing else: no header and no name in the
    /// certificate counts.
    ///
    /// - Parameter der: the leaf of this connection.
    public func judgeLink(leaf der: [UInt8], now: Instant) -> LinkJudgement {
        guard der.count <= MembershipLimits.certificateBytes, let leaf = try? Certificate(der: der) else {
            return .refused(.malformed)
        }
        guard leaf.has(.link) else { return .refused(.wrongUse) }
        guard let root = root(issuing: leaf), root.isValid(at: now.seconds) else { return .refused(.untrusted) }
        guard let place = place(of: leaf.id), place.certificate.use == .link, anchors.root(of: place.authority) == root
        else {
            return .refused(.unknown)
        }
        if place.certificate.isRevoked(at: now) { return .refused(.revoked) }
        if now < place.certificate.from { return .refused(.notYetValid) }
        let hasEnded = place.certificate.until < now
        if place.isBroker {
            guard let broker = broker(place.owner) else { return .refused(.unknown) }
            return hasEnded ? .expired(broker.id) : .broker(broker)
        }
        guard let member = member(place.owner) else { return .refused(.unknown) }
        switch member.status {
        case .suspended(let since) where since <= now: return .refused(.suspended)
        case .removed(let since) where since <= now: return .refused(.removed)
        default: return hasEnded ? .expired(member.id) : .member(member)
        }
    }

    /// Whether the server that answered is `broker`: by its chain to the pinned root of its country and its name. It
    /// need not stand in a directory, which may be what the caller wants to fetch; where it does, a revocation counts.
    ///
    /// - Parameters:
    ///   - broker: whom the caller meant, from its settings or the directory.
    ///   - host: the DNS name called.
    public func judgeServer(leaf der: [UInt8], broker: MemberID, host: String, now: Instant) -> ServerJudgement {
        guard der.count <= MembershipLimits.certificateBytes, let leaf = try? Certificate(der: der) else {
            return .refused(.malformed)
        }
        guard leaf.has(.link) else { return .refused(.wrongUse) }
        guard let root = root(issuing: leaf), anchors.authority(for: broker).flatMap({ anchors.root(of: $0) }) == root,
            root.isValid(at: now.seconds)
        else { return .refused(.untrusted) }
        guard leaf.subject == CertificateSubject.name(of: broker), leaf.dnsNames.contains(host) else {
            return .refused(.otherName)
        }
        if let place = place(of: leaf.id), place.certificate.isRevoked(at: now) { return .refused(.revoked) }
        if now.seconds < leaf.notBefore { return .refused(.notYetValid) }
        return leaf.isValid(at: now.seconds) ? .trusted : .expired
    }

    private func root(issuing leaf: Certificate) -> Certificate? {
        guard let id = MemberID(leaf.issuer.commonName), let root = anchors.root(of: id), leaf.isSigned(by: root) else {
            return nil
        }
        return root
    }
}
