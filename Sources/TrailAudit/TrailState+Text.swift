// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import TransparencyLog

/// The text form: a word that says what a line is, and its fields. Protocols/Trail.md §9.
extension TrailState {
    /// Why a state cannot be used; names the line.
    public struct Unreadable: Error, Hashable, Sendable {
        public let line: Int
    }

    private static let header = "kheya-audit-state/v1"

    public var bytes: [UInt8] {
        var lines = ["\(Self.header) \(asOf.seconds)"]
        func time(_ at: Instant?) -> String { at.map { String($0.seconds) } ?? "-" }
        func list(_ items: [String]) -> String { items.isEmpty ? "-" : items.joined(separator: ",") }
        for (origin, log) in logs.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "log \(origin) \(log.head.size) \(log.head.root) \(log.base.size) \(list(log.base.peaks.map(\.hex))) "
                    + "\(log.readCount) \(time(log.lastAt)) \(time(log.newest))")
            for mark in log.checkpoints { lines.append("checkpoint \(mark.size) \(mark.root) \(time(mark.after))") }
            for stamp in log.stamps { lines.append("stamp \(stamp.size) \(stamp.time.seconds)") }
            for (caseID, head) in log.heads.sorted(by: { $0.key < $1.key }) {
                lines.append("head \(caseID) \(head.number) \(head.hash)")
            }
        }
        for (name, pair) in pairs.sorted(by: {
            ($0.key.from, $0.key.to, $0.key.epoch) < ($1.key.from, $1.key.to, $1.key.epoch)
        }) {
            let missing = pair.missing.map { "\($0.lowerBound)-\($0.upperBound)" }
            lines.append("pair \(name.from) \(name.to) \(name.epoch) \(pair.last) \(list(missing))")
        }
        for (caseID, letters) in open.sorted(by: { $0.key < $1.key }) {
            for letter in letters {
                lines.append(
                    "open \(caseID) \(letter.origin) \(letter.leaf) \(letter.letter) \(letter.member) "
                        + "\(time(letter.expires)) \(letter.isOpened ? "opened" : "-")")
            }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// - Throws: ``Unreadable``.
    public init(_ bytes: [UInt8]) throws(Unreadable) {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        var number = 0
        func fail() -> Unreadable { Unreadable(line: number) }
        guard lines.popLast()?.isEmpty ?? false else { throw Unreadable(line: lines.count + 1) }
        self.init(asOf: Instant(seconds: 0))
        var origin = ""
        for line in lines {
            number += 1
            var words = Words(line)
            switch (words.next(), number == 1) {
            case (Self.header, true):
                guard let at = words.number() else { throw fail() }
                asOf = Instant(seconds: at)
            case ("log", false):
                origin = words.next()
                guard let log = words.log(), logs.updateValue(log, forKey: origin) == nil else { throw fail() }
            case ("checkpoint", false):
                guard let size = words.number(), let root = words.digest(), let after = words.time() else {
                    throw fail()
                }
                logs[origin]?.checkpoints.append(Checkpoint(size: size, root: root, after: after))
            case ("stamp", false):
                guard let size = words.number(), let time = words.number() else { throw fail() }
                logs[origin]?.stamps.append(Stamp(size: size, time: Instant(seconds: time)))
            case ("head", false):
                guard let caseID = CaseID(words.next()), let place = words.number(), let hash = words.digest() else {
                    throw fail()
                }
                logs[origin]?.heads[caseID] = Head(number: place, hash: hash)
            case ("pair", false):
                guard let from = MemberID(words.next()), let to = MemberID(words.next()), let epoch = words.number(),
                    let last = words.number(), let missing = words.ranges()
                else { throw fail() }
                pairs[PairName(from: from, to: to, epoch: epoch)] = Pair(last: last, missing: missing)
            case ("open", false):
                guard let caseID = CaseID(words.next()), let letter = words.unended() else { throw fail() }
                open[caseID, default: []].append(letter)
            default: throw fail()
            }
            guard words.isEmpty else { throw fail() }
        }
        guard number > 0 else { throw fail() }
    }

    /// The words of one line.
    private struct Words {
        private var rest: ArraySlice<ArraySlice<UInt8>>

        init(_ line: ArraySlice<UInt8>) {
            rest = line.split(separator: 0x20, omittingEmptySubsequences: false)[...]
        }

        var isEmpty: Bool { rest.isEmpty }

        /// Empty where there is none.
        mutating func next() -> String { rest.popFirst().map { String(decoding: $0, as: UTF8.self) } ?? "" }

        mutating func number() -> Int64? { Int64(next()).flatMap { (0..<1 << 53).contains($0) ? $0 : nil } }
        mutating func digest() -> Digest? { Digest(hex: next()) }

        /// A time, or `-` where there is none.
        mutating func time() -> Instant?? {
            let text = next()
            if text == "-" { return .some(nil) }
            return Int64(text).map { Instant(seconds: $0) }
        }

        mutating func list() -> [String] {
            let text = next()
            return text == "-" ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }

        mutating func ranges() -> [ClosedRange<Int64>]? {
            var result: [ClosedRange<Int64>] = []
            for text in list() {
                let ends = text.split(separator: "-").compactMap { Int64($0) }
                guard ends.count == 2, ends[0] <= ends[1] else { return nil }
                result.append(ends[0]...ends[1])
            }
            return result
        }

        mutating func log() -> Log? {
            guard let size = number(), let root = digest(), let base = number() else { return nil }
            let peaks = list().compactMap { Digest(hex: $0) }
            guard let frontier = Frontier(size: base, peaks: peaks), base <= size, base % 256 == 0,
                let readCount = number(), let lastAt = time(), let newest = time()
            else { return nil }
            return Log(
                head: TreeHead(size: size, root: root), base: frontier, readCount: readCount, lastAt: lastAt,
                newest: newest)
        }

        mutating func unended() -> UnendedLetter? {
            let origin = next()
            guard let leaf = number(), let letter = digest(), let member = MemberID(next()), let expires = time() else {
                return nil
            }
            return UnendedLetter(
                origin: origin, leaf: leaf, letter: letter, member: member, expires: expires,
                isOpened: next() == "opened")
        }
    }
}
