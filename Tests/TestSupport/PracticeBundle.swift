// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Cryptography
public import Foundation
public import Letters
import Membership
public import Procedure
import Sealing
public import TrailAudit
import TransparencyLog

/// A bundle as its exporter lays it out, open to attacks: each changes what the exporter, or somebody with the file, could change.
public struct PracticeBundle: Sendable {
    public struct Log: Sendable {
        public var leaves: [Digest]
        /// `nil`: closed.
        public var events: [[UInt8]?]
        public var notes: [String: [UInt8]]
    }

    public var logs: [String: Log] = [:]
    public var slips: [CaseID: [Digest: [UInt8]]]
    public var documents: [TrailName: [UInt8]] = [:]
    public var manifest: TrailManifest
    public var policies: [String: String] = [:]
    public var authorities: [UInt8]
    public var kept: [[UInt8]] = []
    public var disclosed: [Digest: [UInt8]] = [:]
    /// The chain of a time-stamping authority.
    public var timeAuthority: [UInt8]?
    public var asOf: Instant
    /// What the auditor asked for; times in POSIX seconds.
    public var expect = "all"
    /// Where an audit ended that this goes on from.
    public var since: [String: Int64]?
    /// Files that go in or replace others, last of all; and such as are left out.
    public var extra: [String: [UInt8]] = [:]
    public var left: Set<String> = []

    public init(_ trail: PracticeTrail) throws {
        asOf = trail.now + 3_600
        slips = trail.slips
        authorities = trail.world.roots.flatMap(\.pem)
        manifest = TrailManifest(
            profile: .all, logs: [:], made: trail.now, recipient: "in:practice-auditor", destroy: trail.now + 31_536_000
        )
        for (broker, log) in trail.logs {
            let size = Int(log.newest?.head.size ?? 0)
            let events = Array(log.events.prefix(size))
            logs[log.origin] = Log(
                leaves: events.map { .sha256($0) }, events: events,
                notes: Dictionary(uniqueKeysWithValues: log.notes.map { (String($0.key), $0.value) }))
            manifest.logs[log.origin] = .init(from: 0, to: Int64(size))
            let witness = trail.logs.values.first { $0.broker != broker }!.witness.key
            policies[log.origin] = "log \(log.signer.key.text)\nwitness peer \(witness.text)\nquorum peer\n"
        }
        for country in trail.world.authorities.values {
            for (document, isProfile) in [(country.document, false)] + country.profiles.map({ ($0, true) }) {
                for isLetter in [false, true] {
                    let digest = Digest.sha256(isLetter ? document.slip : document.file)
                    let name: TrailName =
                        isProfile ? .profile(digest, isLetter: isLetter) : .directory(digest, isLetter: isLetter)
                    documents[name] = isLetter ? document.slip : document.file
                }
            }
        }
    }

    /// The files by name, as the exporter writes them.
    public var files: [String: [UInt8]] {
        if let since { return increment(since).merging(extra) { $1 } }
        var files: [String: [UInt8]] = [TrailName.bundle.path: manifest.bytes]
        for (name, bytes) in documents { files[name.path] = bytes }
        for (caseID, slips) in slips {
            for (digest, bytes) in slips { files[TrailName.slip(caseID, digest).path] = bytes }
        }
        for (origin, log) in logs {
            for (size, note) in log.notes { files["logs/\(TrailName.folder(origin))/checkpoints/\(size)"] = note }
            for start in stride(from: 0, to: log.leaves.count, by: 256) {
                let range = start..<min(start + 256, log.leaves.count)
                let tile = Int64(start / 256)
                files[TrailName.entries(origin: origin, tile: tile).path] =
                    EntryBundle(number: tile, leaves: Array(log.leaves[range])).bytes
                let openings = range.flatMap { index in
                    log.events[index].map { Array("\(index)\n".utf8) + $0 } ?? []
                }
                if !openings.isEmpty { files[TrailName.events(origin: origin, tile: tile).path] = openings }
            }
        }
        return files.merging(extra) { $1 }
    }

