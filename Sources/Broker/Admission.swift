// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure

/// What a transaction made of a letter. The receipt of one that is stored exists only when the log has signed, after the transaction.
enum Admission: Sendable {
    /// Stored and queued; `leaf` is that of its *accepted* or *arrived*.
    case stored(leaf: Int64)
    /// Anything else, as it is answered.
    case answered(PushOutcome)

    /// Whether its slip was kept.
    var isKept: Bool {
        switch self {
        case .answered(.rejected), .answered(.later): false
        case .stored, .answered: true
        }
    }

    static func awaitingParts(_ missing: [Digest]) -> Admission { .answered(.awaitingParts(missing)) }
    static func waiting(_ missing: [LetterID]) -> Admission { .answered(.waiting(missing)) }
    static func rejected(code: String) -> Admission { .answered(.rejected(code: code)) }
    static func later(code: String, seconds: Int) -> Admission { .answered(.later(code: code, seconds: seconds)) }
    static func refused(code: String, refusal: LetterID, stop: LetterID?) -> Admission {
        .answered(.refused(code: code, refusal: refusal, stop: stop))
    }
}
