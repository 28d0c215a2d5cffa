// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Procedure

/// Reads an archive as its bytes come, in pieces of any size; holds one block and what it takes to find a name twice.
public struct LetterArchiveReader: Sendable {
    /// What was found, in the archive's order.
    public enum Event: Hashable, Sendable {
        /// A file begins; `count` bytes follow as ``bytes(_:)``.
        case entry(LetterArchive.Entry, count: Int)
        /// More of the current file; never empty.
        case bytes([UInt8])
        /// The current file is whole.
        case entryEnd
    }

    private enum State: Hashable {
        case header
        /// Inside a file: bytes of content and of padding still to come.
        case content(left: Int, padding: Int)
        case padding(Int)
        /// The second of the two zero blocks.
        case end
        case done
        /// A reader that has thrown reads no more.
        case failed
    }

    private let limits: LetterArchiveLimits
    private var state = State.header
    private var block: [UInt8] = []
    private var total = 0
    private var last: LetterArchive.Entry?
    private var letters: Set<LetterID> = []
    private var contexts: Set<LetterID> = []

    public init(limits: LetterArchiveLimits) { self.limits = limits }

    /// Takes the next bytes and calls `take` for each event they complete.
    ///
    /// - Throws: ``LetterError`` `.archiveMalformed`, and what `take` throws; the reader is then of no further use.
    public mutating func feed(
        _ bytes: some Collection<UInt8>, _ take: (Event) throws(LetterError) -> Void
    ) throws(LetterError) {
        let before = state
        state = .failed
        var current = before
        // One copy, so that all below works on memory that lies in a row.
        var rest = Array(bytes)[...]
        total += rest.count
        guard total <= limits.bytes else { throw Self.fault("more than \(limits.bytes) bytes") }
        while !rest.isEmpty {
            switch current {
            case .header, .end:
                let count = min(LetterArchive.blockBytes - block.count, rest.count)
                block.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
                guard block.count == LetterArchive.blockBytes else { break }
                current = try readBlock(current, take)
                block.removeAll(keepingCapacity: true)
            case .content(let left, let padding):
                let count = min(left, rest.count)
                try take(.bytes(Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
                current = .content(left: left - count, padding: padding)
                guard left == count else { break }
                try take(.entryEnd)
                current = padding == 0 ? .header : .padding(padding)
            case .padding(let left):
                let count = min(left, rest.count)
                guard rest.prefix(count).allSatisfy({ $0 == 0 }) else { throw Self.fault("padding that is not zero") }
                rest = rest.dropFirst(count)
                current = left == count ? .header : .padding(left - count)
            case .done: throw Self.fault("bytes after the end")
            case .failed: throw Self.fault("read on after an error")
            }
        }
        state = current
    }

    /// The bytes have ended: the archive must have, too.
    ///
    /// - Throws: ``LetterError`` `.archiveMalformed`: cut short.
    public func finish() throws(LetterError) {
        guard state == .done else { throw Self.fault("cut short") }
    }

    private mutating func readBlock(
        _ current: State, _ take: (Event) throws(LetterError) -> Void
    ) throws(LetterError) -> State {
        if block[0] == 0, block.allSatisfy({ $0 == 0 }) { return current == .end ? .done : .end }
        guard current == .header else { throw Self.fault("one zero block alone") }
        let (entry, count) = try readHeader()
        try checkOrder(entry)
        last = entry
        try take(.entry(entry, count: count))
        return .content(left: count, padding: LetterArchive.padding(count))
    }

    private func readHeader() throws(LetterError) -> (LetterArchive.Entry, count: Int) {
        func text(_ range: Range<Int>) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }
        let prefix = text(345..<500)
        guard let entry = LetterArchive.Entry(path: (prefix.isEmpty ? [] : prefix + [0x2F]) + text(0..<100)) else {
            throw Self.fault("a name that no letter has")
        }
        var count = 0
        for digit in block[124..<135] {
            guard (0x30...0x37).contains(digit) else { throw Self.fault("a size that is no number") }
            count = count * 8 + Int(digit - 0x30)
        }
        guard count > 0, count <= entry.limit else { throw Self.fault("a file that is empty or too large") }
        // One spelling: type, mode, owner, time, magic, checksum and the unused bytes are all checked by this.
        guard LetterArchive.header(of: entry, count: count) == block else {
            throw Self.fault("a header of another spelling")
        }
        return (entry, count)
    }

    /// A letter's files are neighbours and ascend, so a second file of one name has no place to stand.
    private mutating func checkOrder(_ entry: LetterArchive.Entry) throws(LetterError) {
        switch (last, entry) {
        case (_, .slip(let id)):
            guard letters.insert(id).inserted else { throw Self.fault("a letter twice") }
        case (_, .context(let id)):
            guard contexts.insert(id).inserted else { throw Self.fault("a context twice") }
        case (.context(let before), .void(let id)) where before == id: return
        case (.slip(let before), .receipt(let id)) where before == id: return
        case (.slip(let before), .part(let id, _)) where before == id: return
        case (.receipt(let before), .part(let id, _)) where before == id: return
        case (.receipt(let before), .remaining(let id)) where before == id: return
        case (.part(let before, let one), .part(let id, let next)) where before == id && one < next: return
        case (.slip(let before), .file(let id)) where before == id: return
        case (.part(let before, _), .file(let id)) where before == id: return
        case (.slip(let before), .remaining(let id)) where before == id: return
        case (.part(let before, _), .remaining(let id)) where before == id: return
        default: throw Self.fault("a file that stands in the wrong place")
        }
        guard letters.count + contexts.count <= limits.letters else {
            throw Self.fault("more than \(limits.letters) letters")
        }
    }

    private static func fault(_ rule: String) -> LetterError { LetterError(.archiveMalformed, "archive: \(rule)") }
}
