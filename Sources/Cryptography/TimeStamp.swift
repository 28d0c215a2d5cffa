// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import COpenSSLShims

/// What a time-stamping authority said: these bytes existed at this time. RFC 3161.
///
/// The digest is SHA-256 throughout. OpenSSL reads and verifies; Protocols/Log.md section 5.5 says what is stamped.
public struct TimeStamp: Sendable, Hashable {
    /// The authority's time, whole POSIX seconds (a fraction is cut off).
    public let time: Int64
    /// The whole response, DER, as it came: `openssl ts -verify -in`.
    public let response: [UInt8]

    /// The largest response, with its certificates.
    public static let limit = 65_536

    /// Reads a response and verifies it as of its own time.
    ///
    /// - Parameters:
    ///   - response: at most ``limit`` bytes and nothing behind them.
    ///   - digest: SHA-256 of the stamped file.
    ///   - authority: whose it must be. Certificates that the token brings along only help to build the chain.
    ///   - query: when the answer to a question is read: it has to bear the question's nonce.
    public init(
        reading response: [UInt8], over digest: [UInt8], by authority: TimeStampAuthority, answering query: Query? = nil
    ) throws(CryptographyError) {
        guard response.count <= Self.limit else { throw CryptographyError(.malformed, "time stamp: more than 64 KiB") }
        guard digest.count == 32 else { throw CryptographyError(.unsupported, "time stamp: no SHA-256") }
        ERR_clear_error()
        var time: Int64 = 0
        let nonce = query?.nonce
        guard
            unsafe kossl_ts_verify(
                response, response.count, digest, nonce, nonce?.count ?? 0, authority.pem, authority.pem.count, &time)
                == 1
        else { throw .takingErrorQueue(.invalidSignature, "time stamp") }
        self.time = time
        self.response = response
    }

    /// A question to an authority: RFC 3161 section 2.4.1, version 1, no policy, a fresh nonce, its certificate asked for.
    public struct Query: Sendable {
        /// DER, the body of a POST of `application/timestamp-query`.
        public let bytes: [UInt8]
        /// Eight bytes, a positive number.
        let nonce: [UInt8]

        /// - Parameter digest: SHA-256 of the file to stamp.
        public init(digest: [UInt8]) throws(CryptographyError) {
            guard digest.count == 32 else { throw CryptographyError(.unsupported, "time stamp: no SHA-256") }
            var nonce = SecureRandom.bytes(8)
            // The first bit off, the second on: DER writes it in eight bytes, without a sign and without shortening.
            nonce[0] = nonce[0] & 0x3F | 0x40
            self.nonce = nonce
            let imprint = DER.tlv(0x30, [AlgorithmIdentifier.sha256WithNull, DER.tlv(0x04, digest)])
            bytes = DER.tlv(0x30, [[0x02, 0x01, 0x01], imprint, DER.tlv(0x02, nonce), [0x01, 0x01, 0xFF]])
        }
    }
}

/// One time-stamping authority: its own chain, and nothing else. What a token says about its maker is never believed.
public struct TimeStampAuthority: Sendable, Hashable {
    /// Certificates, PEM.
    let pem: [UInt8]

    /// - Parameter pem: the certificates of this one authority up to its root, at most 64 KiB.
    public init(pem: [UInt8]) throws(CryptographyError) {
        guard pem.count <= 65_536 else {
            throw CryptographyError(.malformed, "a time-stamping authority's chain: more than 64 KiB")
        }
        ERR_clear_error()
        guard unsafe kossl_ts_chain(pem, pem.count) == 1 else {
            throw .takingErrorQueue(.malformed, "time-stamping authority")
        }
        self.pem = pem
    }
}
