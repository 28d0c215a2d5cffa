// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters
internal import Procedure
internal import Sealing

/// What lies on a stick, sealed to the next hop: salt (32) ‖ header length (4, big-endian) ‖ header JSON ‖ content ‖ zeros up to the
/// size class. The envelope is that of a letter's part; the header says which file of which shipment for whom it is.
///
/// - SeeAlso: Protocols/Courier.md §3.
enum CourierSeal {
    enum Kind: Hashable {
        case manifest
        /// From 0.
        case piece(Int)

        var text: String {
            switch self {
            case .manifest: "courier-manifest"
            case .piece: "courier"
            }
        }
    }

    private static let saltBytes = 32

    static func header(_ kind: Kind, shipment: CaseID, to hop: MemberID, length: Int) -> [UInt8] {
        var fields: [String: JSONValue] = [
            "kind": .string(kind.text), "length": .integer(Int64(length)), "shipment": .string(shipment.text),
            "to": .string(hop.text),
        ]
        if case .piece(let number) = kind { fields["number"] = .integer(Int64(number)) }
        return CanonicalJSON.write(.object(fields))
    }

    static func seal(
        _ content: [UInt8], _ kind: Kind, shipment: CaseID, to hop: MemberID, certificate: Certificate,
        salt: [UInt8] = SecureRandom.bytes(saltBytes)
    ) throws -> [UInt8] {
        let header = header(kind, shipment: shipment, to: hop, length: content.count)
        let count = saltBytes + 4 + header.count + content.count
        let headerCount = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: header.count >> $0) }
        let padding = [UInt8](repeating: 0, count: Padme.size(count) - count)
        return try CMS.seal([salt, headerCount, header, content, padding], to: certificate).file
    }

    /// - Throws: ``CourierError`` `.malformed` for a file of another shape, `.cannotOpen` for every other cause alike.
    static func open(
        _ file: [UInt8], _ kind: Kind, shipment: CaseID, to hop: MemberID, with identities: [SealingIdentity]
    ) throws(CourierError) -> [UInt8] {
        let gate: GatePart
        do { gate = try Gate.part(file) } catch { throw CourierError(.malformed, error.reason) }
        let refusal = CourierError(.cannotOpen, "sealed to another key, or not the file that it should be")
        guard
            let identity = identities.first(where: { gate.recipient.elementsEqual($0.certificate.subjectKeyIdentifier) }
            ),
            var plain = try? CMS.open(gate.envelope, key: identity.key)
        else { throw refusal }
        defer { Secret.wipe(&plain) }
        guard plain.count > saltBytes + 4 else { throw refusal }
        let headerCount = plain[saltBytes..<(saltBytes + 4)].reduce(0) { $0 << 8 | Int($1) }
        let start = saltBytes + 4 + headerCount
        guard headerCount <= SealingLimits.headerBytes, start <= plain.count,
            case .integer(let length)? = try? CanonicalJSON.read(Array(plain[(saltBytes + 4)..<start]), limits: .slip)[
                "length"],
            length <= Int64(plain.count - start)
        else { throw refusal }
        let end = start + Int(length)
        // There is one header that this file may have: compared as a whole, nothing in it is believed.
        guard
            header(kind, shipment: shipment, to: hop, length: Int(length)).elementsEqual(
                plain[(saltBytes + 4)..<start]),
            plain.count == Padme.size(end), plain[end...].allSatisfy({ $0 == 0 })
        else { throw refusal }
        return Array(plain[start..<end])
    }
}
