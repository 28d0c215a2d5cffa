// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters

/// How people call a case at this node: the beginning of its pseudonym, in two groups. A label that says nothing of her. In addresses
/// a case stands by its whole pseudonym.
enum CaseReference {
    /// `K-0A4F-5C1D`.
    static func text(_ caseID: CaseID) -> String {
        let digits = Array(caseID.text.uppercased().utf8.prefix(8))
        return "K-\(String(decoding: digits[..<4], as: UTF8.self))-\(String(decoding: digits[4...], as: UTF8.self))"
    }

    /// The reference in the middle of words; no browser translates it.
    static func html(_ caseID: CaseID) -> HTML { E("span", ["class": "ref", "translate": "no"]) { text(caseID) } }

    /// The cases that are called so. Whoever opens a case chooses its pseudonym, so several may begin alike: then none of them is the one.
    ///
    /// - Parameter text: as in ``text(_:)``, in any case, with or without its marks; the whole pseudonym too, as in addresses.
    static func find(_ text: String, in store: CaseStore) throws -> [CaseID] {
        var digits = text.lowercased().utf8.filter { $0 != 0x2D && $0 > 0x20 }
        if digits.first == 0x6B { digits.removeFirst() }
        guard digits.count == 8 || digits.count == 32,
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return [] }
        return try store.read { try $0.cases(beginning: String(decoding: digits, as: UTF8.self)) }.map(\.caseID)
    }
}
