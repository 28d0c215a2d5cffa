// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// A letter that has passed the gate: its signature verifies under a certificate of a directory, and its part files are those it names.
/// Whether the signer may write it, and whether the procedure allows it, the transaction judges.
struct VerifiedLetter: Sendable {
    let signed: SignedSlip
    let parts: [Digest: CheckedPart]
    /// The acknowledgement, signed beforehand, so that no transaction waits for a signature.
    let relayed: [UInt8]

    var id: LetterID { signed.id }
    var slip: Slip { signed.slip }
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
    let broker: MemberID
    let signing: SigningIdentity
    let now: Instant

    /// - Returns: the letter, or the code of the error class that it is.
    func read(_ bundle: LetterBundle) -> Result<VerifiedLetter, SealingError> {
        Result {
            let signed = try slip(bundle.slip, id: bundle.id)
            let parts = try parts(bundle.parts, of: signed.slip)
            let relayed = try RelayedAcknowledgement.sign(letter: signed.id, slip: signed.file, broker: broker, at: now, by: signing)
            return VerifiedLetter(signed: signed, parts: parts, relayed: relayed)
        }.mapError { $0 as? SealingError ?? SealingError(.slipMalformed, "unexpected error") }
    }

    func read(_ context: ContextLetter) -> VerifiedContext? {
        guard let signed = try? slip(context.slip, id: context.id) else { return nil }
        guard let file = context.void else { return VerifiedContext(signed: signed, void: nil) }
        guard let void = try? SignedSlip.read(file, certificate: directories.certificate), void.slip.about?.letter == signed.id else {
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
