// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a command ended without success: what was wrong, and what cures it.
public struct CommandFailure: Error, Sendable, Equatable {
    public let status: ExitStatus
    /// A stable word for programs: the code of the module that refused, or the status's own word.
    public let code: String
    /// One sentence; never personal data.
    public let message: String
    /// What to do about it; empty where nothing helps.
    public let cure: String
    /// What belongs to it, line by line, for people: what is wrong with a form, what was refuted.
    public let details: [String]
    /// The fields of a form that are wrong, in codes: `F/traffickers_near: missing`.
    public let findings: [String]

    public init(
        _ status: ExitStatus, code: String? = nil, _ message: String, cure: String = "", details: [String] = [],
        findings: [String] = []
    ) {
        self.status = status
        self.code = code ?? status.word
        self.message = message
        self.cure = cure
        self.details = details
        self.findings = findings
    }

    public static func == (left: Self, right: Self) -> Bool { left.status == right.status && left.code == right.code }
}
