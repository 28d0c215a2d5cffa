// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A set of small numbers. Ancestors of 500 letters are eight words; replay asks for them all the time.
struct BitSet: Hashable, Sendable {
    private(set) var words: [UInt64] = []

    init() {}

    init(_ elements: [Int]) { for element in elements { insert(element) } }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func contains(_ element: Int) -> Bool {
        let word = element >> 6
        return word < words.count && words[word] & (1 << UInt64(element & 63)) != 0
    }

    mutating func insert(_ element: Int) {
        let word = element >> 6
        if word >= words.count { words += Array(repeating: 0, count: word + 1 - words.count) }
        words[word] |= 1 << UInt64(element & 63)
    }

    mutating func remove(_ element: Int) {
        let word = element >> 6
        if word < words.count { words[word] &= ~(1 << UInt64(element & 63)) }
    }

    mutating func set(_ element: Int, _ isMember: Bool) {
        if isMember { insert(element) } else { remove(element) }
    }

    mutating func formUnion(_ other: BitSet) {
        if other.words.count > words.count { words += Array(repeating: 0, count: other.words.count - words.count) }
        for index in other.words.indices { words[index] |= other.words[index] }
    }

    func intersection(_ other: BitSet) -> BitSet {
        var result = BitSet()
        let count = min(words.count, other.words.count)
        result.words = (0..<count).map { words[$0] & other.words[$0] }
        return result
    }

    func subtracting(_ other: BitSet) -> BitSet {
        var result = self
        for index in 0..<min(words.count, other.words.count) { result.words[index] &= ~other.words[index] }
        return result
    }

    func isSubset(of other: BitSet) -> Bool {
        for (index, word) in words.enumerated() where word != 0 {
            guard index < other.words.count, word & ~other.words[index] == 0 else { return false }
        }
        return true
    }

    func isDisjoint(with other: BitSet) -> Bool {
        for index in 0..<min(words.count, other.words.count) where words[index] & other.words[index] != 0 {
            return false
        }
        return true
    }

    /// Ascending.
    var elements: [Int] {
        var result: [Int] = []
        for (index, word) in words.enumerated() { for bit in Bits(word: word) { result.append(index << 6 | bit) } }
        return result
    }
}
