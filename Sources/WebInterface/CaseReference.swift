// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters

/// How people call a case at this node: the beginning of its pseudonym, in two groups. A label that says nothing of her.
enum CaseReference {
    /// `K-0A4F-5C1D`.
    static func text(_ caseID: CaseID) -> String {
        let digits = Array(caseID.text.uppercased().utf8.prefix(8))
        return "K-\(String(decoding: digits[..<4], as: UTF8.self))-\(String(decoding: digits[4...], as: UTF8.self))"
    }
}
