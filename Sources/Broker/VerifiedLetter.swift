// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// A letter that has passed the gate: its signature verifies under a certificate of a directory, and its part files are those it names.
/// Whether the signer may write it, and whether the procedure allows it, the transaction judges.
struct VerifiedLetter: Sendable {
    let signed: SignedSlip
    let parts: [Digest: CheckedPart]
    /// Leaf hash of the event by which the sender's broker logged it, if a receipt came along that proves it.
    let source: Digest?
    /// What the procedure says, if the case is still as it was in memory when the letter was read.
    let judgement: Judgement?

    var id: LetterID { signed.id }
    var slip: Slip { signed.slip }
}

/// A verdict made beside the store, on several threads, of one state of the case. The transaction believes it only when that is still the
/// state it reads: versions of a case never come twice. Else it judges itself.
struct Judgement: Sendable {
    let version: Int64
    /// The sender's roles that it was made with.
    let roles: Set<String>
    let verdict: Verdict
    /// The case with the letter in it, when it opens the case and is admitted. Any other history is changed in place.
    let after: CaseHistory?

    init(_ step: Step, in history: CaseHistory, version: Int64) {
        self.version = version
        roles = step.roles
        verdict = history.verdict(on: step)
        switch verdict {
        case .admitted where version == 0, .flagged where version == 0:
            var history = history
            history.insert(step)
            after = history
        default: after = nil
        }
    }
}

/// A part file that is what its slip says, as far as can be seen without its key.
enum CheckedPart: Sendable {
    case sealed([UInt8])
    /// A piece that some list must name: which one, only the list tells.
    case piece([UInt8])
    case list([UInt8], pieces: [Digest])

    var bytes: [UInt8] {
        switch self {
        case .sealed(let bytes), .piece(let bytes), .list(let bytes, _): bytes
        }
    }
}

/// An ancestor's slip and, where it is void, the paper that says so, both verified.
struct VerifiedContext: Sendable {
    let signed: SignedSlip
    let void: SignedSlip?
}

/// The first half of taking a letter in: everything that needs no store. Runs on the verifying threads.
struct LetterReader: Sendable {
    let directories: Directories
    let trust: LogTrust
    let profiles: [Digest: Profile]
    let memory: CaseMemory

    /// - Returns: the letter, or the code of the error class that it is.
    func read(_ bundle: LetterBundle) -> Result<VerifiedLetter, SealingError> {
        Result {
            let signed = try slip(bundle.slip, id: bundle.id)
            let parts = try parts(bundle.parts, of: signed.slip)
            return VerifiedLetter(
                signed: signed, parts: parts, source: bundle.receipt.flatMap { source($0, of: signed) },
                judgement: judgement(of: signed))
        }.mapError { $0 as? SealingError ?? SealingError(.slipMalformed, "unexpected error") }
    }

    /// What the receipt of another broker's log proves of the letter.
    private func source(_ receipt: [UInt8], of signed: SignedSlip) -> Digest? {
        guard let receipt = try? LogReceipt(receipt),
            let origin = directories.broker(signed.slip.from)?.id ?? directories.broker(of: signed.slip.from)?.id,
            let proven = try? trust.verify(receipt, letter: signed.id, slip: .sha256(signed.file), of: origin)
        else { return nil }
        return proven.event.leafHash
    }

    /// Judges a letter of a case that is in memory, or that it opens.
    private func judgement(of signed: SignedSlip) -> Judgement? {
        let slip = signed.slip
        guard slip.type == .step || slip.type == .receipt, let caseID = slip.caseID else { return nil }
        let known = memory.look(caseID)
        guard
            var history = known?.history
                ?? (slip.root == nil
                    ? slip.profile.flatMap { profiles[$0.digest] }.map { CaseHistory(profile: $0) } : nil)
        else { return nil }
        history.learn(profiles)
        let step = Step(id: signed.id, slip: slip, roles: directories.roles(of: slip.from))
        return Judgement(step, in: history, version: known?.version ?? 0)
    }

    func read(_ context: ContextLetter) -> VerifiedContext? {
        guard let signed = try? slip(context.slip, id: context.id) else { return nil }
        guard let file = context.void else { return VerifiedContext(signed: signed, void: nil) }
        guard let void = try? SignedSlip.read(file, certificate: directories.certificate),
            void.slip.about?.letter == signed.id
        else {
            return nil
        }
        return VerifiedContext(signed: signed, void: void)
    }

    private func slip(_ file: [UInt8], id: LetterID) throws(SealingError) -> SignedSlip {
        let signed = try SignedSlip.read(file, certificate: directories.certificate)
        guard signed.id == id else { throw SealingError(.slipBinding, "not the letter that it is handed over as") }
        return signed
    }

    private func parts(_ files: [Digest: [UInt8]], of slip: Slip) throws(SealingError) -> [Digest: CheckedPart] {
        guard !files.isEmpty else { return [:] }
        var result: [Digest: CheckedPart] = [:]
        for reference in slip.parts {
            guard let file = files[reference.digest] else { continue }
            result[reference.digest] = try check(file, reference, of: slip)
        }
        // One file has one recipient, and one place.
        let pieces = result.values.flatMap { part -> [Digest] in
            if case .list(_, let pieces) = part { pieces } else { [] }
        }
        guard Set(pieces).count == pieces.count, Set(pieces).isDisjoint(with: slip.parts.map(\.digest)) else {
            throw SealingError(.partMismatch, "two lists name one piece")
        }
        let hasAttachments = slip.parts.contains { $0.pieces != nil }
        for (digest, file) in files where result[digest] == nil {
            guard hasAttachments else { throw SealingError(.partMismatch, "a part that the slip does not name") }
            try SealedPart.check(file, digest: digest, size: nil, recipient: nil)
            result[digest] = .piece(file)
        }
        return result
    }

    /// One part file against the entry of the slip that names it.
    func check(_ file: [UInt8], _ reference: PartReference, of slip: Slip) throws(SealingError) -> CheckedPart {
        if reference.pieces != nil { return .list(file, pieces: try PieceList.read(file, reference: reference)) }
        let certificate = slip.addressee(reference.recipient).flatMap { directories.certificate($0.certificate) }
        try SealedPart.check(file, digest: reference.digest, size: reference.size, recipient: certificate)
        return .sealed(file)
    }
}
