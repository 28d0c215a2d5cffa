// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Foundation

/// What the figures were measured on: without it a rate means nothing.
enum Machine {
    static var processor: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
            .map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }

    static var system: String { ProcessInfo.processInfo.operatingSystemVersionString }

    static var libcrypto: String { String(cString: floors_libcrypto()) }

    /// Who else was busy: load over one minute.
    static var load: String {
        ((try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "?").split(separator: " ").first.map(
            String.init) ?? "?"
    }
}
