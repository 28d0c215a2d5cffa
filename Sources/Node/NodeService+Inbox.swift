// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import Sealing

extension NodeService {
    /// Pieces of a part file that are fetched in one call.
    private static let fetchBytes = CaseFileLimits.pieceBytes

    /// Fetches letters of the own mailbox, stores them durably, then acknowledges them; nothing is opened before that.
    ///
    /// A crash before the store leaves them leased at the broker, one before the acknowledgement brings them again; they are known
    /// then and have no second effect.
    /// - Returns: how many letters were new here.
    func fetch(waitSeconds: Int) async throws -> Int {
        let deliveries = try await connection.pull(limit: settings.batchLetters, waitSeconds: waitSeconds)
        var new = 0
        var safe: [LetterID] = []
        for delivery in deliveries {
            guard let isNew = try await receive(delivery) else { continue }
            safe.append(delivery.letter.id)
            if isNew { new += 1 }
        }
        guard !safe.isEmpty else { return 0 }
        try await connection.acknowledge(safe)
        let acknowledged = safe
        try store.write { transaction in for id in acknowledged { try transaction.setAcknowledged(id) } }
        return new
    }

    /// Stores one letter with its parts.
    ///
    /// - Returns: whether it is new; `nil` when it was not stored and must not be acknowledged.
    func receive(_ delivery: Delivery) async throws -> Bool? {
        let id = delivery.letter.id
        let now = clock()
        // 1. Known: one effect, and the first answer again.
        if let known = try store.read({ try $0.letter(id) }), known.direction != .context {
            try store.write { transaction in
                if let receipt = try transaction.inboxEntry(id)?.receipt { try transaction.sendAgain(receipt) }
            }
            return false
        }
        // 2. Whose it is. Needs no secret key, so that nothing said here tells anybody what happens inside.
        let signed: SignedSlip
        let signer: Signer
        do {
            let file = delivery.letter.slip
            let at = try Slip.read(Array(Gate.slip(file).content)).at
            (signed, signer) = try desk.network.directories.readSlip(file, at: at)
            guard signed.id == id else { throw SealingError(.slipBinding, "another letter than announced") }
            guard signed.slip.addressee(desk.identity.member) != nil else { throw SealingError(.slipBinding, "not addressed to us") }
        } catch {
            return try await turnAway(id, (error as? SealingError)?.code.rawValue ?? SealingError.Code.slipMalformed.rawValue)
        }
        guard let caseID = signed.slip.caseID else { return try await turnAway(id, SealingError.Code.slipBinding.rawValue) }
        // 3. Room: letters that wait for ancestors are bounded. What has no room stays with the broker.
        if signed.slip.lane == .normal, signed.slip.type == .step {
            let waiting = try store.read { try $0.waitingCount(caseID: caseID, sender: signed.slip.from) }
            guard waiting.ofCase < CaseFileLimits.waitingLettersPerCase, waiting.ofSender < CaseFileLimits.waitingLettersPerSender else {
                log("letter left with the broker: too many wait", id)
                return nil
            }
        }
        // 4. Its parts: those for us, and the pieces that lists name. Large ones go to files and resume inside a piece.
        guard let parts = try await collect(signed.slip, delivery) else {
            log("letter left with the broker: a part is not what the slip names", id)
            return nil
        }
        // 5. One transaction.
        try store.write { transaction in
            guard try transaction.inboxEntry(id) == nil else { return }
            if try transaction.letter(id) != nil {
                try transaction.setDelivered(id)
            } else {
                try transaction.add(
                    LetterRecord(
                        id: id, caseID: caseID, type: signed.slip.type, lane: signed.slip.lane, sender: signed.slip.from,
                        sent: signed.slip.at, direction: .in, state: .stored, roles: signer.roles, slip: signed.file, arrived: now),
                    ancestors: signed.slip.ancestors)
            }
            try transaction.receive(id, lane: signed.slip.lane)
            for (place, part) in parts.enumerated() {
                if let bytes = part.bytes {
                    try transaction.putPart(bytes, digest: part.digest, letter: id, place: place)
                } else {
                    try transaction.namePart(part.digest, size: part.size, letter: id, place: place)
                }
            }
            try hear(signed, transaction, now)
        }
        log("letter received", id)
        return true
    }

    /// Counters of the pair: a gap and a conflict are reported, never a reason to hold.
    private func hear(_ signed: SignedSlip, _ transaction: CaseTransaction, _ now: Instant) throws {
        guard let addressee = signed.slip.addressee(desk.identity.member) else { return }
        let heard = try transaction.hear(
            from: signed.slip.from, epoch: addressee.epoch, sequence: addressee.sequence, letter: signed.id)
        if heard.isConflict { try transaction.raise(Alarm(at: now, kind: .conflict, member: signed.slip.from, letter: signed.id)) }
        if heard.missing > 0 {
            try transaction.raise(Alarm(at: now, kind: .gap, member: signed.slip.from, letter: signed.id, detail: String(heard.missing)))
        }
    }

    /// A letter that cannot be authenticated: kept out of every graph, told to a person. It may be the directory that is old here, so
    /// it is asked for first.
    private func turnAway(_ id: LetterID, _ code: String) async throws -> Bool? {
        let isNew = try store.write { transaction in
            let isNew = try !transaction.alarms().contains { $0.kind == .unreadable && $0.letter == id }
            if isNew { try transaction.raise(Alarm(at: clock(), kind: .unreadable, letter: id, detail: code)) }
            return isNew
        }
        logger.warning("letter not authenticated", metadata: ["letter": "\(id.hex)", "code": "\(code)"])
        guard code == SealingError.Code.signerNotPermitted.rawValue else { return false }
        if isNew { try await fetchDocuments() }
        return nil
    }

