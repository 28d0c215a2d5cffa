// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure

extension WebResponse {
    /// An answer to a program.
    static func json(_ status: Int = 200, _ content: some Encodable) -> WebResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(content) else { return WebResponse(500) }
        return WebResponse(status, fields: ["content-type": "application/json"], body: [UInt8](body))
    }
}

extension Instant {
    private static let style = Date.ISO8601FormatStyle(timeZone: .gmt)

    /// RFC 3339 in UTC, whole seconds: `2026-11-21T10:00:00Z`.
    var rfc3339: String { Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(Self.style) }

    /// - Parameter text: exactly as ``rfc3339`` writes it.
    init?(rfc3339 text: String) {
        guard text.utf8.count == 20, text.hasSuffix("Z"), let date = try? Self.style.parse(text) else { return nil }
        self.init(seconds: Int64(date.timeIntervalSince1970))
        guard rfc3339 == text else { return nil }
    }
}
