// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Exchange
import Foundation
import Letters
import MessageStore
import Procedure
import Sealing
import Testing

/// A stick, the member who opens it, and what goes onto it.
struct PracticeStick {
    let path: String
    let hop: Courier.Hop
    let identities: [SealingIdentity]

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "stick-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let root = try PracticeLine.authority("in:authority")
        func identity() throws -> SealingIdentity {
            let key = try PrivateKey.generate()
            let certificate = try root.issue(
                .seal, subject: DistinguishedName(commonName: "in:broker", organisation: nil, country: nil),
                publicKey: key.publicKey,
                notBefore: PracticeLine.now - 60, notAfter: PracticeLine.now + 86_400)
            return try SealingIdentity(certificate: certificate, key: key)
        }
        identities = [try identity(), try identity()]
        hop = Courier.Hop(member: try #require(MemberID("in:broker")), certificate: identities[1].certificate)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    func export(_ items: [Courier.Item], carried: ([LetterID]) async throws -> Void = { _ in }) async throws
        -> Courier.ExportReport
    {
        var rest = items[...]
        return try await Courier.export(to: path, hop: hop, next: { rest.popFirst() }, carried: carried)
    }

    /// What comes back, put together by letter.
    func take(from other: String? = nil, as member: MemberID? = nil) async throws -> (
        items: [Courier.Item], report: Courier.ImportReport
    ) {
        var items: [Courier.Item] = []
        let report = try await Courier.import(
            from: other ?? path, hop: member ?? hop.member, identities: identities, take: { items.append($0) })
        return (items, report)
    }

    var shipments: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func files(of shipment: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(shipment)").sorted()
    }
}

@Suite(.serialized) struct CourierTests {
    private func with<Value>(_ body: (PracticeStick) async throws -> Value) async throws -> Value {
        let stick = try PracticeStick()
        defer { stick.remove() }
        return try await body(stick)
    }

    private static func joined(_ items: [Courier.Item]) -> [LetterID: LetterBundle] {
        var letters: [LetterID: LetterBundle] = [:]
        for case .letter(let bundle) in items {
            letters[bundle.id, default: LetterBundle(id: bundle.id, slip: bundle.slip)].parts.merge(bundle.parts) {
                one, _ in one
            }
        }
        return letters
    }

    private static let items: [Courier.Item] = [
        .context(
            ContextLetter(
                id: Invented.digest(50), slip: Invented.bytes(900, seed: 50), void: Invented.bytes(700, seed: 51))),
        .letter(Invented.letter(1)), .letter(Invented.letter(2, parts: [])),
        .letter(Invented.letter(3, parts: [1_048_000, 1_000_000, 900_000])), .letter(Invented.letter(4)),
    ]

    @Test func `what is exported comes back as it was, and the stick shows no letter`() async throws {
        try await with { stick in
            var carried: [LetterID] = []
            let report = try await stick.export(Self.items) { carried += $0 }
            #expect(report.letters == 4 && report.shipments.count == 1)
            #expect(carried == (1...4).map { Invented.digest($0) })
            let (items, result) = try await stick.take()
            #expect(items == Self.items)
            #expect(result.shipments == [report.shipments[0]: .taken(letters: 4)])
            // Names are the shipment's and numbers; no id or digest of a letter occurs in a name or a file.
            let names = try stick.files(of: report.shipments[0])
            #expect(names == ["000000.p7m", "000001.p7m", "000002.p7m", "manifest.p7m"])
            for name in names {
                let file = try Data(contentsOf: URL(filePath: "\(stick.path)/\(report.shipments[0])/\(name)"))
                for seed in [UInt64(1), 2, 3, 4, 50] {
                    #expect(file.range(of: Data(Invented.digest(seed).hex.utf8)) == nil)
                    #expect(file.range(of: Data(Invented.digest(seed).bytes)) == nil)
                }
            }
        }
    }

