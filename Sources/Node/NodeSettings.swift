// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Membership

/// How a node runs: `options` in `kheya.json` of its home. Every default is a choice that an operator may change.
///
/// - SeeAlso: Protocols/CaseFile.md, "Settings".
public struct NodeSettings: Sendable, Hashable {
    /// Days until a normal letter is given up with a notice; 1 to 90.
    public var expiryDays: Int64 = 90
    /// How long one question for letters waits at the broker.
    public var pullWaitSeconds = 25
    /// Letters handed over or fetched in one call.
    public var batchLetters = 64
    /// The longest back-off between two tries.
    public var retrySeconds = 300
    /// Receipts wait so long at most before they leave, a random time: prompt ones tell who talks to whom. 0 in demo and bench.
    public var receiptJitterSeconds = 0
    /// How often the broker is asked for newer directories and profiles.
    public var documentsSeconds = 900
    /// Sealed part files stay after they were opened here, or by all addressees, so that a letter can be exported whole and checked
    /// with stock tools. They are then readable as long as the sealing key is, whatever becomes of the case's key: for practice, and
    /// for a node whose disk nobody else can have.
    public var keepsSealedParts = false

    /// What people here read where nobody says otherwise, BCP 47: one of ``ProgramWords/languages``.
    public var language = "en"

    public init() {}

    /// - Throws: ``MembershipError`` `.homeMalformed` naming the option.
    public init(_ home: HomeSettings) throws(MembershipError) {
        self.init()
        expiryDays = Int64(try Self.number(home, "expiry_days", 1...90) ?? Int(expiryDays))
        pullWaitSeconds = try Self.number(home, "pull_wait_seconds", 0...60) ?? pullWaitSeconds
        batchLetters = try Self.number(home, "batch_letters", 1...256) ?? batchLetters
        retrySeconds = try Self.number(home, "retry_seconds", 1...86_400) ?? retrySeconds
        receiptJitterSeconds = try Self.number(home, "receipt_jitter_seconds", 0...3_600) ?? receiptJitterSeconds
        documentsSeconds = try Self.number(home, "documents_seconds", 1...86_400) ?? documentsSeconds
        if let value = home.options["language"] {
            guard case .string(let language) = value, ProgramWords.languages.contains(language) else {
                throw MembershipError(
                    .homeMalformed,
                    "kheya.json: options.language is not one of \(ProgramWords.languages.joined(separator: ", "))")
            }
            self.language = language
        }
        if let value = home.options["keep_sealed"] {
            guard case .bool(let keeps) = value else {
                throw MembershipError(.homeMalformed, "kheya.json: options.keep_sealed is neither true nor false")
            }
            keepsSealedParts = keeps
        }
    }

    private static func number(_ home: HomeSettings, _ name: String, _ range: ClosedRange<Int>) throws(MembershipError)
        -> Int?
    {
        guard let value = home.options[name] else { return nil }
        guard case .integer(let number) = value, range.contains(Int(number)) else {
            throw MembershipError(
                .homeMalformed, "kheya.json: options.\(name) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }
}
