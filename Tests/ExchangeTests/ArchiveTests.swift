// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing

@Suite struct ArchiveTests {
    /// Reads `bytes` in steps of `step`.
    static func read(
        _ bytes: [UInt8], step: Int = 4_096, limits: LetterArchiveLimits = .init(bytes: 8_388_608, letters: 64)
    ) throws
        -> [(LetterArchive.Entry, [UInt8])]
    {
        var reader = LetterArchiveReader(limits: limits)
        var files: [(LetterArchive.Entry, [UInt8])] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            try reader.feed(bytes[start..<min(start + step, bytes.count)]) { event in
                switch event {
                case .entry(let entry, _): files.append((entry, []))
                case .bytes(let more): files[files.count - 1].1 += more
                case .entryEnd: break
                }
            }
        }
        try reader.finish()
        return files
    }

    static let files: [(LetterArchive.Entry, [UInt8])] = {
        let one = Invented.digest(1), two = Invented.digest(2), three = Invented.digest(3)
        let parts = [Invented.digest(4), Invented.digest(5)].sorted()
        return [
            (.context(three), Invented.bytes(700)), (.void(three), Invented.bytes(512)),
            (.slip(one), Invented.bytes(1_500)),
            (.part(one, parts[0]), Invented.bytes(1)), (.part(one, parts[1]), Invented.bytes(70_000)),
            (.remaining(one), Array((Invented.digest(9).hex + "\n").utf8)), (.slip(two), Invented.bytes(511)),
            (.file(two), Invented.bytes(513)),
        ]
    }()

    static func archive(_ files: [(LetterArchive.Entry, [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (entry, content) in files { LetterArchive.append(entry, content, to: &bytes) }
        return bytes + LetterArchive.end
    }

    @Test(arguments: [1, 7, 511, 512, 513, 100_000])
    func `an archive reads back in pieces of any size`(step: Int) throws {
        let read = try Self.read(Self.archive(Self.files), step: step)
        #expect(read.map(\.0) == Self.files.map(\.0) && read.map(\.1) == Self.files.map(\.1))
    }

    @Test func `there are vectors`() throws { #expect(try Vector.all(in: "archive").count > 50) }

    @Test(arguments: try Vector.all(in: "archive"))
    func `the reader answers each vector with the code it expects`(vector: Vector) throws {
        do {
            _ = try Self.read(vector.bytes)
            #expect(vector.expect == "opens")
        } catch let error as LetterError { #expect(vector.expect == error.code.rawValue) }
    }

    @Test func `an archive cut anywhere is refused`() throws {
        let bytes = Self.archive(Array(Self.files.prefix(4)))
        for count in stride(from: 0, to: bytes.count, by: 37) {
            #expect(throws: LetterError(.archiveMalformed, "")) { try Self.read(Array(bytes.prefix(count))) }
        }
    }

    @Test func `a flipped bit of a header is refused`() throws {
        let bytes = Self.archive([Self.files[2]])
        for position in 0..<512 {
            var altered = bytes
            altered[position] ^= 1
            // A changed digit of the id is another letter's name, with a checksum that no longer fits.
            #expect(throws: LetterError(.archiveMalformed, "")) { try Self.read(altered) }
        }
    }

    @Test func `names that no letter has are refused, whatever their checksum says`() throws {
        for name in HostileNames.all + [
            "../slip.p7s", "/etc/passwd", "a/../b", "\(Invented.digest(1).hex)/../slip.p7s",
            "\(Invented.digest(1).hex)//slip.p7s",
            "./\(Invented.digest(1).hex)/slip.p7s", "\(Invented.digest(1).hex)/parts/",
            "\(Invented.digest(1).hex)/parts/x/y", "context/slip.p7s",
        ] {
            var bytes = Self.archive([Self.files[2]])
            let text = Array(name.utf8.prefix(99))
            for index in 0..<100 { bytes[index] = index < text.count ? text[index] : 0 }
            ArchiveTests.repairChecksum(&bytes, at: 0)
            #expect(throws: LetterError(.archiveMalformed, "")) { try Self.read(bytes) }
        }
    }

    static func repairChecksum(_ bytes: inout [UInt8], at start: Int) {
        for index in 148..<156 { bytes[start + index] = 0x20 }
        let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
        let text = String(sum, radix: 8)
        for (index, byte) in (String(repeating: "0", count: 6 - text.count) + text + "\0 ").utf8.enumerated() {
            bytes[start + 148 + index] = byte
        }
    }

    @Test func `bounds hold to the byte`() throws {
        let bytes = Self.archive(Self.files)
        #expect(try Self.read(bytes, limits: .init(bytes: bytes.count, letters: 3)).count == Self.files.count)
        #expect(throws: LetterError(.archiveMalformed, "")) {
            try Self.read(bytes, limits: .init(bytes: bytes.count - 1, letters: 3))
        }
        #expect(throws: LetterError(.archiveMalformed, "")) {
            try Self.read(bytes, limits: .init(bytes: bytes.count, letters: 2))
        }
        // A size over the entry's limit is refused by its header alone.
        var reader = LetterArchiveReader(limits: .init(bytes: 8_388_608, letters: 3))
        let header = LetterArchive.header(of: .slip(Invented.digest(1)), count: LetterArchiveLimits.slipBytes + 1)
        #expect(throws: LetterError(.archiveMalformed, "")) { try reader.feed(header) { _ in } }
        #expect(throws: LetterError(.archiveMalformed, "")) { try reader.feed([0]) { _ in } }
    }

    @Test func `the stock tar command lists and extracts ours, and what it makes is read`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tar-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let ours = folder.appending(path: "ours.tar")
        try Data(Self.archive(Self.files)).write(to: ours)
        #expect(try run("tar", "tf", ours.path) == Self.files.map { $0.0.path + "\n" }.joined())
        _ = try run("tar", "xf", ours.path, "-C", folder.path)
        for (entry, bytes) in Self.files {
            #expect(try [UInt8](Data(contentsOf: folder.appending(path: entry.path))) == bytes)
        }
        let theirs = folder.appending(path: "theirs.tar")
        _ = try run(
            "tar",
            [
                "--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--mode=0644", "-b1",
                "-cf", theirs.path, "-C", folder.path,
            ]
                + Self.files.map(\.0.path))
        #expect(try [UInt8](Data(contentsOf: theirs)) == Self.archive(Self.files))
    }

    private func run(_ command: String, _ arguments: String...) throws -> String { try run(command, arguments) }
    private func run(_ command: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [command] + arguments
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }
}
