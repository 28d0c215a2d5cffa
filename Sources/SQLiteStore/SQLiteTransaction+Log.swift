// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure
internal import TransparencyLog

// MARK: Writing

extension SQLiteTransaction {
    @discardableResult
    func log(_ content: LogEvent.Content, in caseID: CaseID?, at now: Instant) throws -> Int64 {
        guard let writer else { throw StoreError(.halted, "opened for reading") }
        return try writer.append(content, in: caseID, at: now, db)
    }

    func log(_ document: StoredDocument, at now: Instant) throws {
        let named = document.document
        let id = Data(named.letter.bytes)
        guard try integer("SELECT 1 FROM log_document WHERE letter = ?", [id]) == nil else { return }
        let leaf = try log(
            document.kind == .directory ? .directory(named) : .profile(named), in: nil, at: now)
        try run(
            "INSERT INTO log_document VALUES (?, ?, ?, ?, ?, ?)",
            [leaf, id, document.kind.rawValue, named.version, Data(document.slip), Data(document.file)])
    }

    func keep(_ checkpoint: StoredCheckpoint) throws {
        guard let writer else { throw StoreError(.halted, "opened for reading") }
        try run(
            "INSERT OR IGNORE INTO log_checkpoint VALUES ((SELECT number FROM log WHERE origin = ?), ?, ?, ?)",
            [writer.signer.key.name, checkpoint.size, checkpoint.at.seconds, Data(checkpoint.note)])
    }

    func keep(_ stamp: StoredStamp) throws {
        guard let writer else { throw StoreError(.halted, "opened for reading") }
        try run(
            "INSERT OR IGNORE INTO log_stamp VALUES ((SELECT number FROM log WHERE origin = ?), ?, ?, ?, ?)",
            [writer.signer.key.name, stamp.size, stamp.at.seconds, stamp.time.seconds, Data(stamp.response)])
    }
}

// MARK: Mirrors

extension SQLiteTransaction {
    func mirror(_ leaves: [Digest], of origin: String, from first: Int64) throws -> Int64 {
        var tree = try mirror(of: origin)
        guard tree.size == first, !leaves.isEmpty else { return tree.size }
        for leaf in leaves {
            try run("INSERT INTO log_mirror VALUES (?, ?, ?)", [origin, tree.size, Data(leaf.bytes)])
            for node in tree.append(leafHash: MerkleHash.leaf(leaf)) where node.position.level >= Self.mirrorLevel {
                try run(
                    "INSERT INTO log_mirror_node VALUES (?, ?, ?, ?)",
                    [origin, node.position.level, node.position.index, Data(node.hash.bytes)])
            }
        }
        try run(
            "INSERT INTO log_mirror_head VALUES (?1, ?2, ?3) ON CONFLICT (origin) DO UPDATE SET size = ?2, peaks = ?3",
            [origin, tree.size, Data(tree.peaks.flatMap(\.bytes))])
        return tree.size
    }

    func log(conflict seen: SeenCheckpoint, note: [UInt8], at now: Instant) throws {
        guard try integer("SELECT 1 FROM log_conflict WHERE note = ?", [Data(note)]) == nil else { return }
        let leaf = try log(.conflict(seen, note: .sha256(note)), in: nil, at: now)
        try run("INSERT INTO log_conflict VALUES (?, ?)", [leaf, Data(note)])
    }

    func conflicts() throws -> [[UInt8]] {
        try rows("SELECT note FROM log_conflict ORDER BY leaf", []).map { [UInt8]($0[0] as Data) }
    }

    func mirrored(of origin: String, from first: Int64, count: Int) throws -> [Digest] {
        try rows(
            "SELECT data FROM log_mirror WHERE origin = ? AND leaf >= ? ORDER BY leaf LIMIT ?", [origin, first, count]
        ).map { try Self.digest($0[0]) }
    }

    /// Of a mirror only subtrees of 256 leaves and more have a row; a smaller one is computed anew from its leaves.
    private static var mirrorLevel: Int { 8 }