    /// What was logged since: new leaves in whole tiles, the earlier events of their cases and of documents with proofs.
    private func increment(_ since: [String: Int64]) -> [String: [UInt8]] {
        var whole = self
        whole.since = nil
        whole.manifest.profile = .increment
        var cases: Set<CaseID> = []
        for (origin, log) in logs {
            let first = Int(since[origin] ?? 0)
            whole.manifest.logs[origin]?.from = Int64(first)
            for event in log.events.dropFirst(first) {
                if let place = event.flatMap({ try? LogEvent($0) })?.place { cases.insert(place.caseID) }
            }
        }
        whole.slips = slips.filter { cases.contains($0.key) }
        var proofs: [String: [UInt8]] = [:]
        for (origin, log) in logs {
            let first = Int(since[origin] ?? 0)
            let tree = LeafTree(leafHashes: log.leaves.map { MerkleHash.leaf($0) })
            let newest = log.notes.compactMap { Int64($0.key) }.max() ?? 0
            for (index, event) in log.events.enumerated().prefix(first) {
                whole.logs[origin]?.events[index] = nil
                guard let event, let content = try? LogEvent(event),
                    content.place.map({ cases.contains($0.caseID) })
                        ?? ["directory", "profile"].contains(content.content.kind),
                    let note = log.notes[String(newest)].flatMap({ try? SignedNote($0) }),
                    let proof = try? MerkleTree.inclusionProof(of: Int64(index), in: newest, node: tree.node)
                else { continue }
                proofs[TrailName.proof(origin: origin, index: Int64(index)).path] =
                    LogReceipt(event: event, proof: proof, note: note).bytes
            }
            whole.logs[origin]?.notes = log.notes.filter { Int64($0.key).map { $0 >= first } ?? true }
        }
        var files = whole.files
        for (origin, log) in logs {
            for tile in 0..<(since[origin] ?? 0) / 256 {
                files[TrailName.entries(origin: origin, tile: tile).path] = nil
            }
            // A log without a new leaf shows none.
            if Int64(log.leaves.count) <= since[origin] ?? 0 {
                files[TrailName.entries(origin: origin, tile: (since[origin] ?? 0) / 256).path] = nil
            }
        }
        return files.merging(proofs) { $1 }
    }

    /// The archive, with sums that are right for what is in it: whoever changes a file changes these too.
    public var archive: [UInt8] {
        var bytes: [UInt8] = []
        var sums: [UInt8] = []
        func add(_ path: String, _ file: [UInt8]) {
            bytes += LetterArchive.header(path: Array(path.utf8), count: file.count) + file
            bytes += [UInt8](repeating: 0, count: LetterArchive.padding(file.count))
        }
        for (path, file) in files.filter({ !left.contains($0.key) }).sorted(by: {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }) {
            add(path, file)
            sums += Array("\(Digest.sha256(file).hex)  \(path)\n".utf8)
        }
        add("sums", sums)
        return bytes + LetterArchive.end
    }

    // MARK: - On disk

    /// A folder with `bundle.trail` and `trust/`, gone when it goes.
    public final class OnDisk {
        public let folder = FileManager.default.temporaryDirectory.appending(path: "kheya-trail-\(UUID().uuidString)")
        public var bundle: String { folder.appending(path: "bundle.trail").path }
        public var trust: String { folder.appending(path: "trust").path }
        deinit { try? FileManager.default.removeItem(at: folder) }
    }

    public func write() throws -> OnDisk {
        let disk = OnDisk()
        try writeTrust(to: URL(filePath: disk.trust))
        try Data(archive).write(to: URL(filePath: disk.bundle))
        return disk
    }

    /// The folder with whom to believe.
    public func writeTrust(to folder: URL) throws {
        for name in ["kept", "disclosed"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        func put(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: folder.appending(path: name)) }
        try put(authorities, "authorities.pem")
        for (origin, policy) in policies { try put(Array(policy.utf8), "policy-\(TrailName.folder(origin)).txt") }
        if let timeAuthority { try put(timeAuthority, "tsa-practice.pem") }
        for (place, note) in kept.enumerated() { try put(note, "kept/\(place)") }
        for (commitment, part) in disclosed { try put(part, "disclosed/\(commitment.hex)") }
    }

    /// Codes that only `kheya` finds. Protocols/Trail.md §6.
    public static let onlyOurs: Set<TrailFinding.Code> = [.heads, .procedure, .refusal, .disclosed]

    public func verifyInPython() throws -> (status: Int32, places: Set<String>, output: String) {
        let disk = try write()
        return try SmallVerifier.trail(disk.bundle, trust: disk.trust, asOf: asOf.seconds, expect: expect)
    }

    public func verify(leavingOut: Set<TrailFinding.Code> = []) throws -> TrailReport {
        let disk = try write()
        let trust: TrailTrust
        do { trust = try TrailTrust(folder: disk.trust) } catch {
            return TrailReport.unchecked(error, asOf: asOf)
        }
        let scope = TrailScope(expect) { Int64($0).map { Instant(seconds: $0) } } ?? .all
        return TrailVerifier(trust: trust, asOf: asOf, scope: scope, leavingOut: leavingOut).verify(path: disk.bundle)
    }
}

extension TrailReport {
    /// What tests compare: code, origin, leaf of everything that is no note.
    public var places: Set<String> {
        Set(
            findings.filter { $0.weight != .note }.map {
                "\($0.code.rawValue) \($0.origin ?? "-") \($0.leaf.map(String.init) ?? "-")"
            })
    }
}
