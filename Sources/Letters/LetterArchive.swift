// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Letters as a POSIX ustar archive: on the wire, in a backup, inside a courier's sealed pieces. `tar tf` reads it.
///
/// ```
/// archive = *( context / letter ) end          ; end = 1,024 zero bytes, and nothing after them
/// context = "context/" id "/slip.p7s" [ "context/" id "/void.p7s" ]
/// letter  = id "/slip.p7s" [ id "/receipt" ] *( id "/parts/" digest ) [ id "/file" ] [ id "/remaining" ]   ; digests ascend
/// ```
///
/// There is one spelling: mode 0644, owner and group 0 without names, time 0, regular files. The reader makes the header of what it
/// read again and compares all 512 bytes, so links, devices, other names and bad checksums have no spelling that passes.
///
/// - SeeAlso: Protocols/Courier.md §4.
public enum LetterArchive {
    /// A file of the archive. The names hold ids and digests only.
    public enum Entry: Hashable, Sendable {
        /// `slip.p7s`, which opens a letter.
        case slip(LetterID)
        case part(LetterID, Digest)
        /// The receipt of the sending broker's log, from one broker to another.
        case receipt(LetterID)
        /// The document of a directory or profile letter.
        case file(LetterID)
        /// Digests of part files that do not come along, one a line, ascending: fetch them, or wait for them.
        case remaining(LetterID)
        /// The slip of an ancestor, for judging only.
        case context(LetterID)
        /// The signed refusal or notice that makes the ancestor void.
        case void(LetterID)

        /// The name inside the archive.
        public var path: String {
            switch self {
            case .slip(let id): "\(id.hex)/slip.p7s"
            case .part(let id, let digest): "\(id.hex)/parts/\(digest.hex)"
            case .receipt(let id): "\(id.hex)/receipt"
            case .file(let id): "\(id.hex)/file"
            case .remaining(let id): "\(id.hex)/remaining"
            case .context(let id): "context/\(id.hex)/slip.p7s"
            case .void(let id): "context/\(id.hex)/void.p7s"
            }
        }

        /// The most bytes such a file may have.
        public var limit: Int {
            switch self {
            case .slip, .context, .void: LetterArchiveLimits.slipBytes
            case .part: LetterArchiveLimits.partBytes
            case .receipt: LetterArchiveLimits.receiptBytes
            case .file: LetterArchiveLimits.fileBytes
            case .remaining: LetterArchiveLimits.remainingBytes
            }
        }

        /// - Parameter path: exactly a name of the grammar; anything else gives `nil`.
        init?(path: [UInt8]) {
            func digest(_ start: Int) -> Digest? {
                path.count < start + 64 ? nil : Digest(hex: String(decoding: path[start..<(start + 64)], as: UTF8.self))
            }
            func ends(_ name: StaticString, from start: Int) -> Bool {
                path.count == start + name.utf8CodeUnitCount
                    && name.withUTF8Buffer { zip($0, path[start...]).allSatisfy { $0 == $1 } }
            }
            if path.starts(with: "context/".utf8) {
                guard let id = digest(8) else { return nil }
                if ends("/slip.p7s", from: 72) {
                    self = .context(id)
                } else if ends("/void.p7s", from: 72) {
                    self = .void(id)
                } else {
                    return nil
                }
                return
            }
            guard let id = digest(0) else { return nil }
            if ends("/slip.p7s", from: 64) {
                self = .slip(id)
            } else if path.count == 135, path[64..<71].elementsEqual("/parts/".utf8), let part = digest(71) {
                self = .part(id, part)
            } else if ends("/receipt", from: 64) {
                self = .receipt(id)
            } else if ends("/file", from: 64) {
                self = .file(id)
            } else if ends("/remaining", from: 64) {
                self = .remaining(id)
            } else {
                return nil
            }
        }
    }

    public static let blockBytes = 512
    /// What ends an archive.
    public static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

    /// Bytes that a file of `count` bytes takes in an archive, header and padding included.
    public static func size(ofFile count: Int) -> Int { blockBytes + count + padding(count) }

