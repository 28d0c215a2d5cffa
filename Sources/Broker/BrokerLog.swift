// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Logging
import Procedure

/// The broker's log: fixed messages, and of values only ids, codes and counts. Nothing else has a way in.
struct BrokerLog: Sendable {
    enum Level { case info, notice, warning, error }

    enum Value {
        case letter(LetterID)
        case member(MemberID)
        /// A case pseudonym.
        case caseID(CaseID)
        /// Of a closed list in our own code, or a slip's, which the reader has checked.
        case code(String)
        case count(Int)
    }

    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func callAsFunction(_ severity: Level, _ message: StaticString, _ values: KeyValuePairs<StaticString, Value> = [:])
    {
        let level: Logger.Level =
            switch severity {
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [:]
        for (key, value) in values {
            metadata["\(key)"] =
                switch value {
                case .letter(let id): "\(id.hex)"
                case .member(let id): "\(id.text)"
                case .caseID(let id): "\(id.text)"
                case .code(let code): "\(code)"
                case .count(let count): "\(count)"
                }
        }
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}
