// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Node

/// Pictures made by netpbm and furnished with secrets by exiftool; what is left is looked at by the same two.
@Suite struct PictureTests {
    static let secret = "SYNTHETIC-PLACE-23.1667N"

    /// A folder with commands in it.
    struct Darkroom: ~Copyable {
        let folder: URL

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "kheya-picture-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // 61 × 43 pixels of three colours, none like its neighbour.
            let pixels = (0..<61 * 43 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }
            try write(Array("P6\n61 43\n255\n".utf8) + pixels, "plain.ppm")
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: folder.appending(path: name)) }
        func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

        @discardableResult
        func shell(_ line: String) throws -> String {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", line]
            process.currentDirectoryURL = folder
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(line)")
            return String(decoding: output, as: UTF8.self)
        }

        /// Place, device, comment, XMP, IPTC, a thumbnail, and a file behind the end.
        func hide(_ secret: String, in name: String, orientation: Int) throws {
            try shell("pnmscale 0.3 plain.ppm 2>/dev/null | pnmtojpeg >thumb.jpg 2>/dev/null")
            let thumbnail =
                name.hasSuffix("jpg") ? "'-ThumbnailImage<=thumb.jpg' -IPTC:Caption-Abstract='\(secret)'" : ""
            try shell(
                """
                exiftool -q -overwrite_original -GPSLatitude=23.1667 -GPSLatitudeRef=N -Make='\(secret)' \
                -XMP:Location='\(secret)' -Comment='\(secret)' \(thumbnail) -n -Orientation=\(orientation) \(name)
                """)
            try write(read(name) + Array("\(secret) hidden video".utf8), name)
        }
    }

    @Test(
        arguments: [
            ("pnmtojpeg plain.ppm >p.jpg", "p.jpg"), ("pnmtojpeg -progressive plain.ppm >p.jpg", "p.jpg"),
            ("pnmtojpeg -restart 2 plain.ppm >p.jpg", "p.jpg"), ("ppmtopgm plain.ppm | pnmtojpeg >p.jpg", "p.jpg"),
            ("pnmtopng plain.ppm >p.png", "p.png"), ("pnmtopng -interlace plain.ppm >p.png", "p.png"),
            ("ppmtopgm plain.ppm | pnmtopng >p.png", "p.png"),
            ("pnmquant 16 plain.ppm | pnmtopng -transparent =rgb:0/0/0 >p.png", "p.png"),
        ], [1, 6])
    func `a picture keeps its pixels and how it is turned, and loses everything else`(
        made: (String, String), orientation: Int
    ) throws {
        let room = try Darkroom()
        let name = made.1
        try room.shell("(\(made.0)) 2>/dev/null")
        let decode = name.hasSuffix("jpg") ? "jpegtopnm" : "pngtopnm"
        try room.hide(Self.secret, in: name, orientation: orientation)
        let before = try room.shell("\(decode) \(name) 2>/dev/null | sha256sum")
        let dirty = try room.read(name)
        #expect(dirty.firstRange(of: Array(Self.secret.utf8)) != nil)

        let picture = try #require(try Picture(cleaning: dirty))
        #expect((picture.width, picture.height) == (61, 43))
        #expect(picture.bytes.firstRange(of: Array("SYNTHETIC".utf8)) == nil)
        #expect(try Picture(cleaning: picture.bytes) == picture)
        try room.write(picture.bytes, name)
        #expect(try room.shell("\(decode) \(name) 2>/dev/null | sha256sum") == before)
        let left = try room.shell("exiftool -G1 -s \(name)")
        for word in ["GPS", "XMP", "IPTC", "Make", "Comment", "Thumbnail", "Warning"] {
            #expect(!left.contains(word), "\(left)")
        }
        let turned = try room.shell("exiftool -n -s3 -Orientation \(name)").trimmingCharacters(
            in: .whitespacesAndNewlines)
        #expect(turned == (orientation == 1 ? "" : "6"))
    }

    @Test func `a PDF and plain text go as they are`() throws {
        for file in ["%PDF-1.4", "Seen by the doctor.\r\n\tFit to travel.\u{C}", "সুস্থ", "स्वस्थ"] {
            #expect(try Picture(cleaning: Array(file.utf8)) == nil)
        }
    }

    @Test func `what is not listed is refused with its cure, whatever a camera calls its format`() throws {
        func box(_ brand: String) -> [UInt8] { [0, 0, 0, 24] + Array("ftyp\(brand)".utf8) }
        let heads: [(String, [UInt8])] = [
            ("GIF", Array("GIF89a".utf8)), ("TIFF", [0x49, 0x49, 0x2A, 0]), ("TIFF", [0x4D, 0x4D, 0, 0x2A]),
            ("TIFF", [0x49, 0x49, 0x2B, 0]), ("WebP", Array("RIFF\0\0\0\0WEBPVP8 ".utf8)), ("HEIC", box("heic")),
            ("HEIC", box("hevm")), ("AVIF", box("avif")), ("CR3", box("crx ")),
        ]
        for (format, head) in heads {
            #expect(throws: PictureError.cannotClean(format)) { try Picture(cleaning: head) }
        }
        let others: [[UInt8]] = [
            [], box("isom"), box("qt  "), box("M4A "), [0xFF, 0x0A, 0, 0], [0, 0, 0, 12] + Array("JXL ".utf8),
            [0, 0, 0, 12] + Array("jP  ".utf8), [0xFF, 0x4F, 0xFF, 0x51], Array("FUJIFILMCCD-RAW ".utf8) + [0, 1],
            [0x49, 0x49, 0x55, 0], Array("IIRO".utf8) + [8, 0], [0x1A, 0x45, 0xDF, 0xA3], Array("OggS".utf8) + [0],
            Array("ID3".utf8) + [4, 0], [0x50, 0x4B, 3, 4], Array(" <svg xmlns=''>".utf8),
            Array("<!DOCTYPE html>".utf8),
            Array("{\\rtf1 }".utf8), Array("%!PS-Adobe-3.0".utf8), Array("cut ".utf8) + [0xE0, 0xA6],
            Array(repeating: 0x61, count: 1_048_577),
        ]
        for file in others {
            #expect(throws: PictureError.notTaken, "\(file.prefix(16))") { try Picture(cleaning: file) }
        }
        #expect(PictureError.notTaken.reason.contains("save a picture as JPEG or PNG"))
    }

    @Test func `a file that is not taken leaves the case as it was, and whoever attached it reads the cure`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "03")
        let caseID = try #require(example.caseID)
        let desk = try nodes.desk(PracticeNodes.shelter)
        let (act, before) = (try example.act("04"), try desk.outbox().count)
        let video: [UInt8] = [0, 0, 0, 24] + Array("ftypisom".utf8)
        try Data(video).write(to: example.papers.appendingPathComponent("court-order.pdf"))
        do {
            _ = try desk.perform(act, in: caseID, at: nodes.now(PracticeNodes.shelter))
            Issue.record("a video was attached")
        } catch let error as DeskError {
            #expect(error.code == .fileNotTaken)
            for (language, cure) in [("en", "JPEG"), ("bn", "জেপেগ"), ("hi", "जेपेग")] {
                #expect(try desk.words(for: caseID, in: language).sentence(for: error).contains(cure))
            }
        }
        #expect(try desk.outbox().count == before)
    }

    @Test(arguments: [("pnmtojpeg -progressive plain.ppm", "jpg"), ("pnmtopng plain.ppm", "png")])
    func `a picture cut or altered anywhere is refused or shows nothing that was hidden, and never ends the process`(
        made: (String, String)
    ) throws {
        let room = try Darkroom()
        try room.shell("\(made.0) 2>/dev/null >p.\(made.1)")
        try room.hide(Self.secret, in: "p.\(made.1)", orientation: 6)
        let whole = try room.read("p.\(made.1)")
        let end = whole.count - Self.secret.utf8.count - " hidden video".utf8.count
        for count in stride(from: 16, to: end - 1, by: 37) {
            #expect(throws: PictureError.self) { try Picture(cleaning: Array(whole.prefix(count))) }
        }
        for index in stride(from: 0, to: whole.count, by: 5) {
            var altered = whole
            altered[index] ^= 1 << UInt8(index % 8)
            let clean = (try? Picture(cleaning: altered)) ?? nil
            #expect(clean?.bytes.firstRange(of: Array(Self.secret.utf8)) == nil)
        }
    }

    @Test func `a picture of more pixels than anybody photographs, or without any, is refused`() throws {
        let room = try Darkroom()
        try room.shell("pnmtojpeg plain.ppm 2>/dev/null >p.jpg")
        var bytes = try room.read("p.jpg")
        let frame = try #require(bytes.firstRange(of: [0xFF, 0xC0, 0x00, 0x11, 0x08])).upperBound
        bytes.replaceSubrange(frame..<frame + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: PictureError.tooLarge) { try Picture(cleaning: bytes) }
        bytes.replaceSubrange(frame..<frame + 4, with: [0, 0, 0, 61])
        #expect(throws: PictureError.self) { try Picture(cleaning: bytes) }
    }
}
