// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

/// Protocols/Vectors/directory: length of the slip file (4 bytes, big-endian) ‖ slip file ‖ document.
@Suite struct DirectoryVectorTests {
    static let folder = "directory"

    @Test func `there are vectors`() throws { #expect(try Vector.all(in: Self.folder).count >= 40) }

    @Test(arguments: try Vector.all(in: folder))
    func `a directory letter is answered with the code its vector expects`(vector: Vector) throws {
        let anchors = try TrustAnchors(try Self.roots(vector))
        var directories = Directories(anchors: anchors)
        let now = Instant(seconds: try #require(vector.header["now"].flatMap { Int64($0) }))
        if let held = vector.header["held"] {
            let before = try #require(try Vector.all(in: Self.folder).first { $0.name == held })
            _ = try directories.accept(try Self.document(before), now: now)
        }
        let held = directories.documents
        let result = outcome {
            _ = try directories.accept(try Self.document(vector), now: now)
            try directories.requireCurrent(try #require(anchors.roots.keys.min { $0 > $1 }), now: now)
        }
        #expect(result == vector.expect, "\(vector.header["comment"] ?? "")")
        // What is refused changes nothing; only an expired one is kept all the same.
        if vector.expect != "opens", vector.expect != "directory.expired" { #expect(directories.documents == held) }
        if vector.expect == "opens" {
            let document = try Self.document(vector)
            #expect(try MemberDirectory.read(document.file).json() == document.file)
        }
    }

    static func document(_ vector: Vector) throws -> SignedDocument {
        try #require(vector.bytes.count > 4)
        let count = vector.bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
        try #require(vector.bytes.count >= 4 + count)
        return SignedDocument(slip: Array(vector.bytes[4..<4 + count]), file: Array(vector.bytes[(4 + count)...]))
    }

    static func roots(_ vector: Vector) throws -> [Certificate] {
        try (vector.header["roots"] ?? "").split(separator: " ").map { text in
            try Certificate(der: Array(try #require(Data(base64Encoded: String(text)))))
        }
    }
}