    // MARK: Parts

    private struct CollectedPart {
        var digest: Digest
        var size: Int
        /// `nil` when it lies in a file already.
        var bytes: [UInt8]?
    }

    /// Everything under `parts/` that is for us; `nil` when a file is not what it is named.
    private func collect(_ slip: Slip, _ delivery: Delivery) async throws -> [CollectedPart]? {
        var parts: [CollectedPart] = []
        for reference in slip.parts where reference.recipient == desk.identity.member {
            guard let part = try await collect(reference.digest, delivery) else { return nil }
            parts.append(part)
            guard reference.pieces != nil else { continue }
            let list = try part.bytes ?? store.files.read(part.digest) ?? []
            guard let pieces = try? PieceList.read(list, reference: reference) else { return nil }
            for piece in pieces {
                guard let part = try await collect(piece, delivery) else { return nil }
                parts.append(part)
            }
        }
        return parts
    }

    private func collect(_ digest: Digest, _ delivery: Delivery) async throws -> CollectedPart? {
        if let bytes = delivery.letter.parts[digest] {
            guard Digest.sha256(bytes) == digest else { return nil }
            return CollectedPart(digest: digest, size: bytes.count, bytes: bytes)
        }
        if let size = store.files.size(digest) { return CollectedPart(digest: digest, size: size, bytes: nil) }
        // A piece at a time, so that memory stays flat; a broken fetch goes on where it ended, inside the piece.
        var offset = store.files.partialSize(digest)
        while true {
            let (bytes, size) = try await connection.part(digest, offset: offset, count: Self.fetchBytes)
            try store.files.appendPartial(bytes, of: digest, at: offset)
            offset += bytes.count
            guard size <= SealingLimits.partFileBytes else { return nil }
            if offset >= size { break }
            guard !bytes.isEmpty else { throw ExchangeError(.badAnswer, "an empty piece of a part") }
        }
        let whole = try store.files.partial(bytesOf: digest)
        store.files.dropPartial(digest)
        guard Digest.sha256(whole) == digest else { return nil }
        if whole.count <= CaseFileLimits.inlinePartBytes { return CollectedPart(digest: digest, size: whole.count, bytes: whole) }
        try store.files.write(whole, as: digest)
        return CollectedPart(digest: digest, size: whole.count, bytes: nil)
    }

    // MARK: Judging

    /// Judges everything that can be judged, urgent letters first.
    ///
    /// - Returns: how many letters were judged.
    func judgeAll() async throws -> Int {
        var judged = 0
        while let entry = try store.read({ try $0.unjudged(.stored, limit: 1) }).first {
            if try await judge(entry.letter) { judged += 1 }
        }
        return judged
    }

    /// Judges one letter; fetches the slips of ancestors that it lacks.
    private func judge(_ id: LetterID) async throws -> Bool {
        let delay = settings.receiptJitterSeconds > 0 ? Int64.random(in: 0...Int64(settings.receiptJitterSeconds)) : 0
        let judge = LetterJudge(desk: desk, now: clock(), receiptDelay: delay)
        switch try judge.judge(id) {
        case .judged(let state):
            log("letter judged", id, state.rawValue)
            return true
        case .recorded: return true
        case .held(let code):
            try hold(id, code)
            return false
        case .waiting(let missing):
            // A broker that cannot be asked now changes nothing: the letter waits, and so do others.
            let found = (try? await fetchAncestors(missing)) ?? 0
            if found == 0 { try hold(id, "letter.held") }
            return false
        }
    }

    private func hold(_ id: LetterID, _ code: String) throws {
        try store.write { transaction in
            try transaction.setState(.waiting, of: id)
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
        let found = try await connection.slips(Array(unknown.prefix(64)))
        return try keep(found)
    }

    /// Keeps slips of ancestors as context. Nothing of them is for us but their place in the graph.
    @discardableResult
    func keep(_ found: [ContextLetter]) throws -> Int {
        let directories = desk.network.directories
        let now = clock()
        func read(_ file: [UInt8]) -> (signed: SignedSlip, signer: Signer)? {
            guard let at = try? Slip.read(Array(Gate.slip(file).content)).at else { return nil }
            return try? directories.readSlip(file, at: at)
        }
        return try store.write { transaction in
            var new = 0
            for context in found {
                guard let (signed, signer) = read(context.slip), signed.id == context.id, let caseID = signed.slip.caseID else { continue }
                if try transaction.letter(signed.id) == nil {
                    try transaction.add(
                        LetterRecord(
                            id: signed.id, caseID: caseID, type: signed.slip.type, lane: signed.slip.lane, sender: signed.slip.from,
                            sent: signed.slip.at, direction: .context, state: .recorded, roles: signer.roles, slip: signed.file,
                            arrived: now),
                        ancestors: signed.slip.ancestors)
                    new += 1
                }
                guard let void = context.void, let (refusal, issuer) = read(void), issuer.isBroker, let about = refusal.slip.about,
                    about.letter == signed.id, let code = about.code
                else { continue }
                try transaction.add(
                    VoidRecord(
                        id: refusal.id, letter: about.letter, type: refusal.slip.type, code: code, stop: about.stop,
                        sender: refusal.slip.from, at: refusal.slip.at, slip: refusal.file))
            }
            return new
        }
    }
}
