// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct SealingVectorTests {
    static let keys = Result { try VectorKeys() }

    @Test(arguments: ["gate-slip", "gate-part", "seal"])
    func `there are vectors, valid ones among them`(folder: String) throws {
        let vectors = try Vector.all(in: folder)
        #expect(vectors.count > 30)
        #expect(vectors.contains { $0.expect == "opens" } && vectors.contains { $0.expect != "opens" })
    }

    @Test(arguments: try Vector.all(in: "gate-slip"))
    func `a slip is answered with the code its vector expects`(vector: Vector) throws {
        #expect(try Self.keys.get().read(slip: vector.bytes) == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "gate-part"))
    func `a part is answered with the code its vector expects`(vector: Vector) throws {
        #expect(try Self.keys.get().open(part: vector) == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "seal"))
    func `what lies inside a seal is answered with the code its vector expects`(vector: Vector) throws {
        #expect(try Self.keys.get().open(part: vector) == vector.expect)
    }

    @Test func `every code of the gate and the seal has a vector`() throws {
        let codes = Set(try ["gate-slip", "gate-part", "seal"].flatMap { try Vector.all(in: $0).map(\.expect) })
        #expect(
            codes.isSuperset(of: [
                "opens", "gate.malformed", "gate.profile", "signature.invalid", "signer.not-permitted",
                "part.cannot-open",
            ]))
    }

    @Test func `each attack of the threat page is refused by name`() throws {
        let names = try (Vector.all(in: "gate-slip") + Vector.all(in: "gate-part")).map(\.name)
        for attack in 1...19 where attack != 5 {  // A5 is A4 with 3, 2 and 1 bytes
            #expect(names.contains { $0.hasPrefix("a\(attack)-") || $0.hasPrefix("valid-a\(attack)-") }, "A\(attack)")
        }
        for bytes in [15, 12, 4, 3, 2, 1] { #expect(names.contains("a4-tag-\(bytes)-told")) }
    }

    /// The negative control: the vectors that are the reason for the gate really open with the stock command.
    @Test func `what a vector says of the stock openssl command is so`() throws {
        let stock = try StockCommand()
        for name in ["root", "reader"] { try stock.write(try VectorKeys.certificate(name).pem, name + ".pem") }
        let key = Vector.protocols.appending(path: "Vectors/keys/reader-test-vector.key").path
        var accepted: Set<String> = []
        for (folder, command) in [
            ("gate-slip", "cms -verify -binary -inform DER -in f -CAfile root.pem -attime 1770000000 -out o"),
            ("gate-part", "cms -decrypt -binary -inform DER -in f -recip reader.pem -inkey \(key) -out o"),
        ] {
            for vector in try Vector.all(in: folder)
            where vector.expect == "opens" || vector.header["comment"]?.contains("opens with stock") == true {
                try stock.write(vector.bytes, "f")
                let answer = try stock.run(command)
                #expect(answer.status == 0, "\(folder)/\(vector.name): \(answer.output)")
                if answer.status == 0 { accepted.insert(vector.name) }
            }
        }
        #expect(
            accepted.isSuperset(of: [
                "a1-attributes-as-content", "a2-content-type", "a3-no-attributes", "a8-trailing-byte", "a4-tag-4-told",
            ]))
    }

    @Test func `the mirrored signature is the same letter`() throws {
        let keys = try Self.keys.get()
        let vectors = Dictionary(uniqueKeysWithValues: try Vector.all(in: "gate-slip").map { ($0.name, $0.bytes) })
        let one = try SignedSlip.read(try #require(vectors["valid"])) { keys.directory[$0] }
        let other = try SignedSlip.read(try #require(vectors["valid-a11-mirrored-signature"])) { keys.directory[$0] }
        #expect(one.id == other.id && one == other && one.file != other.file)
    }

    @Test func `the generator makes the same vectors again`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kheya-vectors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", Vector.protocols.appending(path: "Vectors/make-gate-vectors.py").path, folder.path,
        ]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus != 127 else { return }  // a machine without Python has the files all the same
        #expect(process.terminationStatus == 0)
        for name in ["gate-slip", "gate-part", "seal", "keys"] {
            let made = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: name).path).sorted()
            let kept = try FileManager.default.contentsOfDirectory(
                atPath: Vector.protocols.appending(path: "Vectors/\(name)").path
            ).sorted()
            #expect(made == kept)
            for file in made {
                let bytes = try Data(contentsOf: folder.appending(path: "\(name)/\(file)"))
                #expect(
                    try bytes == Data(contentsOf: Vector.protocols.appending(path: "Vectors/\(name)/\(file)")),
                    "\(name)/\(file)")
            }
        }
    }
}
