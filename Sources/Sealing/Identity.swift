// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography

/// A certificate with its key that signs letters: a member's signing certificate, or an authority's root.
public struct SigningIdentity: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey

    /// - Throws: ``SealingError`` `.signerNotPermitted` when the two do not belong together or the certificate is
    ///   for another use.
    public init(certificate: Certificate, key: PrivateKey) throws(SealingError) {
        guard certificate.publicKey == key.publicKey else {
            throw SealingError(.signerNotPermitted, "certificate and key do not belong together")
        }
        guard certificate.has(.sign) || certificate.has(.root) else {
            throw SealingError(.signerNotPermitted, "not a signing certificate")
        }
        self.certificate = certificate
        self.key = key
    }
}

/// A certificate with its key to which parts are sealed.
public struct SealingIdentity: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey

    /// - Throws: ``SealingError`` `.cannotSeal` when the two do not belong together or the certificate is for
    ///   another use.
    public init(certificate: Certificate, key: PrivateKey) throws(SealingError) {
        guard certificate.publicKey == key.publicKey else {
            throw SealingError(.cannotSeal, "certificate and key do not belong together")
        }
        guard certificate.has(.seal) else { throw SealingError(.cannotSeal, "not a sealing certificate") }
        self.certificate = certificate
        self.key = key
    }
}
