// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Letters as a POSIX ustar archive: on the wire, in a backup, inside a courier's sealed pieces. `tar tf` reads it.
///
/// ```
/// archive = *( context / letter ) end          ; end = 1,024 zero bytes, and nothing after them
/// context = "context/" id "/slip.p7s" [ "context/" id "/void.p7s" ]
/// letter  = id "/slip.p7s" *( id "/parts/" digest ) [ id "/file" ] [ id "/remaining" ]   ; digests ascend
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
            case .file: LetterArchiveLimits.fileBytes
            case .remaining: LetterArchiveLimits.remainingBytes
            }
        }

        /// - Parameter path: exactly a name of the grammar; anything else gives `nil`.
        init?(path: [UInt8]) {
            let fields = path.split(separator: 0x2F, omittingEmptySubsequences: false).map { Array($0) }
            func digest(_ field: [UInt8]) -> Digest? { Digest(hex: String(decoding: field, as: UTF8.self)) }
            switch fields.count {
            case 2:
                guard let id = digest(fields[0]) else { return nil }
                switch fields[1] {
                case Array("slip.p7s".utf8): self = .slip(id)
                case Array("file".utf8): self = .file(id)
                case Array("remaining".utf8): self = .remaining(id)
                default: return nil
                }
            case 3 where fields[1] == Array("parts".utf8):
                guard let id = digest(fields[0]), let part = digest(fields[2]) else { return nil }
                self = .part(id, part)
            case 3 where fields[0] == Array("context".utf8):
                guard let id = digest(fields[1]) else { return nil }
                switch fields[2] {
                case Array("slip.p7s".utf8): self = .context(id)
                case Array("void.p7s".utf8): self = .void(id)
                default: return nil
                }
            default: return nil
            }
        }
    }

    static let blockBytes = 512
    /// What ends an archive.
    public static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

    /// Bytes that a file of `count` bytes takes in an archive, header and padding included.
    public static func size(ofFile count: Int) -> Int { blockBytes + count + padding(count) }

    static func padding(_ count: Int) -> Int { (blockBytes - count % blockBytes) % blockBytes }

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
        var block = [UInt8](repeating: 0, count: blockBytes)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int, digits: Int) -> [UInt8] {
            let text = Array(String(number, radix: 8).utf8)
            return [UInt8](repeating: 0x30, count: max(0, digits - text.count)) + text
        }
        let path = Array(entry.path.utf8)
        // A name of more than 100 bytes is cut at its last slash into prefix and name.
        if path.count > 100, let slash = path.lastIndex(of: 0x2F) {
            put(path[..<slash], at: 345)
            put(path[(slash + 1)...], at: 0)
        } else {
            put(path, at: 0)
        }
        put(octal(0o644, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(count, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        block[156] = 0x30
        put("ustar\0".utf8, at: 257)
        put("00".utf8, at: 263)
        put(octal(0, digits: 7), at: 329)
        put(octal(0, digits: 7), at: 337)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + [0, 0x20], at: 148)
        return block
    }
}

/// Bounds on what a stranger's archive can make us hold. Protocols/Courier.md §7.
public struct LetterArchiveLimits: Hashable, Sendable {
    /// 96 KiB: a slip's JSON is at most 64 KiB; the rest is certificate and signature.
    public static let slipBytes = 98_304
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