    /// Zero bytes that follow a file of `count` bytes, up to the next block.
    public static func padding(_ count: Int) -> Int { (blockBytes - count % blockBytes) % blockBytes }

    /// Appends one file with its header and padding.
    ///
    /// - Precondition: `bytes` is not empty and within ``Entry/limit``; what a caller puts in has passed a reader's bounds before.
    public static func append(_ entry: Entry, _ bytes: [UInt8], to archive: inout [UInt8]) {
        precondition(!bytes.isEmpty && bytes.count <= entry.limit, "an archive's file is outside its bounds")
        archive.append(contentsOf: header(of: entry, count: bytes.count))
        archive.append(contentsOf: bytes)
        archive.append(contentsOf: repeatElement(0, count: padding(bytes.count)))
    }

    /// The header block (POSIX.1-1988 ustar), as `tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=0644` writes it.
    public static func header(of entry: Entry, count: Int) -> [UInt8] {
        header(path: Array(entry.path.utf8), count: count)
    }

    /// The same for a name of another archive: Protocols/Trail.md §3.1.
    ///
    /// - Parameter path: at most 100 bytes behind its last slash, and at most 155 before it.
    public static func header(path: [UInt8], count: Int) -> [UInt8] {
        var block = template.block
        var sum = template.sum
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            var position = offset
            for byte in bytes {
                sum += Int(byte) - Int(block[position])
                block[position] = byte
                position += 1
            }
        }
        // A name of more than 100 bytes is cut at its last slash into prefix and name.
        if path.count > 100, let slash = path.lastIndex(of: 0x2F) {
            put(path[..<slash], at: 345)
            put(path[(slash + 1)...], at: 0)
        } else {
            put(path, at: 0)
        }
        put(octal(count, digits: 11), at: 124)
        // The checksum is made with its own field full of spaces, as it stands in the template.
        let text = octal(sum, digits: 6) + [0, 0x20]
        put(text, at: 148)
        return block
    }

    /// What all headers have in common: mode, owner, group, time, type, magic, device; and the sum of its bytes.
    private static let template: (block: [UInt8], sum: Int) = {
        var block = [UInt8](repeating: 0, count: blockBytes)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put("0000644".utf8, at: 100)
        put("0000000".utf8, at: 108)
        put("0000000".utf8, at: 116)
        put("00000000000".utf8, at: 136)
        put(repeatElement(0x20, count: 8), at: 148)
        block[156] = 0x30
        put("ustar\0".utf8, at: 257)
        put("00".utf8, at: 263)
        put("0000000".utf8, at: 329)
        put("0000000".utf8, at: 337)
        return (block, block.reduce(0) { $0 + Int($1) })
    }()

    private static func octal(_ number: Int, digits: Int) -> [UInt8] {
        var text = [UInt8](repeating: 0x30, count: digits)
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            text[index] = 0x30 + UInt8(rest & 7)
            rest >>= 3
        }
        return text
    }
}

/// Bounds on what a stranger's archive can make us hold. Protocols/Courier.md §7.
public struct LetterArchiveLimits: Hashable, Sendable {
    /// 96 KiB: a slip's JSON is at most 64 KiB; the rest is certificate and signature.
    public static let slipBytes = 98_304
    /// 160 KiB: an event, a proof, a note with many signatures.
    public static let receiptBytes = 163_840
    /// 1,088 KiB: a piece of 1 MiB, padding, envelope.
    public static let partBytes = 1_088 * 1_024
    /// 4 MiB: a directory's or profile's JSON.
    public static let fileBytes = 4_194_304
    /// 16,384 digests: an attachment of 16 GiB.
    public static let remainingBytes = 16_384 * 65

    /// Bytes of the whole archive, end included.
    public var bytes: Int
    /// Letters and contexts together; each costs a set entry.
    public var letters: Int

    public init(bytes: Int, letters: Int) {
        self.bytes = bytes
        self.letters = letters
    }
}