    @Test func `a document travels with its signed letter`() async throws {
        try await with { stick in
            let key = try PrivateKey.generate()
            let root = try CertificateIssuer.selfSigned(
                subject: DistinguishedName(commonName: "in:authority", organisation: nil, country: nil), key: key,
                notBefore: PracticeLine.now - 60, notAfter: PracticeLine.now + 86_400)
            let document = Courier.Item.document(try Invented.document(root, key: key, version: 4))
            _ = try await stick.export([document])
            #expect(try await stick.take().items == [document])
        }
    }

    @Test func `import after import, and shipments in either order, give the same letters`() async throws {
        try await with { stick in
            _ = try await stick.export([.letter(Invented.letter(1))])
            _ = try await stick.export([.letter(Invented.letter(2)), .letter(Invented.letter(1))])
            let first = Self.joined(try await stick.take().items)
            let second = Self.joined(try await stick.take().items)
            #expect(first == second)
            #expect(first == [Invented.digest(1): Invented.letter(1), Invented.digest(2): Invented.letter(2)])
            // A shipment known to be taken is not opened again.
            let known = try #require(try stick.shipments.first)
            let report = try await Courier.import(
                from: stick.path, hop: stick.hop.member, identities: stick.identities, isTaken: { $0 == known },
                take: { _ in })
            #expect(report.shipments[known] == .known)
        }
    }

    @Test func `more than a shipment's worth goes into several, and a letter may span them`() async throws {
        try await with { stick in
            // One letter of 70 MB, given part by part as a node would: memory holds one part.
            let slip = Invented.bytes(1_500, seed: 9)
            let id = Invented.digest(9)
            var number: UInt64 = 0
            var sent: Set<Digest> = []
            var carried: [LetterID] = []
            let report = try await Courier.export(
                to: stick.path, hop: stick.hop,
                next: {
                    number += 1
                    guard number <= 70 else { return nil }
                    let part = Invented.bytes(1_000_000, seed: number)
                    sent.insert(.sha256(part))
                    return .letter(LetterBundle(id: id, slip: slip, parts: [.sha256(part): part]))
                }, carried: { carried += $0 })
            #expect(report.letters == 1 && carried == [id])
            var received: Set<Digest> = []
            var most = 0
            let result = try await Courier.import(from: stick.path, hop: stick.hop.member, identities: stick.identities)
            { item in
                guard case .letter(let bundle) = item, bundle.id == id, bundle.slip == slip else { return }
                most = max(most, bundle.parts.values.reduce(0) { $0 + $1.count })
                for (digest, bytes) in bundle.parts {
                    #expect(Digest.sha256(bytes) == digest)
                    received.insert(digest)
                }
            }
            #expect(received == sent)
            #expect(most <= 6_000_000)
            #expect(result.shipments.count == report.shipments.count && report.shipments.count > 1)
        }
    }

    @Test func `a partial stick gives what it has and names what is missing`() async throws {
        try await with { stick in
            let shipment = try await stick.export(Self.items).shipments[0]
            let piece = "\(stick.path)/\(shipment)/000001.p7m"
            let whole = try Data(contentsOf: URL(filePath: piece))
            try whole.prefix(70_000).write(to: URL(filePath: piece))
            let (items, report) = try await stick.take()
            #expect(report.shipments[shipment] == .partial(letters: 3, missing: [1]))
            #expect(Self.joined(items)[Invented.digest(1)] == Invented.letter(1))
            try FileManager.default.removeItem(atPath: piece)
            #expect(try await stick.take().report.shipments[shipment] == .partial(letters: 3, missing: [1]))
            try whole.write(to: URL(filePath: piece))
            #expect(try await stick.take().items == Self.items)
        }
    }

