// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing

@Suite struct DocumentTests {
    /// A profile is signed; what it names by digest is what people fill in and read.
    @Test func `every file beside a profile is the one that the profile names, and none is left out`() throws {
        let profiles = Vector.protocols.appending(path: "Profiles")
        let folders = try FileManager.default.contentsOfDirectory(atPath: profiles.path).filter { !$0.hasPrefix(".") }
        #expect(folders.contains("in-bd-repatriation"))
        for folder in folders {
            func bytes(_ name: String) throws -> [UInt8] {
                [UInt8](try Data(contentsOf: profiles.appending(path: "\(folder)/\(name).json")))
            }
            var found: [String: Digest] = [
                "forms": .sha256(try ProfileDocument.canonicalBytes(ofSource: bytes("forms"), document: "forms"))
            ]
            for file in try FileManager.default.contentsOfDirectory(atPath: profiles.appending(path: folder).path)
            where file.hasPrefix("labels-") && file.hasSuffix(".json") {
                let name = String(file.dropLast(5))
                found[name] = .sha256(try ProfileDocument.canonicalBytes(ofSource: bytes(name), document: name))
            }
            #expect(try ProfileDocument.definition(bytes("profile")).documents == found, "\(folder)")
        }
    }
}
