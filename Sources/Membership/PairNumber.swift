// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Procedure
import Sealing

extension Directories {
    /// What two members read to each other by telephone: equal at both ends while both hold the same keys of both.
    ///
    /// SHA-256 over `kheya safety number/1 LF`, then for each of the two, the lesser id first, its id, and the ids of its certificates for
    /// signing and sealing that are valid now, ascending, a line each. ``SafetyNumber`` gives the digits.
    ///
    /// - Returns: `nil` where one of them is in no directory or has no valid certificate.
    public func pairNumber(_ one: MemberID, _ other: MemberID, at now: Instant) -> Digest? {
        var text = "kheya safety number/1\n"
        for id in [one, other].sorted() {
            let keys = certificates(of: id).filter { $0.use != .link && $0.isValid(at: now) }.map(\.id).sorted()
            guard !keys.isEmpty else { return nil }
            text += "\(id.text)\n" + keys.map { $0.hex + "\n" }.joined()
        }
        return .sha256(Array(text.utf8))
    }
}
