// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import CaseFile
import Cryptography
import Exchange
import Foundation
import Letters
import Membership
import MessageStore
import Node
import Procedure
import Sealing
import WebInterface

/// What the errors of all modules mean on the command line: one status, the module's own code, and the cure.
extension CommandFailure {
    init(explaining error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as DeskError: self.init(desk: error, nil)
        case let error as MembershipError: self.init(membership: error)
        case let error as CaseFileError: self.init(caseFile: error)
        case let error as ExchangeError: self.init(exchange: error)
        case let error as StoreError: self.init(store: error)
        case let fault as SignIn.Fault: self.init(signIn: fault)
        case let error as CourierError: self.init(courier: error)
        case let error as ErasureError: self.init(erasure: error)
        case let error as ImportError: self.init(importing: error)
        case let failure as SelfTest.Failure:
            self.init(
                .checkFailed, code: "self-test", "this machine's libcrypto does not behave: \(failure.name)",
                cure: "Nothing was started. Update libssl.")
        case let error as LetterError: self.init(.dataError, code: error.code.rawValue, error.reason)
        case let error as SealingError: self.init(.dataError, code: error.code.rawValue, error.reason)
        case let error as ProfileError:
            self.init(.dataError, code: error.code.rawValue, "the profile, at \(error.place): \(error.reason)")
        case let error as CryptographyError:
            self.init(
                error.code == .outOfResources ? .inputOutput : .dataError, code: "crypto." + error.code.rawValue,
                error.reason)
        case let error as CocoaError:
            let isMissing = error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile
            self.init(
                isMissing ? .noInput : .inputOutput,
                isMissing ? "a file is not there" : "reading or writing a file failed")
        case let error as POSIXError: self.init(.inputOutput, String(cString: strerror(error.code.rawValue)))
        case is CancellationError:
            self.init(.tryLater, "stopped before it was done", cure: "The same command goes on where this one stopped.")
        default:
            self.init(
                .software, "an error that this program does not know: \(type(of: error))",
                cure: "This is a bug; what was stored before it is whole.")
        }
    }

    private init(importing error: ImportError) {
        let isOfFile = error.faults.count == 1 && error.faults.first?.record == 0
        self.init(
            .dataError, code: "import." + (error.faults.first?.rule.rawValue ?? ""),
            isOfFile ? "the file: \(error.faults.first?.codes ?? "")" : "faults in the file: \(error.faults.count)",
            cure: "Nothing was taken. Correct the file, and give it again.",
            details: isOfFile ? [] : error.faults.map(\.codes), findings: isOfFile ? [] : error.faults.map(\.codes))
    }

    private init(erasure error: ErasureError) {
        let status: ExitStatus =
            switch error.code {
            case .noOrder: .noInput
            case .notAdmitted, .objected: .refused
            case .done: .cannotCreate
            case .unanswered, .open, .retention: .tryLater
            case .otherLeaves, .contentFirst: .checkFailed
            }
        self.init(status, code: error.code.rawValue, error.reason, cure: "Nothing was erased.")
    }

    private init(signIn fault: SignIn.Fault) {
        switch fault {
        case .unknownAccount:
            self.init(.noInput, code: "account.unknown", "there is no such account, or it does not sign in yet")
        case .unknownToken:
            self.init(
                .noInput, code: "token.unknown", "no token is called so", cure: "`kheya user tokens` lists them.")
        case .taken: self.init(.cannotCreate, code: "account.taken", "there is an account of that name")
        case .badName: self.init(.dataError, code: "account.name", "an account is 1 to 64 of a-z 0-9 - .")
        default: self.init(.notPermitted, code: "account.refused", "not signed in")
        }
    }

    private init(membership error: MembershipError) {
        let status: ExitStatus =
            switch error.code {
            case .directoryMalformed, .directoryVersion, .enrolmentMalformed: .dataError
            case .directoryBinding, .directorySignature, .directoryOlder, .directoryConflict, .directoryAhead,
                .profileNotInForce:
                .checkFailed
            case .directoryExpired: .tryLater
            case .signerNotPermitted, .enrolmentRefused, .locked, .homeUnsafe, .notAdmitted: .notPermitted
            case .recipientUnknown, .recipientCertificate: .noInput
            case .homeMalformed: .configuration
            case .homeFile: .cannotCreate
            case .outOfResources: .inputOutput
            }
        self.init(status, code: error.code.rawValue, error.reason)
    }

    private init(exchange error: ExchangeError) {
        let (status, cure): (ExitStatus, String) =
            switch error.code {
            case .unreachable:
                (.unavailable, "Letters stay in the outbox. Is the broker up, and the line? `kheya doctor` looks.")
            case .notTrusted:
                (.notPermitted, "It is not the broker it should be. Do not go on; telephone its operator.")
            case .forbidden: (.notPermitted, "Has the authority suspended this member? `kheya member show` says so.")
            case .expired: (.notPermitted, "Run `kheya member import` with a newer directory, or `kheya member renew`.")
            case .busy: (.tryLater, "It will be tried again by itself.")
            case .notFound: (.noInput, "")
            case .badRequest, .badAnswer: (.software, "The two sides do not speak the same version.")
            }
        self.init(status, code: "exchange." + error.code.rawValue, error.reason, cure: cure)
    }
}

