// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Logging
import MessageStore
import Procedure
import Sealing

extension NodeService {
    private var intake: LetterIntake { LetterIntake(desk: desk, now: clock()) }

    /// Fetches letters of the own mailbox, stores them durably, then acknowledges them; nothing is opened before that.
    ///
    /// A crash before the store leaves them leased at the broker, one before the acknowledgement brings them again; they are known
    /// then and have no second effect.
    ///
    /// - Returns: how many letters were new here.
    func fetch(waitSeconds: Int) async throws -> Int {
        try await pull(waitSeconds: waitSeconds)
        return try await takeIn { _ in true }
    }

    private func pull(waitSeconds: Int) async throws {
        lease(try await connection.pull(limit: settings.batchLetters, waitSeconds: waitSeconds))
    }

    /// - Returns: those that were not leased already.
    @discardableResult
    private func lease(_ deliveries: [Delivery]) -> [Delivery] {
        let known = Set(leased.map(\.letter.id)).union(inWork)
        let new = deliveries.filter { !known.contains($0.letter.id) }
        leased += new
        return new
    }

    /// Takes in what was handed out, in the order in which it came, as far as it is chosen.
    private func takeIn(where isChosen: (Delivery) -> Bool) async throws -> Int {
        var new = 0
        var safe: [LetterID] = []
        var broken: ExchangeError?
        while let index = leased.firstIndex(where: isChosen) {
            let delivery = leased.remove(at: index)
            inWork.insert(delivery.letter.id)
            defer { inWork.remove(delivery.letter.id) }
            do {
                // What is safe is acknowledged before a long fetch, or it would be handed out again meanwhile.
                if !delivery.remaining.isEmpty, !safe.isEmpty {
                    try await connection.acknowledge(safe)
                    safe = []
                }
                guard let isNew = try await receive(delivery) else { continue }
                safe.append(delivery.letter.id)
                if isNew { new += 1 }
            } catch let error as ExchangeError {
                // One letter that cannot be fetched whole must not keep the others back; what is safe already is acknowledged.
                log("letter left with the broker: a part cannot be fetched", delivery.letter.id, error.code.rawValue)
                guard error.isTemporary else { continue }
                // The line is down: the broker hands the others out again.
                leased = []
                broken = error
            }
        }
        if !safe.isEmpty { try await connection.acknowledge(safe) }
        if let broken { throw broken }
        return new
    }

    /// Between two pieces of an attachment: what is urgent and has come meanwhile is taken in and judged before it.
    private func makeWay() async throws {
        let changes = try await connection.changes()
        guard changes != lastChanges else { return }
        lastChanges = changes
        // One at a time, urgent ones come first: megabytes of others would keep a stop on a thin line.
        while let next = lease(try await connection.pull(limit: 1, waitSeconds: 0)).first, Self.isUrgent(next) {}
        if try await takeIn(where: Self.isUrgent) > 0 { _ = try await judgeAll() }
    }

    /// What the slip says of itself; it is verified when it is taken in.
    private static func isUrgent(_ delivery: Delivery) -> Bool {
        (try? Slip.read(Array(Gate.slip(delivery.letter.slip).content)))?.lane == .urgent
    }

    /// Stores one letter with its parts.
    ///
    /// - Returns: whether it is new; `nil` when it was not stored and must not be acknowledged.
    func receive(_ delivery: Delivery) async throws -> Bool? {
        let id = delivery.letter.id
        switch try intake.look(at: delivery.letter) {
        case .known: return false
        case .noRoom:
            log("letter left with the broker: too many wait", id)
            return nil
        case .unreadable(let code):
            let isFirst = try intake.alarm(id, code: code)
            logger.warning("letter not authenticated", metadata: ["letter": "\(id.hex)", "code": "\(code)"])
            // It may be the directory that is old here: ask for it, and look again when the letter comes again.
            guard code == SealingError.Code.signerNotPermitted.rawValue else { return false }
            if isFirst { try await fetchDocuments() }
            return nil
        case .new(let signed, let signer):
            guard let parts = try await collect(signed.slip, delivery) else {
                log("letter left with the broker: a part is not what the slip names", id)
                return nil
            }
            try intake.keep(signed, signer, parts: parts)
            log("letter received", id)
            return true
        }
    }

    // MARK: Parts

    /// Everything under `parts/` that is for us; `nil` when a file is not what it is named.
    private func collect(_ slip: Slip, _ delivery: Delivery) async throws -> [LetterIntake.Part]? {
        var parts: [LetterIntake.Part] = []
        var lists: [Digest: [UInt8]] = [:]
        for reference in slip.parts where reference.recipient == desk.identity.member {
            guard let part = try await collect(reference.digest, delivery, slip.lane) else { return nil }
            parts.append(part)
            if reference.pieces != nil { lists[part.digest] = try part.bytes ?? store.files.read(part.digest) }
        }
        guard let needed = intake.needed(slip, list: { lists[$0] }) else { return nil }
        let held = Set(parts.map(\.digest))
        for digest in needed where !held.contains(digest) {
            guard let part = try await collect(digest, delivery, slip.lane) else { return nil }
            parts.append(part)
        }
        return parts
    }

