// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// Takes letters in, from the line or from a stick: whose they are, whether there is room, and the transaction that keeps them.
///
/// Nothing here needs a secret key, so that no answer tells a peer what happens inside.
struct LetterIntake {
    let desk: CaseDesk
    let now: Instant

    private var store: CaseStore { desk.store }
    private var member: MemberID { desk.identity.member }

    /// What is said of a letter before its parts are looked at.
    enum Sight {
        /// Known here: one effect, and the first answer again.
        case known
        case new(SignedSlip, Signer)
        /// Not a letter for us, or not from whom it says.
        case unreadable(code: String)
        /// Too many wait for their ancestors: it stays where it is.
        case noRoom
    }

    func look(at bundle: LetterBundle) throws -> Sight {
        if let known = try store.read({ try $0.letter(bundle.id) }), known.direction != .context {
            try store.write { transaction in
                if let receipt = try transaction.inboxEntry(bundle.id)?.receipt { try transaction.sendAgain(receipt) }
            }
            return .known
        }
        let signed: SignedSlip
        let signer: Signer
        do {
            // The broker judged the signer when the letter arrived there, which was not before the letter was sent.
            let at = try Slip.read(Array(Gate.slip(bundle.slip).content)).at
            (signed, signer) = try desk.network.directories.readSlip(bundle.slip, at: at)
        } catch {
            return .unreadable(
                code: (error as? SealingError)?.code.rawValue ?? SealingError.Code.slipMalformed.rawValue)
        }
        guard signed.id == bundle.id, signed.slip.addressee(member) != nil, let caseID = signed.slip.caseID else {
            return .unreadable(code: SealingError.Code.slipBinding.rawValue)
        }
        if signed.slip.lane == .normal, signed.slip.type == .step {
            let waiting = try store.read { try $0.waitingCount(caseID: caseID, sender: signed.slip.from) }
            if waiting.ofCase >= CaseFileLimits.waitingLettersPerCase
                || waiting.ofSender >= CaseFileLimits.waitingLettersPerSender
            {
                return .noRoom
            }
        }
        return .new(signed, signer)
    }

    /// A part file of a letter: in memory, or (`bytes` is `nil`) in a file already.
    struct Part {
        var digest: Digest
        var size: Int
        var bytes: [UInt8]?
    }

    /// The digests of all files under `parts/` that are for us; `nil` when a list is not the one that the slip names.
    ///
    /// - Parameter list: gives the file of a list.
    func needed(_ slip: Slip, list: (Digest) throws -> [UInt8]?) rethrows -> [Digest]? {
        var digests: [Digest] = []
        for reference in slip.parts where reference.recipient == member {
            digests.append(reference.digest)
            guard reference.pieces != nil else { continue }
            guard let file = try list(reference.digest), let pieces = try? PieceList.read(file, reference: reference)
            else { return nil }
            digests += pieces
        }
        return digests
    }

    /// Keeps a letter with all its parts, to be judged. When this returns it may be acknowledged; a crash before leaves it with whoever
    /// handed it over, one after it finds it in the inbox.
    func keep(_ signed: SignedSlip, _ signer: Signer, parts: [Part]) throws {
        guard let caseID = signed.slip.caseID else { throw CaseFileError(.damaged, "a letter without a case") }
        let id = signed.id
        try store.write { transaction in
            guard try transaction.inboxEntry(id) == nil else { return }
            if try transaction.letter(id) != nil {
                try transaction.setDelivered(id)
            } else {
                try transaction.add(
                    LetterRecord(
                        id: id, caseID: caseID, type: signed.slip.type, lane: signed.slip.lane,
                        sender: signed.slip.from,
                        sent: signed.slip.at, direction: .in, state: .stored, roles: signer.roles, slip: signed.file,
                        arrived: now),
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
            try hear(signed, transaction)
        }
    }

    /// Counters of the pair: a gap and a conflict are reported, never a reason to hold.
    private func hear(_ signed: SignedSlip, _ transaction: CaseTransaction) throws {
        guard let addressee = signed.slip.addressee(member) else { return }
        let heard = try transaction.hear(
            from: signed.slip.from, epoch: addressee.epoch, sequence: addressee.sequence, letter: signed.id)
        if heard.isConflict {
            try transaction.raise(Alarm(at: now, kind: .conflict, member: signed.slip.from, letter: signed.id))
        }
        if heard.missing > 0 {
            try transaction.raise(
                Alarm(at: now, kind: .gap, member: signed.slip.from, letter: signed.id, detail: String(heard.missing)))
        }
    }

    /// Tells a person of a letter that could not be authenticated; it is in no graph.
    ///
    /// - Returns: whether this is the first time.
    func alarm(_ letter: LetterID, code: String) throws -> Bool {
        try store.write { transaction in
            guard try !transaction.alarms().contains(where: { $0.kind == .unreadable && $0.letter == letter }) else {
                return false
            }
            try transaction.raise(Alarm(at: now, kind: .unreadable, letter: letter, detail: code))
            return true
        }
    }

    /// Keeps slips of ancestors as context: nothing of them is for us but their place in the graph.
    ///
    /// - Returns: how many are new here.
    @discardableResult
    func keep(_ found: [ContextLetter]) throws -> Int {
        let directories = desk.network.directories
        func read(_ file: [UInt8]) -> (signed: SignedSlip, signer: Signer)? {
            guard let at = try? Slip.read(Array(Gate.slip(file).content)).at else { return nil }
            return try? directories.readSlip(file, at: at)
        }
        return try store.write { transaction in
            var new = 0
            for context in found {
                guard let (signed, signer) = read(context.slip), signed.id == context.id,
                    let caseID = signed.slip.caseID
                else { continue }
                if try transaction.letter(signed.id) == nil {
                    try transaction.add(
                        LetterRecord(
                            id: signed.id, caseID: caseID, type: signed.slip.type, lane: signed.slip.lane,
                            sender: signed.slip.from,
                            sent: signed.slip.at, direction: .context, state: .recorded, roles: signer.roles,
                            slip: signed.file,
                            arrived: now),
                        ancestors: signed.slip.ancestors)
                    new += 1
                }
                guard let void = context.void, let (refusal, issuer) = read(void), issuer.isBroker,
                    let about = refusal.slip.about,
                    about.letter == signed.id, let code = about.code, refusal.slip.caseID == caseID,
                    directories.serves(refusal.slip.from, signed.slip)
                else { continue }
                guard let letter = try transaction.letter(signed.id) else { continue }
                let wasVoid = try transaction.isVoid(letter)
                try transaction.add(
                    VoidRecord(
                        id: refusal.id, letter: about.letter, type: refusal.slip.type, code: code, stop: about.stop,
                        sender: refusal.slip.from, at: refusal.slip.at, slip: refusal.file))
                if try transaction.isVoid(letter) != wasVoid {
                    try LetterJudge(desk: desk, now: now, receiptDelay: 0)
                        .judgeAgain(after: letter.id, in: caseID, transaction)
                }
            }
            return new
        }
    }
}
