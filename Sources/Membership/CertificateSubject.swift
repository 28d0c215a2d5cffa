// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Procedure

/// What a certificate says of its holder: the id and the country that the id begins with. No organisation name, no
/// place.
enum CertificateSubject {
    static func name(of id: MemberID) -> DistinguishedName {
        DistinguishedName(commonName: id.text, organisation: nil, country: id.country)
    }
}
