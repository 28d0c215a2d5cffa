// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import MessageStore
public import Procedure
import SQLiteStore
public import TransparencyLog

/// Cosigns the checkpoints of other logs: C2SP tlog-witness. Protocols/Log.md §5.2.
///
/// Of each log it remembers the last tree that it cosigned, in a lock of its own that is never restored, and cosigns nothing that does not
/// go on from there. An actor: between comparing with the record and storing the new one nothing else of any log is judged.
public actor Witness {
    /// What the asker is told.
    public struct Reply: Hashable, Sendable {
        public let status: WitnessStatus
        public let body: [UInt8]
        /// Of what was cosigned; of a 422 what its log signed beside another tree of the same size.
        public let checkpoint: TransparencyLog.Checkpoint?
        /// Whether the tree is larger than the one cosigned before.
        public let isAdvance: Bool
    }

    private let signer: WitnessSigner
    private let path: String
    private var locks: [String: LogLockFile] = [:]

    /// - Parameter path: where its locks lie: `<path>.lock-<origin>`.
    public init(signer: WitnessSigner, path: String) {
        self.signer = signer
        self.path = path
    }

    /// - Parameters:
    ///   - body: the request, at most 72 KiB.
    ///   - logs: whom it cosigns.
    ///   - mirrored: the tree of all leaves that are mirrored of a log, for a witness that mirrors; `nil` of a log of which it does not.
    public func answer(
        _ body: [UInt8], logs: [VerifierKey], mirrored: [String: TreeHead] = [:], now: Instant
    ) -> Reply {
        do throws(WitnessRefusal) {
            let request = try WitnessRequest(body, logs: logs)
            let origin = request.checkpoint.origin
            let head = request.checkpoint.head
            do {
                let lock = try lock(of: origin)
                let recorded = try lock?.note.map { try Checkpoint(text: $0.text).head } ?? .empty
                do throws(WitnessRefusal) { try request.judge(recorded: recorded) } catch {
                    // A proof that does not hold shows nothing; two roots of one size do.
                    let isFork = [recorded, mirrored[origin]].contains {
                        $0?.size == head.size && $0?.root != head.root
                    }
                    return Reply(
                        status: error.status, body: error.body,
                        checkpoint: error.status == .inconsistent && isFork ? request.checkpoint : nil,
                        isAdvance: false)
                }
                // Who mirrors believes no proof: the root is that of all leaves.
                if let mirror = mirrored[origin] {
                    guard mirror.size == head.size else { throw WitnessRefusal(.unavailable) }
                    guard mirror.root == head.root else {
                        return Reply(
                            status: .inconsistent, body: [], checkpoint: request.checkpoint, isAdvance: false)
                    }
                }
                // Commit point: a crash before it cosigned nothing; after it the asker asks again, from this size.
                if head != recorded || lock == nil {
                    let note = request.advance.note.only(logs)
                    if let lock, let old = lock.note {
                        try lock.replace(old, by: note)
                    } else {
                        try LogLockFile.create(path: lockPath(origin), note: note)
                    }
                }
                let line = try signer.cosign(request.checkpoint, at: now)
                return Reply(
                    status: .cosigned, body: line.bytes, checkpoint: request.checkpoint,
                    isAdvance: head.size > recorded.size)
            } catch let refusal as WitnessRefusal {
                throw refusal
            } catch {
                throw WitnessRefusal(.unavailable)
            }
        } catch {
            return Reply(status: error.status, body: error.body, checkpoint: nil, isAdvance: false)
        }
    }

    /// The size of the last tree of a log that it cosigned; 0 if none.
    public func recordedSize(of origin: String) throws -> Int64 {
        try lock(of: origin)?.note.map { try Checkpoint(text: $0.text).head.size } ?? 0
    }

    private func lockPath(_ origin: String) -> String { "\(path).lock-\(origin.replacing("/", with: "_"))" }

    private func lock(of origin: String) throws(StoreError) -> LogLockFile? {
        if let lock = locks[origin] { return lock }
        let lock = try LogLockFile(path: lockPath(origin))
        locks[origin] = lock
        return lock
    }
}
