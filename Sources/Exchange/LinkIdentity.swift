// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
internal import NIOCore
internal import NIOSSL
public import Procedure

/// The certificate and key with which a member or broker shows itself on a line (its *link* pair).
public struct LinkIdentity: Sendable {
    public let certificate: Certificate
    let chain: [NIOSSLCertificateSource]
    let privateKey: NIOSSLPrivateKeySource

    /// - Throws: ``CryptographyError`` and NIOSSL's errors for a key or certificate that TLS cannot use.
    public init(certificate: Certificate, key: PrivateKey) throws {
        self.certificate = certificate
        chain = [.certificate(try NIOSSLCertificate(bytes: certificate.der, format: .der))]
        var bytes = try key.pkcs8()
        defer { Secret.wipe(&bytes) }
        privateKey = .privateKey(try NIOSSLPrivateKey(bytes: bytes, format: .der))
    }
}

/// Who is at the other end of a connection: the leaf certificate of this TLS session and nothing else; no header names a peer.
public struct PeerIdentity: Hashable, Sendable {
    /// DER, not judged by anything but TLS: its holder has the key.
    public let certificate: [UInt8]
    /// SHA-256 of it: what the directory lists.
    public let digest: Digest

    init?(certificate: [UInt8]) {
        guard let digest = Digest(SHA256.hash(certificate)) else { return nil }
        self.certificate = certificate
        self.digest = digest
    }
}

/// TLS 1.3 and nothing older, the hybrid group first. Protocols/Exchange.md §2.
enum LinkTLS {
    /// X25519MLKEM768 keeps what is recorded today closed to a quantum computer; the others are for peers without it.
    static let groups: [NIOTLSCurve] = [.x25519_MLKEM768, .x25519, .secp256r1]

    static func server(_ identity: LinkIdentity) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: identity.chain, privateKey: identity.privateKey)
        // A certificate is demanded; the verification callback, not BoringSSL, says whose it may be.
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        restrict(&configuration)
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    static func client(_ identity: LinkIdentity, roots: [Certificate]) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = identity.chain
        configuration.privateKey = identity.privateKey
        configuration.trustRoots = .certificates(try roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        configuration.certificateVerification = .fullVerification
        restrict(&configuration)
        return configuration
    }

    private static func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.curves = groups
        configuration.verifySignatureAlgorithms = [.ecdsaSecp256R1Sha256]
        configuration.signingSignatureAlgorithms = [.ecdsaSecp256R1Sha256]
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = .seconds(2)
    }
}
