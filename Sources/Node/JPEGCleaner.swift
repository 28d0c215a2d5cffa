// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Takes a JPEG file (ITU-T T.81) apart at its markers and keeps the tables, frame and scans.
///
/// Of the application segments, JFIF and Adobe are written anew, because viewers read colours from them; of Exif the orientation.
struct JPEGCleaner {
    private let file: [UInt8]
    private var place = 0
    private var out: [UInt8] = [0xFF, 0xD8]
    private var orientation: UInt8?
    private var hasExif = false
    private var size: (width: Int, height: Int)?
    private var scans = 0

    /// A progressive picture has about ten; thousands keep a viewer busy for minutes.
    private static let mostScans = 100

    init(_ file: [UInt8]) { self.file = file }

    mutating func run() throws(PictureError) -> (bytes: [UInt8], width: Int, height: Int) {
        place = 2
        while true {
            switch try marker() {
            case 0xC0, 0xC1, 0xC2: try frame()
            case 0xC4: try keep(0xC4, try segment(), Self.areHuffmanTables)
            case 0xDB: try keep(0xDB, try segment(), Self.areQuantizationTables)
            case 0xDD: try keep(0xDD, try segment()) { $0.count == 2 }
            case 0xDA: try scan()
            case 0xE0: jfif(try segment())
            case 0xE1: exif(try segment())
            case 0xEE: adobe(try segment())
            case 0xE2...0xED, 0xEF, 0xFE: _ = try segment()
            case 0xD9:
                guard let size, scans > 0 else { throw .damaged("JPEG: it ends before a picture came") }
                out += [0xFF, 0xD9]
                return (turned(), size.width, size.height)
            default: throw .damaged("JPEG: a marker that photos do not have")
            }
        }
    }

    // MARK: Reading

    /// The next marker; it may have any number of fill bytes before it.
    private mutating func marker() throws(PictureError) -> UInt8 {
        guard place < file.count, file[place] == 0xFF else { throw .damaged("JPEG: no marker where one must be") }
        while place < file.count, file[place] == 0xFF { place += 1 }
        guard place < file.count else { throw .damaged("JPEG: cut off") }
        defer { place += 1 }
        return file[place]
    }

    /// What a segment holds, after its length.
    private mutating func segment() throws(PictureError) -> ArraySlice<UInt8> {
        guard place + 2 <= file.count else { throw .damaged("JPEG: cut off") }
        let count = Int(file[place]) << 8 | Int(file[place + 1])
        guard count >= 2, place + count <= file.count else { throw .damaged("JPEG: a segment is cut off") }
        defer { place += count }
        return file[place + 2..<place + count]
    }

    // MARK: What stays

    private mutating func write(_ marker: UInt8, _ content: some Collection<UInt8>) {
        let count = content.count + 2
        out += [0xFF, marker, UInt8(count >> 8), UInt8(count & 0xFF)]
        out += content
    }

    private mutating func keep(
        _ marker: UInt8, _ content: ArraySlice<UInt8>, _ isWhole: (ArraySlice<UInt8>) -> Bool
    ) throws(PictureError) {
        guard isWhole(content) else { throw .damaged("JPEG: a table of another length than it says") }
        write(marker, content)
    }

    private mutating func frame() throws(PictureError) {
        let marker = file[place - 1]
        let content = try segment()
        let fields = Array(content)
        guard size == nil, fields.count >= 6, fields[0] == 8, [1, 3, 4].contains(fields[5]),
            fields.count == 6 + 3 * Int(fields[5])
        else { throw .damaged("JPEG: the frame") }
        size = (Int(fields[3]) << 8 | Int(fields[4]), Int(fields[1]) << 8 | Int(fields[2]))
        write(marker, content)
    }

    /// A scan's header and its coded data, which end at the next marker that is not a restart.
    private mutating func scan() throws(PictureError) {
        let header = try segment()
        guard size != nil, let components = header.first, (1...4).contains(components),
            header.count == 4 + 2 * Int(components)
        else { throw .damaged("JPEG: the head of a scan") }
        scans += 1
        guard scans <= Self.mostScans else { throw .tooLarge }
        write(0xDA, header)
        let start = place
        while true {
            guard let next = file[place...].firstIndex(of: 0xFF), next + 1 < file.count else {
                throw .damaged("JPEG: cut off in the picture")
            }
            place = next
            guard file[next + 1] == 0x00 || (0xD0...0xD7).contains(file[next + 1]) else { break }
            place += 2
        }
        out += file[start..<place]
    }

    private static func areQuantizationTables(_ content: ArraySlice<UInt8>) -> Bool {
        var rest = content
        while let head = rest.popFirst() {
            let count = head >> 4 == 0 ? 64 : 128
            guard head >> 4 <= 1, head & 0x0F <= 3, rest.count >= count else { return false }
            rest = rest.dropFirst(count)
        }
        return !content.isEmpty
    }

    private static func areHuffmanTables(_ content: ArraySlice<UInt8>) -> Bool {
        var rest = content
        while let head = rest.popFirst() {
            let count = rest.prefix(16).reduce(0) { $0 + Int($1) }
            guard head >> 4 <= 1, head & 0x0F <= 3, count <= 256, rest.count >= 16 + count else { return false }
            rest = rest.dropFirst(16 + count)
        }
        return !content.isEmpty
    }

    // MARK: What is written anew

    /// Version and density; no thumbnail. It says that the colours are YCbCr.
    private mutating func jfif(_ content: ArraySlice<UInt8>) {
        guard out.count == 2, content.count >= 14, content.starts(with: Array("JFIF\0".utf8)) else { return }
        write(0xE0, content.prefix(12) + [0, 0])
    }

    /// How the colours were transformed: its last byte.
    private mutating func adobe(_ content: ArraySlice<UInt8>) {
        guard size == nil, content.count == 12, content.starts(with: Array("Adobe".utf8)), let transform = content.last
        else { return }
        write(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, transform])
    }

    private mutating func exif(_ content: ArraySlice<UInt8>) {
        guard !hasExif, content.starts(with: Array("Exif\0\0".utf8)) else { return }
        hasExif = true
        orientation = PictureOrientation.read(content.dropFirst(6))
    }

    /// Exif goes before the tables and after JFIF, which insists on being first.
    private func turned() -> [UInt8] {
        guard let orientation else { return out }
        let isJFIF = out.count > 4 && out[3] == 0xE0
        let after = 2 + (isJFIF ? 18 : 0)
        let data = Array("Exif\0\0".utf8) + PictureOrientation.write(orientation)
        return Array(out[..<after]) + [0xFF, 0xE1, 0, UInt8(data.count + 2)] + data + out[after...]
    }
}
