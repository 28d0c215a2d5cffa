// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// Bounds on what a browser can make the node hold, and how long a sign-in lasts. Protocols/Web.md, "Limits".
enum WebLimits {
    /// 256 KiB: the longest form of a profile with every text at its own limit.
    static let formBytes = 262_144
    /// Names in one form.
    static let formFields = 1_000
    /// 16 MiB: a telephone's photo has a third of it, a scan of twenty pages too.
    static let fileBytes = 16_777_216
    /// 32 MiB: some thousand letters; larger bundles are verified by command, which reads a stream.
    static let bundleBytes = 33_554_432
    /// 192 KiB: a piece with its fields stays below what any form may have.
    static let pieceBytes = 196_608
    /// All files of one draft.
    static let draftFileBytes = 134_217_728
    /// Files that come whole at the same time are held in memory.
    static let filesAtOnce = 4
    /// What is too large is read to its end, so that the browser reads the answer; beyond this the line is cut.
    static let drainedBytes = 268_435_456
    /// A phone left on a table: 15 minutes without a request end the session …
    static let idleSeconds: Int64 = 900
    /// … and a working day ends it in any case.
    static let sessionSeconds: Int64 = 28_800
    /// A slip is handed over within three days.
    static let slipSeconds: Int64 = 259_200
    /// For so long a form whose session has died may still add to its draft.
    static let draftTokenSeconds: Int64 = 86_400
    /// Rows of a list before *more*.
    static let rows = 20
    /// 32 KiB: what a bundle's stories may bring to a page, whose budget holds all of it.
    static let storyBytes = 32_768
    /// Rows of the list of cases; the others are found by their reference.
    static let cases = 50
    /// How often a session's last request is written down.
    static let seenSeconds: Int64 = 10
    /// scrypt takes 128 MiB each: no more at once, whoever asks …
    static let passwordThreads = 2
    /// … and no more in line.
    static let passwordLine = 16
    /// Failed sign-ins of a name before the next answer is held back, doubling up to the longest.
    static let freeFailures = 3
    static let longestDelaySeconds = 8
    /// Attempts that are held back at once, of one name and of all: they stand in nobody's way.
    static let heldBackOfName = 4
    static let heldBack = 64
    /// Failures of one name that raise an alarm.
    static let alarmingFailures = 10
    /// Names whose failures are remembered.
    static let rememberedNames = 4_096
    /// Cases, and letters of the inbox, in one answer to a program.
    static let casesOfAnswer = 200
    static let lettersOfAnswer = 100
    /// How often the last use of a token is written down.
    static let tokenUsedSeconds: Int64 = 3_600
    /// Characters of a password.
    static let passwordCharacters = 12...1_024
}