    @Test func `swapped, altered and foreign files are refused`() async throws {
        try await with { stick in
            let one = try await stick.export(Self.items).shipments[0]
            let two = try await stick.export(Self.items).shipments[0]
            func file(_ shipment: String, _ name: String) -> URL { URL(filePath: "\(stick.path)/\(shipment)/\(name)") }
            // Two pieces change places: neither is what the manifest says.
            let first = try Data(contentsOf: file(one, "000000.p7m"))
            let second = try Data(contentsOf: file(one, "000001.p7m"))
            try first.write(to: file(one, "000001.p7m"))
            try second.write(to: file(one, "000000.p7m"))
            #expect(try await stick.take().report.shipments[one] == .partial(letters: 0, missing: [0, 1]))
            // The manifest of another shipment: its seal names that one.
            try Data(contentsOf: file(two, "manifest.p7m")).write(to: file(one, "manifest.p7m"))
            #expect(try await stick.take().report.shipments[one] == .refused(.cannotOpen))
            #expect(try await stick.take().report.shipments[two] == .taken(letters: 4))
            try Data("not a seal".utf8).write(to: file(one, "manifest.p7m"))
            #expect(try await stick.take().report.shipments[one] == .refused(.malformed))
            try FileManager.default.removeItem(at: file(one, "manifest.p7m"))
            #expect(try await stick.take().report.shipments[one] == .refused(.malformed))
        }
    }

    @Test func `a stick for somebody else stays closed`() async throws {
        try await with { stick in
            let shipment = try await stick.export(Self.items).shipments[0]
            // The right key under another name, and another key under the right name.
            let other = try #require(MemberID("bd:broker"))
            #expect(try await stick.take(as: other).report.shipments[shipment] == .refused(.cannotOpen))
            let stranger = try PracticeStick()
            defer { stranger.remove() }
            #expect(try await stranger.take(from: stick.path).report.shipments[shipment] == .refused(.cannotOpen))
            #expect(try await stranger.take(from: stick.path).items.isEmpty)
        }
    }

    @Test func `hostile names, links, pipes and sizes are never followed or read`() async throws {
        try await with { stick in
            let shipment = try await stick.export([.letter(Invented.letter(1))]).shipments[0]
            let outside = try PracticeStick()
            defer { outside.remove() }
            let target = "\(outside.path)/target"
            try Data("outside".utf8).write(to: URL(filePath: target))
            let manager = FileManager.default
            // Names that no shipment has are not opened at all; each would fail loudly if it were.
            for name in HostileNames.all {
                try? manager.createSymbolicLink(atPath: "\(stick.path)/\(name)", withDestinationPath: target)
            }
            // A shipment that is a link to a whole one elsewhere.
            let linked = String(repeating: "a", count: 32)
            try manager.createSymbolicLink(
                atPath: "\(stick.path)/\(linked)", withDestinationPath: "\(stick.path)/\(shipment)")
            var report = try await stick.take().report
            #expect(report.shipments == [shipment: .taken(letters: 1), linked: .refused(.malformed)])
            try manager.removeItem(atPath: "\(stick.path)/\(linked)")
            // A piece that is a link, a directory, a pipe, too large.
            let piece = "\(stick.path)/\(shipment)/000000.p7m"
            let whole = try Data(contentsOf: URL(filePath: piece))
            try whole.write(to: URL(filePath: target))
            try manager.removeItem(atPath: piece)
            try manager.createSymbolicLink(atPath: piece, withDestinationPath: target)
            report = try await stick.take().report
            #expect(report.shipments[shipment] == .refused(.malformed))
            try manager.removeItem(atPath: piece)
            try manager.createDirectory(atPath: piece, withIntermediateDirectories: false)
            #expect(try await stick.take().report.shipments[shipment] == .refused(.malformed))
            try manager.removeItem(atPath: piece)
            #expect(mkfifo(piece, 0o600) == 0)
            #expect(try await stick.take().report.shipments[shipment] == .refused(.malformed))
            try manager.removeItem(atPath: piece)
            try (whole + Data(count: 1_114_113 - whole.count)).write(to: URL(filePath: piece))
            #expect(try await stick.take().report.shipments[shipment] == .refused(.malformed))
            try whole.write(to: URL(filePath: piece))
            #expect(try await stick.take().report.shipments[shipment] == .taken(letters: 1))
            #expect(try Data(contentsOf: URL(filePath: target)) == whole)
        }
    }

