// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Takes a PNG file (ISO/IEC 15948) apart at its chunks and keeps header, palette, transparency and picture.
struct PNGCleaner {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private let file: [UInt8]
    private var place = 8
    private var out = PNGCleaner.signature
    private var orientation: UInt8?
    private var hasPicture = false

    init(_ file: [UInt8]) { self.file = file }

    mutating func run() throws(PictureError) -> (bytes: [UInt8], width: Int, height: Int) {
        let (first, header) = try chunk()
        guard first == "IHDR", header.count == 13 else { throw .damaged("PNG: no header") }
        let size = (number(header.prefix(4)), number(header.dropFirst(4).prefix(4)))
        write("IHDR", header)
        // Where the orientation goes; it may be said only behind the picture.
        let front = out.count
        while true {
            let (type, content) = try chunk()
            switch type {
            case "PLTE", "tRNS": write(type, content)
            case "IDAT":
                hasPicture = true
                write(type, content)
            case "eXIf": orientation = orientation ?? PictureOrientation.read(content)
            case "IEND":
                guard hasPicture, content.isEmpty else { throw .damaged("PNG: it ends before a picture came") }
                write(type, [])
                if let orientation {
                    let tail = out[front...]
                    out = Array(out[..<front])
                    write("eXIf", PictureOrientation.write(orientation))
                    out += tail
                }
                return (out, size.0, size.1)
            default:
                // A capital first letter: a viewer that does not know the chunk cannot show the picture.
                guard type.utf8.first.map({ $0 & 0x20 != 0 }) == true else { throw .damaged("PNG: an unknown chunk") }
            }
        }
    }

    private func number(_ bytes: some Collection<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private mutating func chunk() throws(PictureError) -> (type: String, content: ArraySlice<UInt8>) {
        guard place + 12 <= file.count else { throw .damaged("PNG: cut off") }
        let count = number(file[place..<place + 4])
        guard count <= file.count - place - 12 else { throw .damaged("PNG: a chunk is cut off") }
        let body = file[place + 4..<place + 8 + count]
        let sum = number(file[body.endIndex..<body.endIndex + 4])
        guard sum == Int(CRC32.of(body)) else { throw .damaged("PNG: a chunk's check sum") }
        place = body.endIndex + 4
        return (String(decoding: body.prefix(4), as: UTF8.self), body.dropFirst(4))
    }

    private mutating func write(_ type: String, _ content: some Collection<UInt8>) {
        let body = Array(type.utf8) + content
        out += bytes(of: UInt32(content.count))
        out += body
        out += bytes(of: CRC32.of(body))
    }

    private func bytes(of number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
}

/// The check sum of PNG's chunks: ISO/IEC 15948 annex D.
private enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }

    static func of(_ bytes: some Collection<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { sum, byte in table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8 }
    }
}
