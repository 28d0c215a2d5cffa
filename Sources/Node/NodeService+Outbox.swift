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
import TransparencyLog

extension NodeService {
    /// Part files up to this size go along with their slip; larger ones follow by digest, resumable.
    private static let inlineBytes = CaseFileLimits.inlinePartBytes
    /// A day: a step that the broker has stored and its readers have not answered is handed over again. A broker that still has it
    /// answers as before; one that was put back to an older copy of its disk gets it anew. *Assumed.*
    private static let againSeconds: Int64 = 86_400
    /// 4 MiB: what one call carries.
    private static let batchBytes = 4 * 1_048_576

    /// Hands what is due to the broker, urgent letters first, until nothing is.
    ///
    /// A letter leaves the outbox only by the broker's *stored*, by its signed refusal, or by a notice; everything else leaves it there
    /// to be tried again. A crash after the broker stored it and before we wrote that down sends it once more: the broker answers as
    /// before.
    ///
    /// - Returns: how many letters were settled.
    func pushDue() async throws -> Int {
        var settled = 0
        if try store.read({ try $0.hasUnanswered(at: clock()) }) {
            try store.write { try $0.makeUnansweredDue(at: clock()) }
        }
        while true {
            let due = try store.read { try $0.due(at: clock(), limit: settings.batchLetters) }
            guard let lane = due.first?.lane else { return settled }
            // A stop does not share a request with megabytes, which a thin line may never get through.
            let entries = due.prefix { $0.lane == lane }
            var bundles: [LetterBundle] = []
            var budget = Self.batchBytes
            for entry in entries { bundles.append(try bundle(entry.letter, budget: &budget)) }
            let outcomes = try await connection.push(bundles, context: [])
            guard outcomes.count == bundles.count else {
                throw ExchangeError(.badAnswer, "\(outcomes.count) answers for \(bundles.count) letters")
            }
            var check = try receiptCheck()
            for (bundle, outcome) in zip(bundles, outcomes) {
                if try await settle(bundle, outcome, lane: lane, &check) { settled += 1 }
            }
        }
    }

    /// A letter of the outbox with the parts that go along.
    private func bundle(_ id: LetterID, budget: inout Int) throws -> LetterBundle {
        try store.read { transaction in
            guard let letter = try transaction.letter(id) else {
                throw CaseFileError(.damaged, "a letter of the outbox is gone")
            }
            var bundle = LetterBundle(id: id, slip: letter.slip)
            budget -= letter.slip.count
            for part in try transaction.partSizes(of: id) where part.size <= Self.inlineBytes && part.size <= budget {
                bundle.parts[part.digest] = try transaction.part(part.digest)
                budget -= part.size
            }
            return bundle
        }
    }

    /// Acts on the broker's answer for one letter; whether the letter came to an end.
    private func settle(
        _ bundle: LetterBundle, _ first: PushOutcome, lane: Lane, _ check: inout ReceiptCheck
    ) async throws -> Bool {
        var outcome = first
        // Each round brings the letter further: parts are put, context is given. The bound only guards against a broker that asks
        // for the same thing for ever.
        for _ in 0..<64 {
            switch outcome {
            case .stored(let relayed):
                guard let checkpoint = try await verify(relayed, of: bundle, &check) else { return false }
                let (keeps, now) = (settings.keepsSealedParts, clock())
                let files = try store.write { transaction in
                    // Only its readers' receipts end a step; the word of a broker that lost its disk is worth nothing.
                    let isAnswerable = try transaction.letter(bundle.id)?.type == .step
                    try transaction.settle(
                        bundle.id, as: .stored, at: now, relayed: relayed,
                        again: isAnswerable ? now + Self.againSeconds : nil)
                    try transaction.keep(checkpoint.checkpoint.seen, note: checkpoint.note.bytes)
                    // A stick was faster than the line: everybody may have answered already.
                    return try transaction.endAnswered(bundle.id, keeps: keeps)
                }
                for file in files { store.files.remove(file) }
                log("letter stored by the broker", bundle.id)
                return true
            case .refused(let code, _, let stop):
                try store.write { try $0.settle(bundle.id, as: .refused, at: clock(), code: code, stop: stop) }
                log("letter refused by the broker", bundle.id, code)
                return true
            case .rejected(let code) where code == SealingError.Code.signerNotPermitted.rawValue:
                // After a renewal the broker's directory may be behind ours for a while: that passes.
                try postpone(bundle.id, seconds: 60, code)
                logger.warning("letter not accepted yet", metadata: ["letter": "\(bundle.id.hex)", "code": "\(code)"])
                return false
            case .rejected(let code):
                try store.write { transaction in
                    try transaction.settle(bundle.id, as: .rejected, at: clock(), code: code)
                    try transaction.raise(Alarm(at: clock(), kind: .rejected, letter: bundle.id, detail: code))
                }
                log("letter rejected by the broker", bundle.id, code)
                return true
            case .later(let code, let seconds):
                try postpone(bundle.id, seconds: Int64(max(1, seconds)), code)
                return false
            case .awaitingParts(let digests):
                for digest in digests {
                    switch try await upload(digest, lane: lane) {
                    case .put: continue
                    case .madeWay: return false
                    case .putOff(let code):
                        try postpone(bundle.id, seconds: 60, code)
                        return false
                    case .missing:
                        // One damaged letter must not keep the others, stops among them, from leaving.
                        try postpone(bundle.id, seconds: 3_600, "part-missing")
                        try store.write {
                            try $0.raise(Alarm(at: clock(), kind: .rejected, letter: bundle.id, detail: "part-missing"))
                        }
                        return false
                    }
                }
                outcome = try await pushAgain(bundle, context: [])
            case .waiting(let ids):
                let context = try contextLetters(ids)
                // Ancestors of our own that are on their way in this same outbox need no help.
                guard !context.isEmpty else {
                    try postpone(bundle.id, seconds: 2, "waiting")
                    return false
                }
                outcome = try await pushAgain(bundle, context: context)
            }
        }
        try postpone(bundle.id, seconds: 30, "no-progress")
        return false
    }

