// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Procedure
import Sealing

/// What a certificate of a member is for. One key serves one use.
public enum CertificateUse: String, Hashable, Sendable, CaseIterable {
    /// TLS, as client and, of a broker, as server.
    case link
    /// Parts are sealed to it.
    case seal
    /// Slips are signed with it.
    case sign

    public var kind: CertificateKind {
        switch self {
        case .link: .link
        case .seal: .seal
        case .sign: .sign
        }
    }
}

/// A certificate as the directory lists it.
public struct MemberCertificate: Hashable, Sendable {
    public var use: CertificateUse
    public let certificate: Certificate
    /// SHA-256 of the DER: how slips name it.
    public let id: Digest
    /// From this instant on the key is not believed any more.
    public var revoked: Instant?

    public init(use: CertificateUse, certificate: Certificate, revoked: Instant? = nil) {
        self.use = use
        self.certificate = certificate
        self.id = certificate.id
        self.revoked = revoked
    }

    /// Both inclusive.
    public var from: Instant { Instant(seconds: certificate.notBefore) }
    public var until: Instant { Instant(seconds: certificate.notAfter) }

    public func isRevoked(at instant: Instant) -> Bool { revoked.map { $0 <= instant } ?? false }

    /// Begun, not ended, not revoked.
    public func isValid(at instant: Instant) -> Bool {
        certificate.isValid(at: instant.seconds) && !isRevoked(at: instant)
    }
}
