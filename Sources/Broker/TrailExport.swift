// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import MessageStore
public import Procedure
import Sealing
import TrailAudit
public import TransparencyLog

/// Writes what brokers logged as a trail bundle: everything up to each log's newest cosigned checkpoint. Holds one case at a time.
///
/// Several brokers' stores make one bundle. Export them while they rest, or after one another and again: a log that quotes a checkpoint
/// of another which that one's part of the bundle does not reach is reported as a fork of it.
///
/// - SeeAlso: Protocols/Trail.md §3.
public struct TrailExport {
    /// One log as far as it goes into the bundle.
    private struct Source {
        let store: any LetterReading
        let origin: String
        let size: Int64
        let checkpoints: [StoredCheckpoint]
        let stamps: [StoredStamp]
    }

    private let stores: [any LetterReading]
    private let sources: [Source]
    private let span: Range<Instant>?
    private let since: [String: Int64]?

    /// - Parameters:
    ///   - stores: each in one consistent state.
    ///   - policies: of each log: checkpoints that do not meet its quorum stay out.
    ///   - span: open only what was logged in it, and every event of a case that has one there; without it everything.
    ///   - since: where an audit ended, by origin: only the leaves from there on, with every event of a case that has one there.
    /// - Throws: ``StoreError`` `.unreadable` for a log of which no quorum has cosigned a checkpoint yet.
    public init(
        _ stores: [any LetterReading], policies: [String: LogPolicy], during span: Range<Instant>? = nil,
        since: [String: Int64]? = nil
    ) throws {
        self.stores = stores
        self.span = span
        self.since = since
        var sources: [Source] = []
        for store in stores {
            for log in try store.logs() {
                let checkpoints = try store.checkpoints(of: log.origin).filter { stored in
                    try policies[log.origin]?.verify(SignedNote(stored.note)).isQuorate ?? false
                }
                guard let newest = checkpoints.map(\.size).max() else {
                    throw StoreError(.unreadable, "no quorum has cosigned a checkpoint of \(log.origin) yet")
                }
                sources.append(
                    Source(
                        store: store, origin: log.origin, size: newest, checkpoints: checkpoints,
                        stamps: try store.stamps(of: log.origin)))
            }
        }
        self.sources = sources.sorted { TrailName.folder($0.origin) < TrailName.folder($1.origin) }
    }

    /// - Parameters:
    ///   - recipient: for whom, a member or a code.
    ///   - destroy: until when it may be kept.
    ///   - write: takes the archive as it comes.
    public func write(
        made: Instant, recipient: String, destroy: Instant, to write: @escaping ([UInt8]) throws -> Void
    ) throws {
        var writer = TrailWriter(write)
        let wanted = try cases()
        var spans: [String: TrailManifest.Span] = [:]
        for source in sources { spans[source.origin] = try opened(source) }
        try writer.add(
            .bundle,
            TrailManifest(
                profile: since != nil ? .increment : span == nil ? .all : .period, logs: spans, made: made,
                recipient: recipient, destroy: destroy
            ).bytes)
        let evidence = Set(try stores.flatMap { try $0.conflicts() }.filter { !$0.isEmpty })
        for note in evidence.map({ (Digest.sha256($0), $0) }).sorted(by: { $0.0 < $1.0 }) {
            try writer.add(.conflict(note.0), note.1)
        }
        try addDocuments(.directory, &writer)
        for source in sources {
            try addCheckpoints(source, &writer)
            try addLeaves(source, spans[source.origin], wanted, &writer)
            if let wanted, since != nil { try addProofs(source, wanted, &writer) }
        }
        try addDocuments(.profile, &writer)
        for caseID in try (wanted ?? allCases()).sorted() { try addCase(caseID, &writer) }
        try writer.finish()
    }

    // MARK: - What goes in

    private func allCases() throws -> Set<CaseID> {
        var cases: Set<CaseID> = []
        for store in stores { try store.heads { cases.insert($0.caseID) } }
        return cases
    }

    /// The leaves that are opened for their own sake.
    private func opened(_ source: Source) throws -> TrailManifest.Span {
        guard let span else { return .init(from: start(of: source), to: source.size) }
        var first: Int64?
        var last: Int64 = 0
        try each(source) { leaf in
            guard let event = leaf.event, let at = try? LogEvent(event).at, span.contains(at) else { return }
            first = first ?? leaf.index
            last = leaf.index + 1
        }
        return .init(from: first ?? 0, to: first == nil ? 0 : last)
    }

    /// The cases that have an event in the span; `nil` for all.
    private func cases() throws -> Set<CaseID>? {
        guard span != nil || since != nil else { return nil }
        var cases: Set<CaseID> = []
        for source in sources {
            try each(source) { leaf in
                guard let event = try leaf.event.map({ try LogEvent($0) }), span?.contains(event.at) ?? true else {
                    return
                }
                if let place = event.place { cases.insert(place.caseID) }
                // What was erased stands beside who ordered it.
                if case .erased(_, _, let order, _) = event.content {
                    for store in stores { if let caseID = try store.letter(order)?.caseID { cases.insert(caseID) } }
                }
            }
        }
        return cases
    }

    /// The first leaf that goes in.
    private func start(of source: Source) -> Int64 { min(since?[source.origin] ?? 0, source.size) }

