// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import MessageStore
internal import Procedure

/// Makes an archive of letters, file by file, and knows beforehand how long it will be.
struct BundleArchive {
    private(set) var files: [(entry: LetterArchive.Entry, bytes: [UInt8])] = []
    /// Bytes of the archive so far, its end included.
    private(set) var size = LetterArchive.end.count

    mutating func add(_ entry: LetterArchive.Entry, _ bytes: [UInt8]) {
        files.append((entry, bytes))
        size += LetterArchive.size(ofFile: bytes.count)
    }

    /// What one file would add.
    static func cost(_ bytes: [UInt8]) -> Int { LetterArchive.size(ofFile: bytes.count) }

    mutating func add(_ context: ContextLetter) {
        add(.context(context.id), context.slip)
        if let void = context.void { add(.void(context.id), void) }
    }

    static func cost(of letter: LetterBundle) -> Int { cost(letter.slip) + (letter.receipt.map(cost) ?? 0) }

    static func cost(of context: ContextLetter) -> Int { cost(context.slip) + (context.void.map(cost) ?? 0) }

    /// Adds a letter with those of its parts that `isTaken` and that still fit into `room`; the digests of all others come back.
    mutating func add(
        _ letter: LetterBundle, room: Int, isTaken: (Int) -> Bool = { _ in true }
    ) -> [Digest] {
        add(.slip(letter.id), letter.slip)
        if let receipt = letter.receipt { add(.receipt(letter.id), receipt) }
        var left: [Digest] = []
        for (digest, bytes) in letter.parts.sorted(by: { $0.key < $1.key }) {
            if isTaken(bytes.count), size + Self.cost(bytes) <= room {
                add(.part(letter.id, digest), bytes)
            } else {
                left.append(digest)
            }
        }
        return left
    }

    /// Adds a delivery: small parts come along while there is room, all others are named.
    ///
    /// - Returns: `false`, and nothing is added, if not even its slip and the names of its parts fit.
    mutating func add(_ delivery: Delivery, room: Int) -> Bool {
        let names = (delivery.remaining.count + delivery.letter.parts.count) * DigestLines.lineBytes
        guard names <= LetterArchiveLimits.remainingBytes else { return false }
        let reserve = LetterArchive.size(ofFile: names)
        guard size + Self.cost(of: delivery.letter) + reserve <= room else { return false }
        let left = add(delivery.letter, room: room - reserve) { $0 <= ExchangeLimits.inlinePartBytes }
        let remaining = DigestLines.write(delivery.remaining + left)
        if !remaining.isEmpty { add(.remaining(delivery.letter.id), remaining) }
        return true
    }

    /// The whole archive.
    var bytes: [UInt8] {
        var archive: [UInt8] = []
        archive.reserveCapacity(size)
        for file in files { LetterArchive.append(file.entry, file.bytes, to: &archive) }
        archive += LetterArchive.end
        return archive
    }
}

/// Puts letters together again from an archive's events.
struct BundleCollector {
    /// One letter or context, whole.
    enum Item {
        case letter(LetterBundle, file: [UInt8]?, remaining: [Digest])
        case context(ContextLetter)

        /// A slip and nothing else.
        var isBare: Bool {
            guard case .letter(let bundle, nil, let remaining) = self else { return false }
            return bundle.parts.isEmpty && bundle.receipt == nil && remaining.isEmpty
        }
    }

    private var current: Item?
    private var entry: LetterArchive.Entry?
    private var bytes: [UInt8] = []
    private var collected = 0
    /// The current item follows one of the same id: if nothing more comes, it is nothing.
    private var isRest = false
    private let partBytes: Int
    /// What is whole and not yet taken away.
    private(set) var items: [Item] = []

    /// - Parameter partBytes: a letter with so many bytes of parts is given out and goes on as another item of the same id.
    init(partBytes: Int = .max) { self.partBytes = partBytes }

    /// Takes one event; letters that it completes are in ``items`` afterwards.
    mutating func take(_ event: LetterArchiveReader.Event) throws(LetterError) {
        switch event {
        case .entry(let entry, let count):
            self.entry = entry
            bytes = []
            bytes.reserveCapacity(count)
        case .bytes(let more): bytes.append(contentsOf: more)
        case .entryEnd:
            guard let entry else { return }
            try close(entry)
            self.entry = nil
            bytes = []
        }
    }

    /// The archive has ended: the last letter is whole.
    mutating func finish() {
        if let current, !(isRest && current.isBare) { items.append(current) }
        current = nil
        collected = 0
        isRest = false
    }

    mutating func removeItems() -> [Item] {
        defer { items = [] }
        return items
    }

    private mutating func close(_ entry: LetterArchive.Entry) throws(LetterError) {
        switch (entry, current) {
        case (.slip(let id), _):
            finish()
            current = .letter(LetterBundle(id: id, slip: bytes), file: nil, remaining: [])
        case (.context(let id), _):
            finish()
            current = .context(ContextLetter(id: id, slip: bytes))
        case (.part(_, let digest), .letter(var bundle, let file, let remaining)):
            current = nil  // no second owner: the parts are not copied
            bundle.parts[digest] = bytes
            collected += bytes.count
            current = .letter(bundle, file: file, remaining: remaining)
            if collected >= partBytes {
                finish()
                current = .letter(LetterBundle(id: bundle.id, slip: bundle.slip), file: nil, remaining: [])
                isRest = true
            }
        case (.receipt, .letter(var bundle, let file, let remaining)):
            bundle.receipt = bytes
            current = .letter(bundle, file: file, remaining: remaining)
        case (.file, .letter(let bundle, nil, let remaining)):
            current = .letter(bundle, file: bytes, remaining: remaining)
        case (.remaining, .letter(let bundle, let file, _)):
            current = .letter(bundle, file: file, remaining: try DigestLines.read(bytes))
        case (.void, .context(var context)):
            context.void = bytes
            current = .context(context)
        default: throw LetterError(.archiveMalformed, "archive: a file of no letter")
        }
    }
}

/// Digests, one a line of 64 lower-case hexadecimal digits and a line feed, ascending.
enum DigestLines {
    static let lineBytes = 65

    static func write(_ digests: [Digest]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(digests.count * lineBytes)
        for digest in Set(digests).sorted() {
            text.append(contentsOf: digest.hex.utf8)
            text.append(0x0A)
        }
        return text
    }

    static func read(_ text: [UInt8]) throws(LetterError) -> [Digest] {
        guard text.count % lineBytes == 0 else {
            throw LetterError(.archiveMalformed, "remaining: not lines of digests")
        }
        var digests: [Digest] = []
        for start in stride(from: 0, to: text.count, by: lineBytes) {
            guard text[start + 64] == 0x0A,
                let digest = Digest(hex: String(decoding: text[start..<(start + 64)], as: UTF8.self)),
                digests.last.map({ $0 < digest }) ?? true
            else { throw LetterError(.archiveMalformed, "remaining: not ascending lines of digests") }
            digests.append(digest)
        }
        return digests
    }
}
