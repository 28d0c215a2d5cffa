// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
public import Procedure

/// Letters that leave or come by another way than the line: the same letters, in any order, as often as one likes.
extension CaseDesk {
    /// What is to be written to a stick, bundle by bundle, so that memory stays flat.
    ///
    /// A letter stays in the outbox: only the broker's *stored* ends the duty to send it. Whoever carries it on and whoever comes by line
    /// makes no second effect.
    public struct Export: Sendable {
        let desk: CaseDesk
        private var letters: [LetterID]
        private var parts: [(digest: Digest, size: Int)] = []
        private var current: (id: LetterID, slip: [UInt8])?

        /// 4 MiB: what one bundle holds at most, beside the slip.
        private static let bundleBytes = 4 * 1_048_576

        init(_ desk: CaseDesk, letters: [LetterID]) {
            self.desk = desk
            self.letters = letters
        }

        /// The next bundle; a letter with many parts comes as several of one id, its parts ascending by digest.
        public mutating func next() throws -> (id: LetterID, slip: [UInt8], parts: [Digest: [UInt8]])? {
            if current == nil || parts.isEmpty {
                guard !letters.isEmpty else { return nil }
                let id = letters.removeFirst()
                let (slip, sizes) = try desk.store.read { transaction in
                    guard let letter = try transaction.letter(id) else { throw CaseFileError(.unknownLetter, id.hex) }
                    return (letter.slip, try transaction.partSizes(of: id))
                }
                current = (id, slip)
                parts = sizes.sorted { $0.digest < $1.digest }
            }
            guard let current else { return nil }
            var taken: [Digest: [UInt8]] = [:]
            var bytes = 0
            while let part = parts.first, taken.isEmpty || bytes + part.size <= Self.bundleBytes {
                guard let content = try desk.store.read({ try $0.part(part.digest) }) else {
                    throw CaseFileError(.damaged, "a part is missing")
                }
                taken[part.digest] = content
                bytes += part.size
                parts.removeFirst()
            }
            return (current.id, current.slip, taken)
        }
    }

    /// Everything in the outbox that no broker has stored, urgent letters first.
    public func export() throws -> Export {
        let entries = try store.read { try $0.outbox() }.filter { $0.state == .waiting }
        let ordered = entries.sorted {
            ($0.lane == .urgent ? 0 : 1, $0.position) < ($1.lane == .urgent ? 0 : 1, $1.position)
        }
        return Export(self, letters: ordered.map(\.letter))
    }

    /// Notes that these letters lie wholly on a stick.
    public func markCarried(_ letters: [LetterID], at now: Instant) throws {
        try store.write { transaction in for letter in letters { try transaction.setCarried(letter, at: now) } }
    }
}