    private func each(_ source: Source, _ body: (StoredLeaf) throws -> Void) throws {
        for first in stride(from: start(of: source), to: source.size, by: 256) {
            for leaf in try source.store.leaves(
                of: source.origin, from: first, count: Int(min(256, source.size - first)))
            { try body(leaf) }
        }
    }

    // MARK: - The files, in the order of their names

    private func addDocuments(_ kind: LetterType, _ writer: inout TrailWriter) throws {
        var files: [String: (TrailName, [UInt8])] = [:]
        for document in try stores.flatMap({ try $0.documents() }) where document.kind == kind {
            for (bytes, isLetter) in [(document.file, false), (document.slip, true)] {
                let digest = Digest.sha256(bytes)
                let name: TrailName =
                    kind == .profile ? .profile(digest, isLetter: isLetter) : .directory(digest, isLetter: isLetter)
                files[name.path] = (name, bytes)
            }
        }
        for (name, bytes) in files.values.sorted(by: { $0.0.path.utf8.lexicographicallyPrecedes($1.0.path.utf8) }) {
            try writer.add(name, bytes)
        }
    }

    /// Of each size the note that was stamped with its stamp, or the first that was cosigned; and the newest.
    private func addCheckpoints(_ source: Source, _ writer: inout TrailWriter) throws {
        let first = start(of: source)
        for (size, notes) in Dictionary(grouping: source.checkpoints.filter { $0.size >= first }, by: \.size).sorted(
            by: { String($0.key).utf8.lexicographicallyPrecedes(String($1.key).utf8) })
        {
            let notes = notes.sorted { $0.at < $1.at }
            let stamp = source.stamps.first { $0.size == size }
            guard let first = notes.first(where: { $0.at == stamp?.at }) ?? notes.first, let last = notes.last else {
                continue
            }
            try writer.add(.checkpoint(origin: source.origin, size: size, .stamped), first.note)
            if last.note != first.note {
                try writer.add(.checkpoint(origin: source.origin, size: size, .last), last.note)
            }
            if let stamp, first.at == stamp.at {
                try writer.add(.checkpoint(origin: source.origin, size: size, .token), stamp.response)
            }
        }
    }

    private func addLeaves(
        _ source: Source, _ opened: TrailManifest.Span?, _ wanted: Set<CaseID>?, _ writer: inout TrailWriter
    ) throws {
        let start = start(of: source)
        // Whole tiles: the one in which the audit before ended shows that its leaves are these.
        for first in stride(from: start / 256 * 256, to: start < source.size ? source.size : 0, by: 256) {
            let leaves = try source.store.leaves(
                of: source.origin, from: first, count: Int(min(256, source.size - first)))
            try writer.add(
                .entries(origin: source.origin, tile: first / 256),
                EntryBundle(number: first / 256, leaves: leaves.map(\.data)).bytes)
            var events: [UInt8] = []
            for leaf in leaves where leaf.index >= start {
                guard let event = leaf.event, try isOpened(leaf.index, event, opened, wanted) else { continue }
                events += Array("\(leaf.index)\n".utf8) + event
            }
            if !events.isEmpty { try writer.add(.events(origin: source.origin, tile: first / 256), events) }
        }
    }

    /// In an increment: the earlier events of its cases, and of the documents that came into force before, each with its proof.
    private func addProofs(_ source: Source, _ wanted: Set<CaseID>, _ writer: inout TrailWriter) throws {
        let end = start(of: source)
        guard end > 0, let note = source.checkpoints.last(where: { $0.size == source.size })?.note else { return }
        var places = try wanted.flatMap { try source.store.leaves(of: $0) } + source.store.documentLeaves()
        places = places.filter { $0.origin == source.origin && $0.index < end }
        for place in places.sorted(by: { String($0.index).utf8.lexicographicallyPrecedes(String($1.index).utf8) }) {
            guard let event = try source.store.leaves(of: source.origin, from: place.index, count: 1).first?.event
            else {
                continue
            }
            let proof = try MerkleTree.inclusionProof(of: place.index, in: source.size) {
                try source.store.node(of: source.origin, at: $0)
            }
            try writer.add(
                .proof(origin: source.origin, index: place.index),
                LogReceipt(event: event, proof: proof, note: try SignedNote(note)).bytes)
        }
    }

    /// In a period: what was logged in it, all events of its cases, and what came into force before.
    private func isOpened(
        _ index: Int64, _ event: [UInt8], _ opened: TrailManifest.Span?, _ wanted: Set<CaseID>?
    ) throws -> Bool {
        guard let wanted, let opened, since == nil,
            !(opened.from..<max(opened.from, opened.to)).contains(index)
        else { return true }
        let event = try LogEvent(event)
        return event.place.map { wanted.contains($0.caseID) } ?? true
    }

    private func addCase(_ caseID: CaseID, _ writer: inout TrailWriter) throws {
        var slips: [Digest: [UInt8]] = [:]
        for store in stores {
            for letter in try store.letters(of: caseID) { slips[.sha256(letter.slip)] = letter.slip }
        }
        for (digest, slip) in slips.sorted(by: { $0.key < $1.key }) { try writer.add(.slip(caseID, digest), slip) }
    }
}
