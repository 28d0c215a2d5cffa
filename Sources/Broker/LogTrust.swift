// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import Synchronization
import TransparencyLog

/// Whom to believe about other brokers' logs, by the directories as they are now.
///
/// A push of many letters brings one checkpoint under all its receipts, so the last ones verified are remembered.
final class LogTrust: Sendable {
    private static let remembered = 64
    let logs: [String: ListedLog]
    private let verified = Mutex<[SignedNote: VerifiedCheckpoint]>([:])

    init(_ directories: Directories) { logs = directories.logs }

    /// - Throws: ``LogError`` as ``LogReceipt/verify(by:letter:slip:)``; `.unsigned` for a log that is not this broker's.
    func verify(
        _ receipt: LogReceipt, letter: LetterID, slip: Digest, of broker: MemberID
    ) throws(LogError) -> LogReceipt.Proven {
        let origin = try Checkpoint(text: receipt.note.text).origin
        guard let log = logs[origin], log.broker == broker else {
            throw LogError(.unsigned, "no log of this broker")
        }
        let checkpoint: VerifiedCheckpoint
        if let known = verified.withLock({ $0[receipt.note] }) {
            checkpoint = known
        } else {
            checkpoint = try log.policy.verify(receipt.note)
            verified.withLock { verified in
                if verified.count >= Self.remembered { verified = [:] }
                verified[receipt.note] = checkpoint
            }
        }
        return try receipt.verify(in: checkpoint, letter: letter, slip: slip)
    }
}

extension Directories {
    /// The directories that are held, and the profiles that every authority has put in force, as the log names them.
    var documentsInForce: [StoredDocument] {
        let profiles = Set(profilesInForce.map(\.digest))
        return documents.compactMap { document in
            guard let content = try? Gate.slip(document.slip).content, let slip = try? Slip.read(Array(content)),
                let file = slip.file, slip.type == .directory || profiles.contains(file.digest)
            else { return nil }
            return StoredDocument(
                kind: slip.type,
                document: LogEvent.Document(
                    letter: .sha256(content), slip: .sha256(document.slip), file: file.digest, version: file.version),
                slip: document.slip, file: document.file)
        }
    }
}
