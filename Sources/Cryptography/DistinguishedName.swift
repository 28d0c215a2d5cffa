// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The name in a certificate: an organisation's, never a person's.
///
///     Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value UTF8String or PrintableString }
///
/// Only country, organisation and common name, each at most once and alone in its set.
public struct DistinguishedName: Hashable, Sendable {
    /// For a member, its id (`in:asha-shelter`); at most 64 bytes.
    public var commonName: String
    public var organisation: String?
    /// Two letters, ISO 3166-1.
    public var country: String?

    public init(commonName: String, organisation: String? = nil, country: String? = nil) {
        self.commonName = commonName
        self.organisation = organisation
        self.country = country
    }

    /// - Throws: ``CryptographyError`` `.unsupported` for an empty or over-long value.
    func der() throws(CryptographyError) -> [UInt8] {
        var sets: [[UInt8]] = []
        for (type, value, tag) in [
            (OID.countryName, country, UInt8(0x13)), (OID.organizationName, organisation, 0x0C),
            (OID.commonName, commonName, 0x0C),
        ] {
            guard let value else { continue }
            let bytes = Array(value.utf8)
            guard (1...64).contains(bytes.count), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
                tag == 0x0C || bytes.count == 2 && bytes.allSatisfy({ (0x41...0x5A).contains($0) })
            else { throw CryptographyError(.unsupported, "a name that a certificate cannot hold") }
            sets.append(DER.tlv(0x31, [DER.tlv(0x30, [type, DER.tlv(tag, bytes)])]))
        }
        return DER.tlv(0x30, sets)
    }

    init(_ reader: inout DER.Reader) throws(DERError) {
        var values: [[UInt8]: String] = [:]
        var names = try reader.enter(0x30, "a name is a sequence")
        while !names.isAtEnd {
            var set = try names.enter(0x31, "a name holds sets")
            var pair = try set.enter(0x30, "a name's set holds one pair")
            try set.finish("a name's set holds one pair")
            let type = Array(pair.bytes[try pair.next(0x06, "a name's type").whole])
            let value = try pair.any()
            try pair.finish("a name's type and value")
            guard value.tag == 0x0C || value.tag == 0x13, (1...64).contains(value.content.count),
                let text = String(validating: pair.bytes[value.content], as: UTF8.self)
            else { throw .profile("a name is UTF-8 or printable, at most 64 bytes") }
            guard [OID.countryName, OID.organizationName, OID.commonName].contains(type), values[type] == nil else {
                throw .profile("a name holds country, organisation and common name, each once")
            }
            values[type] = text
        }
        guard let commonName = values[OID.commonName] else { throw .profile("a name without a common name") }
        self.init(commonName: commonName, organisation: values[OID.organizationName], country: values[OID.countryName])
    }
}
