// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// What the transparency log is told, in the transaction in which it happens. Protocols/Log.md §3.1.
extension BrokerTransaction {
    func log(_ content: LogEvent.Content, in caseID: CaseID?) throws {
        try store.log(content, in: caseID, at: view.now)
    }

    /// The letter is *accepted* or *arrived*: when it is queued; earlier when it begins to wait, or takes effect without its parts. Once.
    ///
    /// - Parameters:
    ///   - record: gets its leaf; the caller stores it.
    ///   - file: of its slip, if that is not in the store yet.
    func logArrival(_ record: inout LetterRecord, _ verdict: LogEvent.Verdict, file: [UInt8]? = nil) throws {
        guard record.leaf == nil else { return }
        let slip = Digest.sha256(try file ?? store.slip(record.id) ?? [])
        let content: LogEvent.Content =
            if let source = record.source {
                .arrived(letter: record.id, slip: slip, verdict: verdict, source: source)
            } else {
                .accepted(letter: record.id, slip: slip, verdict: verdict)
            }
        record.verdict = verdict
        record.leaf = try store.log(content, in: record.caseID, at: view.now)
    }

    /// A letter that had to wait could be judged.
    func logJudged(_ record: inout LetterRecord, _ verdict: LogEvent.Verdict) throws {
        guard record.verdict == .waiting || record.verdict == .gap, record.leaf != nil else { return }
        record.verdict = verdict
        try store.update(record)
        try log(.admitted(letter: record.id, verdict: verdict), in: record.caseID)
    }
}

extension Verdict {
    /// Of a letter that is not refused and does not wait.
    var logged: LogEvent.Verdict { if case .flagged = self { .flagged } else { .admitted } }
}
