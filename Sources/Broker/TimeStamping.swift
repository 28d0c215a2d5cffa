// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
import Exchange
import Letters
import Membership
import MessageStore
import Procedure
import Sealing
public import ServiceLifecycle
import TransparencyLog

/// Has the own log's cosigned checkpoints stamped by a time-stamping authority, for as long as the program runs. Never in the way of a
/// letter: an authority that does not answer is asked again later, and one token covers everything before it. Protocols/Log.md §5.5.
public struct TimeStamping: Service {
    private let core: BrokerCore
    private let authority: @Sendable ([UInt8]) async throws -> TimeStamp

    /// - Parameter authority: gives the verified answer about a SHA-256.
    public init(core: BrokerCore, authority: @escaping @Sendable ([UInt8]) async throws -> TimeStamp) {
        self.core = core
        self.authority = authority
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var pause: Int64 = 1
                do {
                    _ = try await core.stampIfDue(by: authority)
                } catch {
                    core.log(.warning, "no time stamp", ["retry_seconds": .count(Int(BrokerLimits.stampRetrySeconds))])
                    pause = BrokerLimits.stampRetrySeconds
                }
                try? await Task.sleep(for: .seconds(pause))
            }
        }
    }
}

extension BrokerCore {
    /// Has the newest checkpoint that its quorum has cosigned stamped, if that is due.
    ///
    /// - Returns: whether a new token is kept.
    /// - Throws: what the authority throws: nothing changed, ask again later.
    public func stampIfDue(by authority: @Sendable ([UInt8]) async throws -> TimeStamp) async throws -> Bool {
        guard let checkpoint = try await checkpointToStamp() else { return false }
        let stamp = try await authority(Digest.sha256(checkpoint.note).bytes)
        try await transact {
            try $0.store.keep(
                StoredStamp(
                    size: checkpoint.size, at: checkpoint.at, time: Instant(seconds: stamp.time),
                    response: stamp.response))
        }
        log(.info, "checkpoint stamped")
        return true
    }

    /// Soon after leaves about cases were added, else rarely; never the same tree twice.
    private func checkpointToStamp() async throws -> StoredCheckpoint? {
        let logs = directories.logs
        let (now, soon) = (now, settings.stampSeconds)
        return try await look { reading -> StoredCheckpoint? in
            guard let origin = try reading.logs().last?.origin, let policy = logs[origin]?.policy,
                let newest = try Self.newestQuorate(of: origin, policy, reading)
            else { return nil }
            guard let last = try reading.stamps(of: origin).last else { return newest }
            guard newest.size > last.size, now - last.time >= min(soon, BrokerLimits.stampIdleSeconds) else {
                return nil
            }
            if now - last.time >= BrokerLimits.stampIdleSeconds { return newest }
            for first in stride(from: last.size, to: newest.size, by: 256) {
                let leaves = try reading.leaves(of: origin, from: first, count: Int(min(256, newest.size - first)))
                // A leaf that is erased was about a case.
                if leaves.contains(where: { $0.event.flatMap { try? LogEvent($0) }.map { $0.place != nil } ?? true }) {
                    return newest
                }
            }
            return nil
        }
    }

    /// The first note of the newest tree that met its quorum: later cosignatures of the same tree are kept beside it.
    private static func newestQuorate(
        of origin: String, _ policy: LogPolicy, _ reading: any LogReading
    ) throws -> StoredCheckpoint? {
        let quorate = try reading.checkpoints(of: origin, newest: 64).filter { isQuorate($0, policy) }
        return quorate.last { $0.size == quorate.first?.size }
    }

    /// The own log's newest checkpoint that met its quorum, with its newest cosignatures.
    func newestQuorate() async throws -> StoredCheckpoint? {
        let logs = directories.logs
        return try await look { reading in
            guard let origin = try reading.logs().last?.origin, let policy = logs[origin]?.policy else { return nil }
            return try reading.checkpoints(of: origin, newest: 64).first { Self.isQuorate($0, policy) }
        }
    }

    private static func isQuorate(_ stored: StoredCheckpoint, _ policy: LogPolicy) -> Bool {
        (try? policy.verify(SignedNote(stored.note)))?.isQuorate ?? false
    }
}