    func mirrorNode(of origin: String, at position: TreeNode.Position) throws -> Digest {
        guard position.level < Self.mirrorLevel else {
            let row = try row(
                "SELECT hash FROM log_mirror_node WHERE origin = ? AND level = ? AND place = ?",
                [origin, position.level, position.index])
            guard let row else { throw StoreError(.unreadable, "no such node of a mirror") }
            return try Self.digest(row[0])
        }
        let count = 1 << position.level
        var tree = Frontier()
        for leaf in try mirrored(of: origin, from: position.index << Int64(position.level), count: count) {
            tree.append(leafHash: MerkleHash.leaf(leaf))
        }
        guard tree.size == count else { throw StoreError(.unreadable, "no such node of a mirror") }
        return tree.head.root
    }

    func mirror(of origin: String) throws -> Frontier {
        guard let row = try row("SELECT size, peaks FROM log_mirror_head WHERE origin = ?", [origin]) else {
            return Frontier()
        }
        guard let tree = Frontier(size: row[0], peaks: Frontier.peaks([UInt8](row[1] as Data))) else {
            throw StoreError(.unreadable, "not a mirror")
        }
        return tree
    }
}

extension Frontier {
    /// Peaks as a store keeps them, 32 bytes each.
    static func peaks(_ bytes: [UInt8]) -> [Digest] {
        stride(from: 0, to: bytes.count, by: 32).compactMap { Digest(bytes[$0..<min($0 + 32, bytes.count)]) }
    }
}

// MARK: Reading

extension SQLiteTransaction {
    func logs() throws -> [StoredLog] {
        try rows("SELECT origin, size, root, at FROM log ORDER BY number", []).map { row in
            StoredLog(
                origin: row[0], head: TreeHead(size: row[1], root: try Self.digest(row[2])),
                at: Instant(seconds: row[3]))
        }
    }

    /// The log's number, its first leaf's, and the number behind its last one.
    private func place(of origin: String) throws -> (log: Int64, first: Int64, end: Int64) {
        guard let row = try row("SELECT number, first, first + size FROM log WHERE origin = ?", [origin]) else {
            throw StoreError(.unreadable, "no such log")
        }
        return (row[0], row[1], row[2])
    }

    func leaves(of origin: String, from first: Int64, count: Int) throws -> [StoredLeaf] {
        let place = try place(of: origin)
        return try rows(
            "SELECT number, data, case_id, text FROM log_leaf WHERE number >= ? AND number < ? ORDER BY number LIMIT ?",
            [place.first + first, place.end, count]
        ).map { row in
            StoredLeaf(
                index: row[0] - place.first, data: try Self.digest(row[1]), event: try LogWriter.event(row, keys))
        }
    }

    func leafData(of origin: String, from first: Int64, count: Int) throws -> [Digest] {
        let place = try place(of: origin)
        return try rows(
            "SELECT data FROM log_leaf WHERE number >= ? AND number < ? ORDER BY number LIMIT ?",
            [place.first + first, place.end, count]
        ).map { try Self.digest($0[0]) }
    }

    /// Each event names the one before it, so no index over all leaves is needed.
    func leaves(of caseID: CaseID) throws -> [StoredLeaf.Place] {
        var leaves: [Int64] = []
        var next = try integer("SELECT leaf FROM log_case WHERE case_id = ?", [caseID.text])
        while let leaf = next {
            leaves.append(leaf)
            next = try integer("SELECT before FROM log_leaf WHERE number = ?", [leaf])
        }
        return try leaves.reversed().map(place)
    }

    func documentLeaves() throws -> [StoredLeaf.Place] {
        try rows("SELECT leaf FROM log_document ORDER BY leaf", []).map { try place($0[0]) }
    }

    private func place(_ leaf: Int64) throws -> StoredLeaf.Place {
        let log = try log(of: leaf)
        return StoredLeaf.Place(origin: log.origin, index: leaf - log.first)
    }

    func heads(_ body: (HeadRow) throws -> Void) throws {
        let cursor = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT case_id, number, hash FROM log_case ORDER BY case_id"))
        while let row = try cursor.next() {
            guard let caseID = CaseID(row[0] as String) else { throw StoreError(.unreadable, "not a case") }
            try body(HeadRow(caseID: caseID, number: row[1], leafHash: try Self.digest(row[2])))
        }
    }

