// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing

/// One letter of a case, its file verified. A class, because every stage asks for some field of it and none needs a copy of all.
final class CaseLetter: Sendable {
    let id: LetterID
    let slip: Slip
    /// SHA-256 of its file.
    let file: Digest
    let certificate: Digest
    /// ``Slip/ancestors``: each once, ascending.
    let ancestors: [LetterID]

    init(_ signed: SignedSlip, file: Digest) {
        id = signed.id
        slip = signed.slip
        self.file = file
        certificate = signed.certificateDigest
        ancestors = signed.slip.ancestors
    }
}

/// Which letters of one case come before which, by what they name. Worked out once, a bit a pair: a case of 20,000 letters takes 50 MB.
struct Ancestry {
    /// Letters of one case, by their places.
    struct Letters {
        fileprivate var words: [UInt64] = []

        fileprivate init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

        mutating func insert(_ place: Int) { words[place >> 6] |= 1 << UInt64(place & 63) }
        func contains(_ place: Int) -> Bool { words[place >> 6] & 1 << UInt64(place & 63) != 0 }

        fileprivate mutating func formUnion(_ other: Letters) {
            for word in words.indices { words[word] |= other.words[word] }
        }

        func isDisjoint(with other: Letters) -> Bool { !zip(words, other.words).contains { $0 & $1 != 0 } }
        func intersection(_ other: Letters) -> Letters { combined(other) { $0 & $1 } }
        func subtracting(_ other: Letters) -> Letters { combined(other) { $0 & ~$1 } }

        private func combined(_ other: Letters, _ combine: (UInt64, UInt64) -> UInt64) -> Letters {
            var result = self
            for word in words.indices { result.words[word] = combine(words[word], other.words[word]) }
            return result
        }

        /// Places, ascending.
        var places: [Int] {
            var result: [Int] = []
            for (index, word) in words.enumerated() {
                var left = word
                while left != 0 {
                    result.append(index << 6 | left.trailingZeroBitCount)
                    left &= left - 1
                }
            }
            return result
        }
    }

    /// By place: first those of which a slip is here, then those that are only named.
    private let ids: [LetterID]
    private let places: [LetterID: Int]
    /// What comes before each letter of which a slip is here.
    private var rows: [Letters]
    /// Letters that others name and of which no slip is here.
    private var lost: Letters
    /// Letters that name no root.
    private var roots: Letters
    /// Places of the letters of which a slip is here, each behind all that it names.
    private(set) var order: [Int] = []

    init(_ letters: [LetterID: CaseLetter]) {
        var ids = Array(letters.keys)
        var places = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
        // 1. A place for every name.
        let edges = ids.map { id -> [Int] in
            guard let letter = letters[id] else { return [] }
            return (letter.ancestors + (letter.slip.root.map { [$0] } ?? [])).compactMap { named in
                guard named != id else { return nil }
                if let place = places[named] { return place }
                places[named] = places.count
                return places.count - 1
            }
        }
        let known = ids.count
        for (id, place) in places.sorted(by: { $0.value < $1.value }) where place >= known { ids.append(id) }
        (self.ids, self.places) = (ids, places)
        let none = Letters(count: ids.count)
        (rows, lost, roots) = (Array(repeating: none, count: known), none, none)
        for place in known..<ids.count { lost.insert(place) }
        for place in 0..<known where letters[ids[place]]?.slip.root == nil { roots.insert(place) }
        // 2. From those that name nobody onwards. A name is a digest of what names others, so there is no ring.
        var isDone = Array(repeating: false, count: known)
        var left = Array(0..<known)
        while let place = left.last {
            let open = isDone[place] ? [] : edges[place].filter { $0 < known && !isDone[$0] }
            guard open.isEmpty else {
                left += open
                continue
            }
            left.removeLast()
            guard !isDone[place] else { continue }
            isDone[place] = true
            order.append(place)
            for edge in edges[place] {
                rows[place].insert(edge)
                if edge < known { rows[place].formUnion(rows[edge]) }
            }
        }
    }

    var none: Letters { Letters(count: ids.count) }

    func id(_ place: Int) -> LetterID { ids[place] }
    /// Of a letter that has a slip here or is named by one that has.
    func place(_ letter: LetterID) -> Int? { places[letter] }

    /// What comes before a letter, whether its slip is here or not; nothing for a letter without a slip.
    func before(_ letter: LetterID) -> Letters {
        guard let place = places[letter], place < rows.count else { return none }
        return rows[place]
    }

    /// All ancestors of which a slip is here.
    func known(_ row: Letters) -> [LetterID] { row.subtracting(lost).places.map { ids[$0] } }
    /// Those of which none is.
    func missing(_ row: Letters) -> [LetterID] { row.intersection(lost).places.map { ids[$0] } }
    /// Those that name no root.
    func roots(_ row: Letters) -> [LetterID] { row.intersection(roots).places.map { ids[$0] } }
}
