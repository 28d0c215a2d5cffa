// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Membership

/// What an operator may change in `kheya.json`, under `options`. The peers come from the directory.
public struct BrokerSettings: Sendable, Hashable {
    /// Open letters that one member may have here, by lane: a flood of normal letters never takes the place of a stop.
    public var normalLettersOfAMember = 200_000
    public var urgentLettersOfAMember = 20_000
    /// Normal letters of one sender in a case, and twice as many in all. Replay keeps for each letter which ones come before it, so its cost
    /// grows with the square; a case of years has a few hundred.
    public var lettersInACase = 2_000
    /// Part files of one member's open letters, unfinished uploads counted with their whole size.
    public var bytesOfAMember: Int64 = 20 * 1_073_741_824
    /// What the store may grow to; `nil`: what the disk has.
    public var storeBytes: Int64?
    /// The first lease; ``BrokerLimits/leaseSeconds``. Shorter ones suit tests in which nodes die often.
    public var leaseSeconds = BrokerLimits.leaseSeconds
    /// Letters of one mailbox that may be leased at a time: what a node that never acknowledges can hide. Stops are handed out beyond it.
    public var leasedLetters = 1_024
    /// Between two requests for a cosignature while the log grows, and while it does not. *Assumed.*
    public var cosignSeconds: Int64 = 60
    public var heartbeatSeconds: Int64 = 900
    /// Where a time-stamping authority answers, whose chain lies in the home's `trust/time.pem`; `nil`: none is asked.
    public var timeAuthority: String?
    /// Between two time stamps while leaves about cases are added. *Assumed.*
    public var stampSeconds: Int64 = 900
    /// Threads that read and verify slips.
    public var verifyingThreads = 0

    public init() {}

    /// - Throws: ``MembershipError`` `.homeMalformed` naming the option.
    public init(_ options: [String: JSONValue]) throws(MembershipError) {
        var fields = FieldReader(options, place: "kheya.json.options", failure: .malformed)
        do {
            if let number = try fields.optionalInteger("normal_letters") { normalLettersOfAMember = Int(number) }
            if let number = try fields.optionalInteger("urgent_letters") { urgentLettersOfAMember = Int(number) }
            if let number = try fields.optionalInteger("case_letters") { lettersInACase = max(1, Int(number)) }
            if let number = try fields.optionalInteger("member_bytes") { bytesOfAMember = number }
            storeBytes = try fields.optionalInteger("store_bytes")
            if let number = try fields.optionalInteger("lease_seconds") { leaseSeconds = max(1, number) }
            if let number = try fields.optionalInteger("leased_letters") { leasedLetters = max(1, Int(number)) }
            if let number = try fields.optionalInteger("cosign_seconds") { cosignSeconds = max(1, number) }
            if let number = try fields.optionalInteger("heartbeat_seconds") { heartbeatSeconds = max(1, number) }
            if let number = try fields.optionalInteger("stamp_seconds") { stampSeconds = max(1, number) }
            if fields.has("time_authority") { timeAuthority = try fields.string("time_authority") }
            if let number = try fields.optionalInteger("verifying_threads") { verifyingThreads = min(64, Int(number)) }
            try fields.finish()
        } catch {
            throw MembershipError(.homeMalformed, error.reason)
        }
    }
}
