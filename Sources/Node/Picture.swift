// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A photo or scan as it may leave the house: what is needed to show it, and nothing else. Protocols/Forms.md section 5.1.
///
/// A telephone writes into a photo where and when it was taken, with which device, a small copy of what was cropped away later, sometimes a
/// video behind its end. All of that goes; how the picture is turned stays. Nothing is decoded: what a viewer sees does not change.
public struct Picture: Sendable, Equatable {
    /// What the first bytes say; a file's name is not asked.
    public enum Format: String, Sendable { case jpeg, png }

    public let format: Format
    public let width: Int
    public let height: Int
    /// The whole clean file. Cleaning it again gives the same bytes.
    public let bytes: [UInt8]

    /// The largest file that is cleaned; it is held in memory. A telephone's photo has a tenth of it.
    public static let limit = 67_108_864
    /// The longest plain text: it is looked at as a whole.
    static let textLimit = 1_048_576
    /// More is no photo of a telephone, but an attack on whoever opens it.
    static let pixels = 200_000_000

    /// - Returns: nil for a PDF and for plain text, which go as they are.
    /// - Throws: ``PictureError``: damaged, too large, or nothing that may be attached.
    public init?(cleaning file: [UInt8]) throws(PictureError) {
        let format: Format
        switch try Self.type(of: file) {
        case .picture(let known): format = known
        case .pdf: return nil
        case .text:
            guard Self.isPlainText(file) else { throw .notTaken }
            return nil
        }
        guard file.count <= Self.limit else { throw .tooLarge }
        let clean: (bytes: [UInt8], width: Int, height: Int)
        switch format {
        case .jpeg:
            var cleaner = JPEGCleaner(file)
            clean = try cleaner.run()
        case .png:
            var cleaner = PNGCleaner(file)
            clean = try cleaner.run()
        }
        guard clean.width > 0, clean.height > 0 else { throw .damaged("a picture without an area") }
        guard clean.width <= Self.pixels / clean.height else { throw .tooLarge }
        self.format = format
        (bytes, width, height) = clean
    }

    /// What may be attached, as far as the first bytes tell.
    enum FileType: Equatable {
        case picture(Format)
        case pdf
        /// Perhaps: the whole file says.
        case text
    }

    /// Told by the first bytes, of which 16 are enough. What is not listed is refused: each new format of cameras knows the place too.
    ///
    /// - Throws: ``PictureError`` `.cannotClean`, `.notTaken`.
    static func type(of head: [UInt8]) throws(PictureError) -> FileType {
        func begins(_ text: [UInt8], at place: Int = 0) -> Bool { head.dropFirst(place).starts(with: text) }
        if begins([0xFF, 0xD8, 0xFF]) { return .picture(.jpeg) }
        if begins(PNGCleaner.signature) { return .picture(.png) }
        if begins(Array("%PDF-".utf8)) { return .pdf }
        if begins(Array("GIF8".utf8)) { throw .cannotClean("GIF") }
        let tiffs: [[UInt8]] = [
            [0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A], [0x49, 0x49, 0x2B, 0], [0x4D, 0x4D, 0, 0x2B],
        ]
        for tiff in tiffs where begins(tiff) { throw .cannotClean("TIFF") }
        if begins(Array("RIFF".utf8)), begins(Array("WEBP".utf8), at: 8) { throw .cannotClean("WebP") }
        if begins(Array("ftyp".utf8), at: 4) {
            for (brand, name) in [("av", "AVIF"), ("he", "HEIC"), ("mif", "HEIC"), ("msf", "HEIC"), ("crx", "CR3")]
            where begins(Array(brand.utf8), at: 8) {
                throw .cannotClean(name)
            }
        }
        return .text
    }

    /// UTF-8 without any control character but tabulator, line feed, carriage return and form feed, and no page, drawing or document that
    /// only looks like text to a machine.
    static func isPlainText(_ file: [UInt8]) -> Bool {
        guard file.count <= textLimit, let first = file.first(where: { $0 > 0x20 }), first != 0x3C,
            !file.starts(with: Array("{\\rtf".utf8)), !file.starts(with: Array("%!".utf8)),
            let text = String(validating: file, as: UTF8.self)
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.properties.generalCategory != .control || [0x09, 0x0A, 0x0C, 0x0D].contains($0.value)
        }
    }
}

/// Why a picture is not taken. The file that was handed in is untouched.
public enum PictureError: Error, Sendable, Equatable {
    /// More than ``Picture/limit`` bytes or than 200 million pixels.
    case tooLarge
    /// Not what its first bytes promise, and where.
    case damaged(String)
    /// A format whose hidden data cannot be taken out: save it as JPEG or PNG.
    case cannotClean(String)
    /// Nothing that may be attached.
    case notTaken

    /// For the person who attaches it.
    public var reason: String {
        switch self {
        case .tooLarge: "the picture has more than 64 MiB or 200 million pixels: take a smaller one"
        case .damaged(let place): "the picture is damaged: \(place)"
        case .cannotClean(let format):
            "\(format) pictures can hold the place where they were taken: save it as JPEG or PNG"
        case .notTaken:
            "only JPEG, PNG, PDF and plain text (1 MiB) can be attached: save a picture as JPEG or PNG, a document as PDF"
        }
    }
}

/// How a picture is turned: the one thing of its Exif data that a viewer needs. Exif 2.3 section 4.6.4, tag 274.
enum PictureOrientation {
    /// - Parameter tiff: Exif data, from the byte order mark on.
    /// - Returns: 2 … 8; nil where it is upright, not said, or the data are damaged.
    static func read(_ tiff: ArraySlice<UInt8>) -> UInt8? {
        let bytes = Array(tiff.prefix(65_536))
        let isLittle = bytes.starts(with: [0x49, 0x49, 0x2A, 0x00])
        guard isLittle || bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) else { return nil }
        func number(_ place: Int, _ count: Int) -> Int? {
            guard place >= 0, place + count <= bytes.count else { return nil }
            let digits = bytes[place..<place + count]
            return (isLittle ? digits.reversed() : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let first = number(4, 4), let count = number(first, 2) else { return nil }
        for entry in 0..<count {
            let place = first + 2 + 12 * entry
            guard let tag = number(place, 2) else { return nil }
            guard tag == 0x0112 else { continue }
            guard number(place + 2, 2) == 3, number(place + 4, 4) == 1, let value = number(place + 8, 2),
                (2...8).contains(value)
            else { return nil }
            return UInt8(value)
        }
        return nil
    }

    /// Exif data that say this and no more.
    static func write(_ orientation: UInt8) -> [UInt8] {
        [
            0x4D, 0x4D, 0x00, 0x2A, 0x00, 0x00, 0x00, 0x08, 0x00, 0x01, 0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01,
            0x00, orientation, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        ]
    }
}
