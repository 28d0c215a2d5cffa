// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import Sealing

/// Rebuilds what the procedure judges with from the slips in the store.
struct CaseReader {
    let store: any LetterReading

    init(_ store: any LetterReading) { self.store = store }

    /// - Parameter fallback: the profile of the letter in hand, for a case whose letters here name none.
    /// - Returns: `nil` when no profile of the case is known here.
    func history(of caseID: CaseID, profiles: [Digest: Profile], fallback: Digest? = nil) throws -> CaseHistory? {
        let known = try store.letters(of: caseID).filter { $0.record.status != .waiting }
            .map { (record: $0.record, slip: try Self.parse($0.slip)) }
        // A case has the profile of the letter that opened it, or what was adopted since; until that is here, of the first that names one.
        let own = known.first { $0.slip.root == nil }?.slip.profile ?? known.lazy.compactMap(\.slip.profile).first
        guard let profile = (own?.digest ?? fallback).flatMap({ profiles[$0] }) else { return nil }
        var history = CaseHistory(profile: profile, versions: profiles)
        for letter in known { history.insert(Self.step(letter.record, letter.slip)) }
        return history
    }

    static func step(_ record: LetterRecord, _ slip: Slip) -> Step {
        Step(id: record.id, slip: slip, roles: record.roles, isVoid: record.isVoid)
    }

    /// A slip that was verified when it was stored.
    static func parse(_ file: [UInt8]) throws -> Slip {
        do {
            return try Slip.read(Array(Gate.slip(file).content))
        } catch {
            throw StoreError(.unreadable, "a stored slip that does not read")
        }
    }
}
