// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// How a run of `kheya` ended: one table for all commands, those of sysexits.h where it has one.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done; what was checked holds.
    case success = 0
    /// It failed; the message says what state remains.
    case failure = 1
    /// A check does not hold: a signature, a directory, the state of this machine.
    case checkFailed = 2
    /// It holds so far, but something is missing.
    case incomplete = 3
    /// The procedure does not allow it; the guard or reason is named.
    case refused = 4
    /// The command line itself is wrong.
    case usage = 64
    /// The input is there and malformed.
    case dataError = 65
    /// The input, the case or the letter is not there.
    case noInput = 66
    /// The broker, or something this needs, does not answer.
    case unavailable = 69
    /// A bug of this program.
    case software = 70
    /// It would overwrite what exists, or could not create it.
    case cannotCreate = 73
    /// Reading or writing failed: disk full, a broken stick.
    case inputOutput = 74
    /// Busy or queued: the same command later.
    case tryLater = 75
    /// This account, member or key may not do that.
    case notPermitted = 77
    /// Settings or a home that do not fit.
    case configuration = 78

    /// The word in `--json` output.
    public var word: String {
        switch self {
        case .success: "ok"
        case .failure: "failed"
        case .checkFailed: "check-failed"
        case .incomplete: "incomplete"
        case .refused: "refused"
        case .usage: "usage"
        case .dataError: "bad-data"
        case .noInput: "no-input"
        case .unavailable: "unavailable"
        case .software: "bug"
        case .cannotCreate: "cannot-create"
        case .inputOutput: "io"
        case .tryLater: "try-later"
        case .notPermitted: "not-permitted"
        case .configuration: "configuration"
        }
    }

    /// The meaning in one line, for `kheya help exit-codes` and the manual.
    var meaning: String {
        switch self {
        case .success: "done; what was checked holds"
        case .failure: "failed; the message says what state remains"
        case .checkFailed: "a check does not hold"
        case .incomplete: "holds so far, something is missing"
        case .refused: "refused by the procedure; the guard is named"
        case .usage: "the command line is wrong"
        case .dataError: "the input is malformed"
        case .noInput: "the input, case or letter is not there"
        case .unavailable: "the broker, or something needed, does not answer"
        case .software: "a bug of this program"
        case .cannotCreate: "it exists already, or cannot be created"
        case .inputOutput: "reading or writing failed, or the disk is full"
        case .tryLater: "busy or queued: try again later"
        case .notPermitted: "this account, member or key may not do that"
        case .configuration: "the settings or the home do not fit"
        }
    }

    /// The whole table, as `--help` prints it.
    static var table: String {
        let lines = allCases.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 2 - number.count) + number + "  " + status.meaning
        }
        return "EXIT CODES:\n" + lines.joined(separator: "\n")
    }
}
