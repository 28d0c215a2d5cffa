// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Sealing

/// An authority made for a test, with members' certificates of each kind. Its clock is an argument, so nothing
/// expires.
public struct PracticeAuthority: Sendable {
    public let issuer: CertificateIssuer
    public let key: PrivateKey
    public let notBefore: Int64
    public let notAfter: Int64

    /// - Parameter country: two letters; the names are invented.
    public init(country: String = "IN", notBefore: Int64 = 1_760_000_000, notAfter: Int64 = 1_860_000_000) throws {
        key = try PrivateKey.generate()
        issuer = try CertificateIssuer.selfSigned(
            subject: DistinguishedName(commonName: "Practice authority \(country)", country: country), key: key,
            notBefore: notBefore,
            notAfter: notAfter)
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    public var root: Certificate { issuer.certificate }

    /// The authority as a signer of directory and profile letters.
    public var signer: SigningIdentity {
        get throws { try SigningIdentity(certificate: root, key: key) }
    }

    public func certificate(_ kind: CertificateKind, _ member: String, key: PrivateKey, dnsNames: [String] = []) throws
        -> Certificate
    {
        try issuer.issue(
            kind, subject: DistinguishedName(commonName: member, country: root.country), publicKey: key.publicKey,
            dnsNames: dnsNames,
            notBefore: notBefore, notAfter: notAfter)
    }

    public func signer(_ member: String) throws -> SigningIdentity {
        let key = try PrivateKey.generate()
        return try SigningIdentity(certificate: certificate(.sign, member, key: key), key: key)
    }

    public func reader(_ member: String) throws -> SealingIdentity {
        let key = try PrivateKey.generate()
        return try SealingIdentity(certificate: certificate(.seal, member, key: key), key: key)
    }
}