extension CommandFailure {
    /// - Parameter words: of the reader; `nil` where no case is spoken of: then codes.
    init(desk error: DeskError, _ words: DeskWords?) {
        let (status, cure): (ExitStatus, String) =
            switch error.code {
            case .refused: (.refused, "`kheya case show CASE` says what is open and who can supply it.")
            case .cannotSeal: (.refused, "Ask her, record the consent, then send it.")
            case .formInvalid, .mixedLanes, .attachment, .fileNotTaken: (.dataError, "")
            case .unknownCase: (.noInput, "`kheya case list` shows the cases of this node.")
            case .unknownLetter, .unknownMember: (.noInput, "")
            case .unknownAccount: (.notPermitted, "`kheya user list` shows who may act here.")
            case .noRecipient: (.usage, "Name one: --to MEMBER.")
            case .incomplete: (.tryLater, "The node fetches what is missing by itself once it has a line.")
            case .unknownProfile: (.configuration, "Import the profile: `kheya member import FILE`.")
            case .directoryExpired: (.tryLater, "Connect, or import a newer directory.")
            case .alreadyOpen: (.refused, "One person has one live case.")
            case .signatureTyped:
                (.dataError, "Leave it out; the second person runs `kheya case approve` with the same files.")
            case .notApproved:
                (.refused, "Another person runs `kheya case approve` with the same files, as another account.")
            case .nothingToApprove: (.usage, "Do it: `kheya case do`.")
            case .notOverdue: (.refused, "`kheya case show CASE --json` lists what is owed, and by when.")
            }
        self.init(
            status, code: error.refusal?.code ?? error.code.rawValue, words?.sentence(for: error) ?? error.reason,
            cure: cure, details: words?.findings(in: error) ?? error.findings, findings: error.findings)
    }

    private init(caseFile error: CaseFileError) {
        let status: ExitStatus =
            switch error.code {
            case .unknownCase, .unknownLetter: .noInput
            case .damaged, .unsafeSettings: .checkFailed
            case .unwritable: .inputOutput
            case .inUse, .busy: .tryLater
            }
        self.init(status, code: error.code.rawValue, error.reason)
    }

    private init(store error: StoreError) {
        let (status, cure): (ExitStatus, String) =
            switch error.code {
            case .full: (.inputOutput, "Make room on the disk; reading and delivering go on meanwhile.")
            case .busy: (.tryLater, "Another process holds the store.")
            case .failed: (.inputOutput, "End the process and look at the disk before starting it again.")
            case .unreadable: (.checkFailed, "Restore it from a backup.")
            case .unsafeSettings: (.configuration, "The store must lie on a real disk.")
            case .closed: (.software, "")
            case .halted:
                (
                    .checkFailed,
                    "The log must not go on. `missing`: bring a checkpoint that another broker cosigned, `kheya log adopt`. "
                        + "`behind`, `forked`: the store was restored or altered; keep everything as it is and call the authority."
                )
            }
        self.init(status, code: error.code.rawValue, error.reason, cure: cure)
    }

    private init(courier error: CourierError) {
        let (status, cure): (ExitStatus, String) =
            switch error.code {
            case .malformed: (.dataError, "Copy the stick again.")
            case .cannotOpen: (.notPermitted, "It is sealed to somebody else.")
            case .full: (.inputOutput, "Take an empty stick; what is whole on this one stays.")
            case .exists: (.cannotCreate, "Name another directory; nothing is overwritten.")
            case .io: (.inputOutput, "")
            }
        self.init(status, code: error.code.rawValue, error.reason, cure: cure)
    }
}