    @Test func `an export that is cut leaves no shipment, and the next one cleans up`() async throws {
        struct Cut: Error {}
        try await with { stick in
            var rest = Self.items[...]
            await #expect(throws: Cut.self) {
                _ = try await Courier.export(
                    to: stick.path, hop: stick.hop,
                    next: {
                        guard let item = rest.popFirst() else { throw Cut() }
                        return item
                    })
            }
            let left = try stick.shipments
            #expect(left.isEmpty)
            // A killed process leaves its unfinished directory behind.
            let dead = "\(stick.path)/\(String(repeating: "b", count: 32)).part"
            try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: false)
            try Data(count: 100).write(to: URL(filePath: "\(dead)/000000.p7m"))
            let taken = try await stick.take().report.shipments
            #expect(taken.isEmpty)
            let report = try await stick.export(Self.items)
            let now = try stick.shipments
            #expect(now == report.shipments)
        }
    }

    @Test func `an export that fails keeps what was whole, and says which letters that is`() async throws {
        try await with { stick in
            var carried: [LetterID] = []
            var number: UInt64 = 0
            struct Failed: Error {}
            await #expect(throws: Failed.self) {
                _ = try await Courier.export(
                    to: stick.path, hop: stick.hop,
                    next: {
                        number += 1
                        guard number <= 80 else { throw Failed() }
                        return .letter(Invented.letter(number, parts: [1_000_000]))
                    }, carried: { carried += $0 })
            }
            let shipments = try stick.shipments
            let taken = Self.joined(try await stick.take().items)
            #expect(shipments.count == 1)
            #expect(carried.count > 50 && carried.count < 80)
            #expect(Set(taken.keys) == Set(carried))
        }
    }

    @Test func `a letter is exported as plain files for inspection, once`() throws {
        let stick = try PracticeStick()
        defer { stick.remove() }
        let letter = Invented.letter(1)
        try LetterDirectory.write(letter, to: stick.path)
        #expect(try [UInt8](Data(contentsOf: URL(filePath: "\(stick.path)/\(letter.id.hex)/slip.p7s"))) == letter.slip)
        for (digest, bytes) in letter.parts {
            #expect(
                try [UInt8](Data(contentsOf: URL(filePath: "\(stick.path)/\(letter.id.hex)/parts/\(digest.hex)")))
                    == bytes)
        }
        #expect(throws: CourierError(.exists, "")) { try LetterDirectory.write(letter, to: stick.path) }
    }
}

/// Sixty names that no letter and no shipment has.
enum HostileNames {
    static let all: [String] = [
        "..a", "...", "-rf", "--help", "~", "~root", "*", "?", "[a]", "a b", " a", "a ", "\t", "a\nb", "\u{1}",
        "\u{7F}", "con", "CON.p7m",
        "nul", "aux", "lpt1", "a:b", "C:", "a|b", "a;b", "a&b", "$(id)", "`id`", "$HOME", "%00", "%2e%2e", "..%2f",
        "a\\b", "..\\a",
        ".hidden", "manifest.p7m", "000000.p7m", "000000", "0", "-1", "slip.p7s", "parts", "file", "context",
        "remaining", "\u{202E}txt",
        "\u{200B}", "е0", "অফার", "ÀÉ", String(repeating: "A", count: 32), String(repeating: "a", count: 31),
        String(repeating: "a", count: 33), String(repeating: "a", count: 64), String(repeating: "g", count: 32),
        String(repeating: "a", count: 32) + ".", String(repeating: "a", count: 32) + " ",
        " " + String(repeating: "a", count: 32),
        String(repeating: "a", count: 255), String(repeating: "a", count: 32) + "\n",
    ]
}
