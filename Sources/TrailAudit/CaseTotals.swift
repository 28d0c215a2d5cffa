// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// What all cases together came to.
struct CaseTotals {
    var findings: [TrailFinding] = []
    var letters = 0
    var unsound = 0
    var numbers: [PairName: [Number]] = [:]
    var disclosed: Set<Digest> = []
    var pending: [Int: Int] = [:]
    var attested: [Int: Int] = [:]
    var referenced: [Int: Int] = [:]
    var sealed: [Int: Int] = [:]
    var orders: [ErasureOrder] = []
    /// Letters that have not ended, of each case that was judged.
    var open: [CaseID: [UnendedLetter]] = [:]
    /// A letter's number in its pair, and where it entered the trail. 16 bytes, because a bundle has one for each letter.
    struct Number {
        let sequence: UInt32
        let log: UInt16
        let index: UInt32
    }

    mutating func add(_ result: CaseResult) {
        findings += result.findings
        letters += result.letters
        unsound += result.unsound
        for number in result.numbers {
            numbers[number.pair, default: []].append(
                Number(
                    sequence: UInt32(clamping: number.sequence), log: UInt16(clamping: number.log),
                    index: UInt32(clamping: number.index)))
        }
        disclosed.formUnion(result.disclosed)
        pending.merge(result.pending, uniquingKeysWith: +)
        attested.merge(result.attested, uniquingKeysWith: +)
        referenced.merge(result.referenced, uniquingKeysWith: +)
        sealed.merge(result.sealed, uniquingKeysWith: +)
        orders += result.orders
        open[result.id] = result.open
    }
}
