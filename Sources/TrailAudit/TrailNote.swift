// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import TransparencyLog

/// A file beside a log's leaves: a checkpoint, or a time stamp over one.
struct NoteFile: Sendable {
    let size: Int64
    let kind: TrailName.Note
    let bytes: [UInt8]
}

/// A checkpoint, verified by its log's policy: all that can be said of it without the leaves.
struct TrailNote: Sendable {
    let size: Int64
    let kind: TrailName.Note
    /// Of the file, signatures included: what a time stamp covers.
    let digest: Digest
    let verified: Result<VerifiedCheckpoint, LogError>

    init(_ file: NoteFile, by policy: LogPolicy) {
        (size, kind, digest) = (file.size, file.kind, .sha256(file.bytes))
        verified = Result { () throws(LogError) in try policy.verify(try SignedNote(file.bytes)) }
    }
}

extension TrailLog.Note {
    /// When exactly one of the authorities stamped this checkpoint; `nil` for what is no time stamp over it.
    func time(of token: [UInt8], by authorities: [TimeStampAuthority]) -> Instant? {
        let found = authorities.compactMap { try? TimeStamp(reading: token, over: digest.bytes, by: $0) }
        return found.count == 1 ? Instant(seconds: found[0].time) : nil
    }
}
