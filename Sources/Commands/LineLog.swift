// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging

/// The log of a long-running process: one JSON object a line on standard output, for journald or a file.
///
/// What modules log is ids, codes and counts only; this handler prints fields by name and drops none, so a field that could name a
/// person must not be logged in the first place. A test searches the logs of whole cases for such fields.
struct LineLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String

    init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { $1 } }
        let now = Moment.text(Moment.now())
        var line =
            "{\"at\":\"\(now)\",\"level\":\"\(event.level.rawValue)\",\"part\":\"\(label)\",\"event\":\(Self.quoted(event.message.description))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += ",\(Self.quoted(key)):\(Self.quoted("\(value)"))"
        }
        Console.write(Data((line + "}\n").utf8), to: .standardOutput)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Logger {
    /// A logger that writes such lines.
    static func lines(_ label: String, level: Level) -> Logger {
        Logger(label: label) { LineLog(label: $0, level: level) }
    }
}