    /// What the broker's receipts are checked against, for one round.
    func receiptCheck() throws -> ReceiptCheck {
        let directories = desk.network.directories
        return ReceiptCheck(
            directories: directories, broker: directories.member(desk.identity.member)?.broker ?? desk.identity.member,
            known: try store.read { try $0.checkpoints() })
    }

    /// A receipt that does not verify proves nothing: it is an alarm, and the letter stays, to be handed over again.
    private func verify(
        _ receipt: [UInt8], of bundle: LetterBundle, _ check: inout ReceiptCheck
    ) async throws -> VerifiedCheckpoint? {
        do {
            return try await check.verify(receipt, of: bundle, proof: provingConnection)
        } catch let error as LogError {
            let code = error.code.rawValue
            try postpone(bundle.id, seconds: 300, code)
            try store.write { try $0.raise(Alarm(at: clock(), kind: .logForged, letter: bundle.id, detail: code)) }
            logger.error("receipt not believed", metadata: ["letter": "\(bundle.id.hex)", "code": "\(code)"])
            return nil
        }
    }

    /// Asks the broker how one tree of its log leads to another.
    var provingConnection: ReceiptCheck.Proof {
        { [connection] origin, from, to in
            do {
                return try await connection.logProof(of: origin, from: from, to: to)
            } catch let error as ExchangeError where [.notFound, .badRequest].contains(error.code) {
                // It has shown both trees, and cannot lead from one to the other: it was put back to an older copy, or has two.
                throw LogError(.inconsistent, "the broker cannot prove what it has shown")
            }
        }
    }

    private func pushAgain(_ bundle: LetterBundle, context: [ContextLetter]) async throws -> PushOutcome {
        // Without parts: the broker has those that came along, and asks for the others.
        let again = LetterBundle(id: bundle.id, slip: bundle.slip)
        guard let outcome = try await connection.push([again], context: context).first else {
            throw ExchangeError(.badAnswer, "no answer for a letter")
        }
        return outcome
    }

    private func postpone(_ letter: LetterID, seconds: Int64, _ code: String) throws {
        let jitter = seconds > 4 ? Int64.random(in: 0...(seconds / 4)) : 0
        try store.write { try $0.postpone(letter, until: clock() + seconds + jitter, code: code) }
    }

    private enum Upload {
        case put
        /// The file is not here.
        case missing
        /// Something urgent is due. The upload goes on afterwards, where it stands.
        case madeWay
        /// The broker does not take it now: a quota, no room, or another file than it knows under this digest.
        case putOff(String)
    }

    /// Puts a part file in pieces, going on where an earlier upload broke.
    private func upload(_ digest: Digest, lane: Lane) async throws -> Upload {
        guard let bytes = try store.read({ try $0.part(digest) }) else { return .missing }
        var state = try await connection.partState(digest)
        while true {
            let offset: Int
            switch state {
            case .stored: return .put
            case .missing: offset = 0
            case .partial(let count): offset = count
            }
            guard offset < bytes.count || bytes.isEmpty else {
                throw ExchangeError(.badAnswer, "more of a part than it has")
            }
            if lane == .normal, try store.read({ try $0.due(at: clock(), limit: 1) }).first?.lane == .urgent {
                return .madeWay
            }
            let end = min(bytes.count, offset + uploadPace.bytes)
            do {
                let start = ContinuousClock.now
                state = try await connection.putPart(
                    digest, offset: offset, bytes: Array(bytes[offset..<end]), size: bytes.count)
                uploadPace.note(ContinuousClock.now - start)
            } catch let error as ExchangeError {
                uploadPace.broke()
                guard [.busy, .badRequest, .notFound].contains(error.code) else { throw error }
                return .putOff(error.code.rawValue)
            }
        }
    }

    /// The slips of ancestors that the broker does not know, as far as they do not wait in our own outbox.
    private func contextLetters(_ ids: [LetterID]) throws -> [ContextLetter] {
        try store.read { transaction in
            try ids.compactMap { id in
                guard let letter = try transaction.letter(id), letter.state != .unreadable,
                    try transaction.outboxEntry(id)?.state != .waiting
                else { return nil }
                return ContextLetter(id: id, slip: letter.slip, void: try transaction.voids(of: id).first?.slip)
            }
        }
    }

    func log(_ message: Logger.Message, _ letter: LetterID, _ code: String? = nil) {
        var metadata: Logger.Metadata = ["letter": "\(letter.hex)"]
        if let code { metadata["code"] = "\(code)" }
        logger.info(message, metadata: metadata)
    }
}
