// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

/// The members of the vectors: `Protocols/Vectors/keys/`.
struct VectorKeys {
    static func certificate(_ name: String) throws -> Certificate {
        try Certificate(pem: Array(Data(contentsOf: Vector.protocols.appending(path: "Vectors/keys/\(name).pem"))))
    }

    /// The only private key among the vectors: it opens their parts.
    private static func readerKey() throws -> PrivateKey {
        let text = try String(
            contentsOf: Vector.protocols.appending(path: "Vectors/keys/reader-test-vector.key"), encoding: .utf8)
        let der = try #require(Data(base64Encoded: text.split(separator: "\n").dropFirst().dropLast().joined()))
        return try PrivateKey(pkcs8: Array(der))
    }

    let directory: [Digest: Certificate]
    let reader: SealingIdentity
    let label: PartLabel

    init() throws {
        // The stranger is certified, and not in the directory.
        var directory: [Digest: Certificate] = [:]
        for name in ["root", "signer", "second", "reader", "link"] {
            let certificate = try Self.certificate(name)
            directory[certificate.id] = certificate
        }
        self.directory = directory
        reader = try SealingIdentity(certificate: Self.certificate("reader"), key: Self.readerKey())
        label = PartLabel(
            from: try #require(MemberID("in:vector-shelter")), to: try #require(MemberID("bd:vector-ngo")),
            caseID: try #require(CaseID("00112233445566778899aabbccddeeff")), kind: .form)
    }

    /// `opens`, or the code.
    func read(slip file: [UInt8]) -> String {
        outcome { () throws(SealingError) in _ = try SignedSlip.read(file) { directory[$0] } }
    }

    func open(part vector: Vector) throws -> String {
        let commitment = try #require(vector.header["commitment"].flatMap { Digest(hex: $0) })
        let size = try #require(vector.header["size"].flatMap { Int64($0) })
        return outcome { () throws(SealingError) in
            _ = try SealedPart.open(vector.bytes, label: label, commitment: commitment, size: size, with: reader)
        }
    }

    private func outcome(_ body: () throws(SealingError) -> Void) -> String {
        do {
            try body()
            return "opens"
        } catch {
            return error.code.rawValue
        }
    }
}
