// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Testing
import TransparencyLog

/// A kind of store that the suite runs with. PostgreSQL becomes a second case.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite

    var testDescription: String { rawValue }
}

/// One store in a folder of its own, which goes with it.
final class StoreUnderTest: Sendable {
    let kind: StoreKind
    let folder: URL
    var path: String { folder.appendingPathComponent("broker.sqlite").path }

    init(_ kind: StoreKind) throws {
        self.kind = kind
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kheya-store-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Of the log that a store under test writes.
    static func signer(origin: String = "in.kheya.example/2027") throws -> LogSigner {
        try LogSigner(origin: origin, seed: Array(repeating: 7, count: 32))
    }

    func open(maximumBytes: Int64? = nil) throws -> any LetterQueue {
        switch kind {
        case .sqlite:
            try SQLiteLetterQueue(
                path: path, signer: Self.signer(), settings: SQLiteSettings(maximumBytes: maximumBytes))
        }
    }
}

/// Letters that no signature holds together: a store does not judge.
struct SampleLetter: Sendable {
    var id: LetterID
    var slip: Slip
    var file: [UInt8]
    var record: LetterRecord

    static let asha = MemberID("in:asha-shelter")!
    static let nodi = MemberID("bd:nodi-home")!
    static let caseA = CaseID("000102030405060708090a0b0c0d0e0f")!

    static func digest(_ number: Int) -> Digest {
        var bytes = Array(repeating: UInt8(0), count: 32)
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: (number &* 0x1E37_79B9_7F4A_7C15) >> (8 * index))
        }
        for index in 0..<8 { bytes[8 + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        return Digest(bytes)!
    }

    init(
        _ number: Int, from: MemberID = asha, to: MemberID = nodi, caseID: CaseID = caseA, lane: Lane = .normal,
        status: LetterStatus = .queued, sequence: Int64? = nil, at: Int64 = 1_000, expires: Int64? = 5_000,
        bytes: Int = 900
    ) {
        id = Self.digest(number)
        slip = Slip(
            type: .step, lane: lane, from: from,
            to: [Addressee(member: to, certificate: Self.digest(1), epoch: 1, sequence: sequence ?? Int64(number))],
            caseID: caseID,
            at: Instant(seconds: at), expires: expires.map { Instant(seconds: $0) })
        file = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
        record = LetterRecord(
            id: id, status: status, type: .step, lane: lane, from: from, caseID: caseID, roles: ["SHELTER", "OTHER"],
            peer: from,
            at: slip.at, expires: slip.expires, received: Instant(seconds: at + 1),
            isStored: true, leaf: Int64(number), verdict: .admitted)
    }
}

extension LetterTransaction {
    func insert(_ letter: SampleLetter) throws { try insert(letter.record, slip: letter.slip, file: letter.file) }
}

extension LetterQueue {
    func insert(_ letters: [SampleLetter], mailbox: MemberID? = nil) async throws {
        try await write { transaction in
            for letter in letters {
                try transaction.insert(letter)
                if let mailbox {
                    try transaction.enqueue(letter.id, lane: letter.record.lane, to: QueueName(mailbox, .mailbox))
                }
            }
        }
    }
}

struct SampleError: Error {}
