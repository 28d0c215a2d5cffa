// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
public import MessageStore
public import Procedure
import ServiceLifecycle
import TransparencyLog

/// Has the own log cosigned by all its witnesses, for as long as the program runs: soon after something happened, and now and then when
/// nothing does. All are asked for the same checkpoint, because a quorum is of one checkpoint. Never in the way of a letter.
/// Protocols/Log.md §5.2, §5.7.
struct Cosigning: Service {
    let core: BrokerCore
    let connection: @Sendable (MemberID) throws -> any BrokerConnection

    /// Seconds; a witness that does not cosign is asked more and more seldom.
    private static let longestPause = 300

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var rests: [MemberID: (pause: Int, until: ContinuousClock.Instant)] = [:]
            while !Task.isCancelled {
                let awake = core.witnesses.filter { rests[$0].map { $0.until <= .now } ?? true }
                do {
                    if try await isDue(awake) {
                        let cosigned = try await core.askToCosign(awake.map { ($0, try connection($0)) })
                        for witness in awake {
                            let pause = cosigned.contains(witness) ? 1 : 2 * (rests[witness]?.pause ?? 1)
                            rests[witness] = (
                                min(pause, Self.longestPause), .now + .seconds(min(pause, Self.longestPause))
                            )
                        }
                    }
                } catch {
                    core.log(.warning, "no cosignatures asked for")
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func isDue(_ witnesses: [MemberID]) async throws -> Bool {
        for witness in witnesses where try await core.isCosigningDue(by: witness) { return true }
        return false
    }
}

extension BrokerCore {
    /// Who cosigns the own log.
    var witnesses: [MemberID] { directories.peers(of: id).filter { $0.witness != nil }.map(\.id) }

    /// Whether the log has grown by more than cosignatures of others since this witness cosigned it, and it was not asked just now; or the
    /// heartbeat is due. Leaves that say only what was cosigned call for no cosignature: else two logs would drive each other for ever.
    public func isCosigningDue(by witness: MemberID) async throws -> Bool {
        guard let (_, checkpoint) = try signedCheckpoint(), let key = directories.broker(witness)?.witness else {
            return false
        }
        let now = now
        let last = try await look { reading in try Self.lastCosigned(by: key, of: checkpoint.origin, reading) }
        guard let last else { return checkpoint.head.size > 0 }
        if now - last.at >= settings.heartbeatSeconds { return true }
        guard checkpoint.head.size > last.head.size, now - last.at >= settings.cosignSeconds else { return false }
        return try await look { reading in
            // More than so many new leaves are not all cosignatures.
            let new = try reading.leaves(of: checkpoint.origin, from: last.head.size, count: 256)
            return new.count == 256
                || new.contains { leaf in
                    guard let event = leaf.event.flatMap({ try? LogEvent($0) }) else { return true }
                    if case .cosigned = event.content { return false }
                    return true
                }
        }
    }

    private func signedCheckpoint() throws -> (note: SignedNote, checkpoint: TransparencyLog.Checkpoint)? {
        try queue.checkpoint.map { ($0, try Checkpoint(text: $0.text)) }
    }

    /// The newest checkpoint that carries a cosignature of this key, and its time.
    private static func lastCosigned(
        by key: VerifierKey, of origin: String, _ reading: any LogReading
    ) throws -> (head: TreeHead, at: Instant)? {
        // The newest ones are enough: a witness that did not sign one of them has not signed for long.
        for stored in try reading.checkpoints(of: origin, newest: 16) {
            guard let note = try? SignedNote(stored.note), let checkpoint = try? Checkpoint(text: note.text),
                let signatures = try? note.verify(by: [key]), let time = signatures.compactMap(\.time).max()
            else { continue }
            return (checkpoint.head, time)
        }
        return nil
    }

    /// Asks all of them at once for a cosignature of the newest checkpoint, and keeps it with those that came.
    ///
    /// - Returns: who cosigned. Who did not stands in the log.
    @discardableResult
    public func askToCosign(_ lines: [(witness: MemberID, line: any BrokerConnection)]) async throws -> Set<MemberID> {
        guard let (note, checkpoint) = try signedCheckpoint(), checkpoint.head.size > 0 else { return [] }
        let answers = await withTaskGroup(of: (MemberID, SignatureLine?).self) { group in
            for (witness, line) in lines {
                group.addTask {
                    do {
                        return (witness, try await self.cosignature(of: note, checkpoint, by: witness, over: line))
                    } catch {
                        self.log(.info, "not cosigned", ["broker": .member(witness)])
                        return (witness, nil)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        guard !answers.isEmpty else { return [] }
        var cosigned = note
        for (_, line) in answers.sorted(by: { $0.key < $1.key }) { cosigned = try cosigned.adding(line) }
        let stored = StoredCheckpoint(size: checkpoint.head.size, at: now, note: cosigned.bytes)
        try await transact { try $0.store.keep(stored) }
        return Set(answers.keys)
    }

    /// Mirrors the new leaves, where the witness is a broker's, then asks it for a cosignature.
    ///
    /// - Returns: `nil` when it does not cosign.
    private func cosignature(
        of note: SignedNote, _ checkpoint: TransparencyLog.Checkpoint, by witness: MemberID,
        over connection: any BrokerConnection
    ) async throws -> SignatureLine? {
        let origin = checkpoint.origin
        guard let listed = directories.logs[origin], let entry = directories.broker(witness), let key = entry.witness
        else { return nil }
        // 1. The leaves, so that the other broker computes the root from all of them, and can give them back after a disaster.
        if !entry.isWitness { try await mirror(checkpoint, over: connection) }
        // 2. The step from what it cosigned last. Only it knows that for sure: its 409 says.
        var old = try await look { try Self.lastCosigned(by: key, of: origin, $0) }?.head.size ?? 0
        for _ in 0..<2 {
            let from = old
            let proof = try await look { reading in
                try MerkleTree.consistencyProof(from: from, to: checkpoint.head.size) {
                    try reading.node(of: origin, at: $0)
                }
            }
            let request = CheckpointAdvance(oldSize: from, proof: proof, note: note)
            let reply = try await connection.addCheckpoint(request.bytes)
            switch try WitnessAnswer(status: reply.status, body: reply.body) {
            case .conflict(let recorded) where recorded <= checkpoint.head.size: old = recorded
            case .cosigned(let lines):
                guard let line = lines.first(where: { $0.isBy(key) }),
                    try listed.policy.verify(note.adding(line)).cosigned[key] != nil
                else { throw ExchangeError(.badAnswer, "not its cosignature") }
                return line
            case .conflict(let recorded):
                // Only its word: the log goes on, and a person looks.
                log(
                    .error, "the other broker has cosigned more of this log than is here: was an older copy put back?",
                    ["broker": .member(witness), "size": .count(Int(recorded))])
                return nil
            case .refused:
                log(
                    .error, "the other broker does not cosign",
                    ["broker": .member(witness), "status": .count(reply.status)])
                return nil
            }
        }
        return nil
    }

    private func mirror(_ checkpoint: TransparencyLog.Checkpoint, over connection: any BrokerConnection) async throws {
        var mirrored = try await connection.mirror([], from: 0)
        while mirrored < checkpoint.head.size {
            let from = mirrored
            let count = Int(min(checkpoint.head.size - from, BrokerLimits.leavesInARequest))
            let leaves = try await look { try $0.leafData(of: checkpoint.origin, from: from, count: count) }
            mirrored = try await connection.mirror(leaves, from: from)
            guard mirrored == from + Int64(leaves.count), !leaves.isEmpty else {
                throw ExchangeError(.badAnswer, "a mirror that does not go on")
            }
        }
    }

    /// The own witness is asked by another broker.
    func cosign(_ request: [UInt8], for broker: MemberID) async throws -> (status: Int, body: [UInt8]) {
        guard let witness else { throw ExchangeError(.notFound, "no witness") }
        let logs = directories.broker(broker)?.logs ?? []
        guard let current = logs.last?.name else { throw ExchangeError(.notFound, "no log of yours") }
        let mirror = try await look { try $0.mirror(of: current) }
        let reply = await witness.answer(request, logs: logs, mirrored: [current: mirror.head], now: now)
        if reply.isLockMissing {
            log(.error, "the witness's lock of this log is gone: adopt a checkpoint", ["broker": .member(broker)])
        }
        guard let checkpoint = reply.checkpoint else { return (reply.status.rawValue, reply.body) }
        let seen = checkpoint.seen
        let now = now
        if reply.status == .inconsistent {
            // Two histories, signed by one log: evidence, kept with its note, without lines of others.
            guard let note = try? CheckpointAdvance(request).note.only(logs) else { return (400, []) }
            log(.error, "log.conflict: another log has signed two histories", ["broker": .member(broker)])
            try await transact { transaction in
                let known = try transaction.store.conflicts()
                // What many more of them would prove is proved.
                guard known.count < BrokerLimits.conflicts,
                    !known.contains(where: { (try? Checkpoint(text: SignedNote($0).text))?.seen == seen })
                else { return }
                try transaction.store.log(conflict: seen, note: note.bytes, at: now)
            }
        } else if reply.status == .cosigned {
            try await transact { transaction in
                // The witness's lock may be ahead of the log, after a crash between the two.
                guard try reply.isAdvance || !transaction.hasLogged(cosigned: seen) else { return }
                try transaction.log(.cosigned(seen, time: now, way: .line), in: nil)
            }
        }
        return (reply.status.rawValue, reply.body)
    }
}

extension BrokerTransaction {
    /// Whether one of the last events says that this checkpoint, or a larger one of its log, was cosigned here.
    fileprivate func hasLogged(cosigned seen: SeenCheckpoint) throws -> Bool {
        guard let own = try store.logs().last else { return false }
        return try store.leaves(of: own.origin, from: max(0, own.head.size - 256), count: 256).contains { leaf in
            guard let event = leaf.event.flatMap({ try? LogEvent($0) }),
                case .cosigned(let logged, _, _) = event.content
            else { return false }
            return logged.origin == seen.origin && logged.size >= seen.size
        }
    }
}