    func node(of origin: String, at position: TreeNode.Position) throws -> Digest {
        let place = try place(of: origin)
        return try Self.node(position, log: place.log, first: place.first, db)
    }

    /// A leaf's hash is not stored: it is that of its data.
    static func node(_ position: TreeNode.Position, log: Int64, first: Int64, _ db: Database) throws -> Digest {
        if position.level == 0 {
            return MerkleHash.leaf(
                try digest(
                    Data.fetchOne(
                        db.cachedStatement(sql: "SELECT data FROM log_leaf WHERE number = ?"),
                        arguments: [first + position.index])))
        }
        return try digest(
            Data.fetchOne(
                db.cachedStatement(sql: "SELECT hash FROM log_node WHERE log = ? AND level = ? AND place = ?"),
                arguments: [log, position.level, position.index]))
    }

    func checkpoints(of origin: String) throws -> [StoredCheckpoint] {
        try rows(
            "SELECT size, at, note FROM log_checkpoint WHERE log = ? ORDER BY size, at", [place(of: origin).log]
        ).map(Self.checkpoint)
    }

    func checkpoints(of origin: String, newest count: Int) throws -> [StoredCheckpoint] {
        try rows(
            "SELECT size, at, note FROM log_checkpoint WHERE log = ? ORDER BY size DESC, at DESC LIMIT ?",
            [place(of: origin).log, count]
        ).map(Self.checkpoint)
    }

    func stamps(of origin: String) throws -> [StoredStamp] {
        try rows(
            "SELECT size, at, time, response FROM log_stamp WHERE log = ? ORDER BY size, at", [place(of: origin).log]
        ).map { row in
            StoredStamp(
                size: row[0], at: Instant(seconds: row[1]), time: Instant(seconds: row[2]),
                response: [UInt8](row[3] as Data))
        }
    }

    private static func checkpoint(_ row: Row) -> StoredCheckpoint {
        StoredCheckpoint(size: row[0], at: Instant(seconds: row[1]), note: [UInt8](row[2] as Data))
    }

    func documents() throws -> [StoredDocument] {
        try rows("SELECT letter, kind, version, slip, file FROM log_document ORDER BY leaf", []).map { row in
            guard let kind = LetterType(rawValue: row[1]) else { throw StoreError(.unreadable, "not a document") }
            let (slip, file) = ([UInt8](row[3] as Data), [UInt8](row[4] as Data))
            return StoredDocument(
                kind: kind,
                document: LogEvent.Document(
                    letter: try Self.digest(row[0]), slip: .sha256(slip), file: .sha256(file), version: row[2]),
                slip: slip, file: file)
        }
    }

    // MARK: Receipts

    /// The log in which a leaf stands.
    private func log(of leaf: Int64) throws -> (number: Int64, origin: String, first: Int64) {
        guard
            let row = try row(
                "SELECT number, origin, first FROM log WHERE first <= ? ORDER BY first DESC LIMIT 1", [leaf])
        else { throw StoreError(.unreadable, "no such leaf") }
        return (row[0], row[1], row[2])
    }

    /// - Parameter note: the newest checkpoint of a log by its origin.
    func receipts(of leaves: [Int64], note: (String) throws -> SignedNote?) throws -> [LogReceipt?] {
        var nodes: [TreeNode.Position: Digest] = [:]
        var last: (number: Int64, origin: String, first: Int64)?
        return try leaves.map { leaf in
            let log = try log(of: leaf)
            // Neighbours share most of their proofs.
            if last.map({ $0 != log }) ?? true { nodes = [:] }
            last = log
            guard let row = try row("SELECT number, case_id, text FROM log_leaf WHERE number = ?", [leaf]) else {
                throw StoreError(.unreadable, "no such leaf")
            }
            guard let event = try LogWriter.event(row, keys), let note = try note(log.origin) else { return nil }
            let head = try Checkpoint(text: note.text).head
            guard leaf - log.first < head.size else { return nil }
            let proof = try MerkleTree.inclusionProof(of: leaf - log.first, in: head.size) { position in
                if let node = nodes[position] { return node }
                let node = try Self.node(position, log: log.number, first: log.first, db)
                nodes[position] = node
                return node
            }
            return LogReceipt(event: event, proof: proof, note: note)
        }
    }
}
