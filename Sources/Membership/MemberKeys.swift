// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Sealing

/// The unlocked keys of a member or broker.
public struct MemberKeys: Sendable {
    public let signing: SigningIdentity
    /// The current one first, then older ones, newest first: letters on slow ways are still sealed to them.
    public let sealing: [SealingIdentity]
    public let link: LinkIdentity

    public init(signing: SigningIdentity, sealing: [SealingIdentity], link: LinkIdentity) {
        self.signing = signing
        self.sealing = sealing
        self.link = link
    }
}

/// Certificate and key for TLS. One's own leaf is the whole chain: the peer has the root.
public struct LinkIdentity: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey

    public init(certificate: Certificate, key: PrivateKey) {
        self.certificate = certificate
        self.key = key
    }
}