    /// One part file: from the delivery, from an earlier fetch, or by digest, a piece at a time. A broken fetch goes on where it ended.
    private func collect(_ digest: Digest, _ delivery: Delivery, _ lane: Lane) async throws -> LetterIntake.Part? {
        if let bytes = delivery.letter.parts[digest] {
            guard Digest.sha256(bytes) == digest else { return nil }
            return LetterIntake.Part(digest: digest, size: bytes.count, bytes: bytes)
        }
        if let size = store.files.size(digest) { return LetterIntake.Part(digest: digest, size: size, bytes: nil) }
        var offset = store.files.partialSize(digest)
        while true {
            if lane == .normal { try await makeWay() }
            let (bytes, size) = try await fetch(digest, offset: offset)
            guard size <= SealingLimits.partFileBytes else { return nil }
            try store.files.appendPartial(bytes, of: digest, at: offset)
            offset += bytes.count
            if offset >= size { break }
            guard !bytes.isEmpty else { throw ExchangeError(.badAnswer, "an empty piece of a part") }
        }
        let whole = try store.files.partial(bytesOf: digest)
        store.files.dropPartial(digest)
        guard Digest.sha256(whole) == digest else { return nil }
        if whole.count <= CaseFileLimits.inlinePartBytes {
            return LetterIntake.Part(digest: digest, size: whole.count, bytes: whole)
        }
        try store.files.write(whole, as: digest)
        return LetterIntake.Part(digest: digest, size: whole.count, bytes: nil)
    }

    private func fetch(_ digest: Digest, offset: Int) async throws -> (bytes: [UInt8], size: Int) {
        do {
            let start = ContinuousClock.now
            let answer = try await connection.part(digest, offset: offset, count: fetchPace.bytes)
            fetchPace.note(ContinuousClock.now - start)
            return answer
        } catch {
            fetchPace.broke()
            throw error
        }
    }

    // MARK: Judging

    /// Judges everything that can be judged, urgent letters first.
    ///
    /// - Returns: how many letters were judged.
    func judgeAll() async throws -> Int {
        var judged = 0
        while let entry = try store.read({ try $0.unjudged(.stored, limit: 1) }).first {
            if try await judge(first(before: entry.letter)) { judged += 1 }
        }
        return judged
    }

    /// What nobody may keep any longer goes.
    func destroyUnkept() throws {
        let looked = try desk.destroyUnkept(at: clock())
        for letter in looked.destroyed { log("forms destroyed", letter, "not-kept") }
        for letter in looked.failed { log("forms not looked at", letter, "damaged") }
    }

    /// An ancestor that has come and is not judged yet goes first: known by its slip, it is in the graph already.
    private func first(before letter: LetterID) throws -> LetterID {
        try store.read { transaction in
            var id = letter
            while let slip = try transaction.letter(id)?.slip,
                let ancestor = try StoredSlip.read(slip).ancestors.first(where: {
                    try transaction.inboxEntry($0)?.state == .stored
                })
            { id = ancestor }
            return id
        }
    }

    /// Judges one letter; fetches the slips of ancestors that it lacks.
    private func judge(_ id: LetterID) async throws -> Bool {
        let delay = settings.receiptJitterSeconds > 0 ? Int64.random(in: 0...Int64(settings.receiptJitterSeconds)) : 0
        switch try LetterJudge(desk: desk, now: clock(), receiptDelay: delay).judge(id) {
        case .judged(let state):
            log("letter judged", id, state.rawValue)
            return true
        case .recorded: return true
        case .held(let code):
            try hold(id, code)
            return false
        case .waiting(let missing):
            // A broker that cannot be asked now changes nothing: the letter waits, and is looked at again.
            if try await fetchAncestors(missing) == 0 { try hold(id, "letter.held") }
            return false
        }
    }

    private func hold(_ id: LetterID, _ code: String) throws {
        try store.write { transaction in
            // One that has its effect already keeps it.
            if try transaction.letter(id)?.state.isInGraph == false { try transaction.setState(.waiting, of: id) }
            try transaction.setInbox(id, state: .waiting, code: code)
        }
        log("letter waits", id, code)
    }

    /// Asks the broker for slips of ancestors and keeps what can be authenticated.
    ///
    /// - Returns: how many are new here.
    private func fetchAncestors(_ ids: [LetterID]) async throws -> Int {
        let unknown = try store.read { transaction in try ids.filter { try transaction.letter($0) == nil } }
        guard !unknown.isEmpty else { return 0 }
        do {
            return try intake.keep(try await connection.slips(Array(unknown.prefix(64))))
        } catch let error as ExchangeError {
            logger.notice("ancestors not fetched", metadata: ["code": "\(error.code.rawValue)"])
            return 0
        }
    }
}
