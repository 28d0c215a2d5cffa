// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Membership
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TestSupport
import Testing
import TransparencyLog

/// A log whose store was restored and whose lock is gone. Protocols/Log.md §5.3.
@Suite struct LogRecoveryTests {
    private static let (india, bangladesh) = (PracticeBrokers.inBroker, PracticeBrokers.bdBroker)

    /// A mirror that the other broker has lost.
    private struct Unmirrored: LineAround {
        let inner: any BrokerConnection
        func mirrored(from first: Int64) async throws -> [Digest] { [] }
    }

    /// A mirror that makes up leaves behind those that it was given.
    private struct Inventive: LineAround {
        let inner: any BrokerConnection
        func mirrored(from first: Int64) async throws -> [Digest] {
            try await inner.mirrored(from: first) + (0..<100).map { .sha256(Array("made up \(first) \($0)".utf8)) }
        }
    }

    /// A broker that cannot be asked.
    private struct Away: LineAround {
        let inner: any BrokerConnection
        func recordedCheckpoint() async throws -> [UInt8]? { throw ExchangeError(.unreachable, "away") }
    }

    private func letter(_ brokers: PracticeBrokers) async throws {
        var one = PracticeCase(brokers)
        #expect(try await brokers.connection(PracticeCase.shelter).push(one.offer()).isStored)
    }

    private func cosigned(_ brokers: PracticeBrokers) async throws -> SignedNote {
        try await brokers.core(Self.india).askToCosign([
            (Self.bangladesh, brokers.line(from: Self.india, to: Self.bangladesh))
        ])
        let stored = try await brokers.queue(Self.india).read {
            try $0.checkpoints(of: $0.logs()[0].origin, newest: 1)[0]
        }
        return try SignedNote(stored.note)
    }

    /// A backup, then letters of which the last was never mirrored, then the backup again, without lock.
    ///
    /// - Returns: a checkpoint from the time of the backup, and the newest cosigned one.
    private func restored(unmirrored: Int = 0) async throws -> (PracticeBrokers, kept: SignedNote, newest: SignedNote) {
        let brokers = try PracticeBrokers()
        try await letter(brokers)
        let kept = try await cosigned(brokers)
        try await brokers.stop(Self.india)
        let path = brokers.path(Self.india)
        let names = ["", "-wal", ".keys", ".keys-wal"]
        let backup = names.map { ($0, FileManager.default.contents(atPath: path + $0)) }
        try brokers.start(Self.india)
        for _ in 0..<3 { try await letter(brokers) }
        brokers.clock.advance(60)
        let newest = try await cosigned(brokers)
        for _ in 0..<unmirrored { try await letter(brokers) }
        try await brokers.stop(Self.india)
        for name in names + ["-shm", ".keys-shm"] { try? FileManager.default.removeItem(atPath: path + name) }
        for (name, bytes) in backup { try bytes?.write(to: URL(fileURLWithPath: path + name)) }
        let origin = try Checkpoint(text: kept.text).origin
        try FileManager.default.removeItem(atPath: "\(path).lock-\(origin.replacing("/", with: "_"))")
        try brokers.start(Self.india)
        #expect(brokers.queue(Self.india).halt?.reason == "missing")
        return (brokers, kept, newest)
    }

    private func recover(
        _ brokers: PracticeBrokers, from note: SignedNote, asking line: any BrokerConnection
    ) async throws -> LogRecovery {
        let log = try #require(
            brokers.world.directories(now: brokers.clock.now).logs[Checkpoint(text: note.text).origin])
        return try await LogRecovery(
            from: note, of: log, path: brokers.path(Self.india), asking: [line], now: brokers.clock.now)
    }

    @Test func `an old checkpoint is overtaken by what others have seen, and the lost leaves come from their mirror`()
        async throws
    {
        let (brokers, kept, newest) = try await restored()
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        try await brokers.stop(Self.india)
        let recovery = try await recover(brokers, from: kept, asking: line)
        let checkpoint = try Checkpoint(text: newest.text)
        #expect(recovery.checkpoint == checkpoint.seen && recovery.filled > 0)
        try brokers.start(Self.india)
        let queue = brokers.queue(Self.india)
        #expect(queue.halt == nil)
        try await queue.verifyLog()
        let (head, lost, last) = try await queue.read { reading in
            let leaves = try reading.leaves(of: checkpoint.origin, from: 0, count: .max)
            return (
                try MerkleTree.head(size: checkpoint.head.size) { try reading.node(of: checkpoint.origin, at: $0) },
                leaves.filter { $0.event == nil }.count, leaves.last?.event
            )
        }
        #expect(head == checkpoint.head && lost == Int(recovery.filled))
        #expect(try LogEvent(last ?? []).content == .restarted(.recovery))
        // Nobody sees two histories: the log goes on where it was.
        try await letter(brokers)
        let again = try await cosigned(brokers)
        #expect(try Checkpoint(text: again.text).head.size > checkpoint.head.size)
        #expect(try await brokers.queue(Self.bangladesh).read { try $0.conflicts() }.isEmpty)
    }

    @Test func `what a mirror has above the newest checkpoint that anybody cosigned is not taken`() async throws {
        let (brokers, kept, newest) = try await restored()
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        try await brokers.stop(Self.india)
        let recovery = try await recover(brokers, from: kept, asking: Inventive(inner: line))
        let checkpoint = try Checkpoint(text: newest.text)
        #expect(recovery.checkpoint == checkpoint.seen)
        try brokers.start(Self.india)
        let size = try await brokers.queue(Self.india).read { try $0.logs()[0].head.size }
        #expect(size == checkpoint.head.size + 1, "what it says of the recovery alone comes behind")
    }

    @Test func `while somebody who may know more cannot be asked nothing is adopted`() async throws {
        let (brokers, kept, _) = try await restored()
        let line = Away(inner: brokers.line(from: Self.india, to: Self.bangladesh))
        try await brokers.stop(Self.india)
        await #expect(throws: ExchangeError(.unreachable, "")) {
            _ = try await recover(brokers, from: kept, asking: line)
        }
        try brokers.start(Self.india)
        #expect(brokers.queue(Self.india).halt?.reason == "missing")
    }

    @Test func `a log that nobody mirrors as far as somebody has seen it is at its end`() async throws {
        let (brokers, kept, newest) = try await restored(unmirrored: 1)
        let line = brokers.line(from: Self.india, to: Self.bangladesh)
        try await brokers.stop(Self.india)
        for note in [kept, newest] {
            let error = await #expect(throws: StoreError.self) {
                _ = try await recover(brokers, from: note, asking: Unmirrored(inner: line))
            }
            #expect(error?.reason == "behind")
        }
        try brokers.start(Self.india)
        #expect(brokers.queue(Self.india).halt?.reason == "missing")
    }
}
