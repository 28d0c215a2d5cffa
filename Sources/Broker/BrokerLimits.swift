// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import MessageStore

/// Bounds on what a stranger, a flood or a fault can make a broker hold or do. Protocols/Queue.md, "Limits".
public enum BrokerLimits {
    /// Letters, or ancestors, in one push: as many as share a commit a few times over.
    public static let lettersInAPush = 256
    public static let contextInAPush = 512
    /// Ids in one request for slips, or in one acknowledgement.
    public static let idsInARequest = 1_024
    /// Slips that wait for ancestors. A case's own letters seldom run further ahead than this; beyond it: "later".
    public static let waitingInACase = 64
    public static let waitingFromAMember = 1_000
    /// Missing parts named in one answer: put them, then push again.
    public static let missingPartsInAnAnswer = 64
    /// A part file up to this size comes along with its letter; a longer one is fetched by digest, so that it can resume.
    public static let partInABundleBytes = 65_536
    /// One batch of letters with their small parts: what an answer holds in memory.
    public static let bundleBytes = 4_194_304
    /// What one file of an archive costs beside its bytes.
    public static let archiveBytes = 2_048
    /// Letters of one sender in a case in which it has no part.
    public static let strangersLettersInACase = 64
    /// Small parts that an urgent letter brings along, beyond every quota of bytes.
    public static let urgentPartsBytes = 262_144
    /// A broker's word on who could sign goes back so far: as long as a letter may be under way.
    public static let oldestContextSeconds: Int64 = 90 * 86_400
    /// Letters in one pull.
    public static let lettersInAPull = 256
    /// A long poll waits at most so long, so that a dead line is noticed.
    public static let waitSeconds = 120
    /// A lease the first time; it doubles with each try up to the last value. A node that died gets its letters again soon; one that
    /// cannot digest a letter is not given it in a loop.
    public static let leaseSeconds: Int64 = 60
    public static let longestLeaseSeconds: Int64 = 3_600
    /// Rest after a letter was not taken by the other broker; doubles up to the last value.
    public static let forwardRestSeconds: Int64 = 2
    public static let longestForwardRestSeconds: Int64 = 900
    /// Rest after the other broker could not be reached at all. Time off is not a try.
    public static let reconnectSeconds: Double = 0.5
    public static let longestReconnectSeconds: Double = 30
    /// Letters that are under way to one broker in one push.
    public static let lettersInAForward = 64
    /// Above this share of the store new normal letters get "later"; what is left is for stops, receipts and notices.
    public static let fullFraction = 0.9
    /// An unfinished upload nobody went on with is dropped after a week: a line that is down for longer starts the part anew.
    public static let spoolSeconds: Int64 = 7 * 86_400
    /// Histories of cases kept in memory: 1,000 of 135 letters are about 100 MB at the very most, and rebuilding one is cheap.
    public static let casesInMemory = 1_000
    /// Letters given up, or parts deleted, in one transaction.
    public static let sweptInATransaction = 64
    /// Leaves of another log that are mirrored before it has shown a checkpoint of them. *Assumed:* about 250 MiB.
    static let leavesAhead: Int64 = 4_194_304
    /// Checkpoint files kept of logs that signed two histories.
    static let conflicts = 64
    /// Between two `heads` events.
    public static let headsSeconds: Int64 = 86_400
    /// Between two time stamps when nothing about cases was added.
    public static let stampIdleSeconds: Int64 = 3_600
    /// Rest after a time-stamping authority did not answer.
    public static let stampRetrySeconds: Int64 = 30
    /// Leaves in one request to a mirror.
    public static let leavesInARequest: Int64 = 16_384
    /// Between two sweeps when nothing is due.
    public static let sweepSeconds = 30
}

extension StoreRoom {
    /// Whether only stops, receipts and papers are taken.
    var isNearlyFull: Bool { fraction >= BrokerLimits.fullFraction }
}
