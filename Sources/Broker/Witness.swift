// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import MessageStore
public import Procedure
import SQLiteStore
public import TransparencyLog

/// Cosigns the checkpoints of other logs: C2SP tlog-witness. Protocols/Log.md §5.2.
///
/// Of each log it remembers the last tree that it cosigned, in a lock of its own that is never restored, and cosigns nothing that does not
/// go on from there. A lock that is gone is not a log that was never seen: the register beside it knows, and a person decides
/// (``adopt(_:path:)``). An actor: between comparing with the record and storing the new one nothing else of any log is judged.
public actor Witness {
    /// What the asker is told.
    public struct Reply: Hashable, Sendable {
        public let status: WitnessStatus
        public let body: [UInt8]
        /// Of what was cosigned; of a 422 what its log signed beside another tree of the same size.
        public let checkpoint: TransparencyLog.Checkpoint?
        /// Whether the tree is larger than the one cosigned before.
        public let isAdvance: Bool
        /// Whether this log is not cosigned until a person brings a checkpoint: its lock is gone.
        public var isLockMissing = false
    }

    private let signer: WitnessSigner
    private let path: String
    private let register: WitnessRegister?
    private var locks: [String: LogLockFile] = [:]

    /// - Parameter path: where its locks lie, `<path>.lock-<origin>`, and its register, `<path>.cosigned`. Without a register, which
    ///   ``create(path:)`` makes, it begins with no log.
    /// - Throws: ``StoreError`` `.unreadable`.
    public init(signer: WitnessSigner, path: String) throws {
        self.signer = signer
        self.path = path
        register = try WitnessRegister(path: Self.registerPath(path))
    }

    /// Makes the register of a witness that has never cosigned anything; changes nothing if there is one.
    public static func create(path: String) throws { try WitnessRegister.create(path: registerPath(path)) }

    /// A person brings a checkpoint that this witness cosigned, because its lock is gone: it goes on from there.
    ///
    /// - Parameters:
    ///   - note: verified by the caller: signed by its log, cosigned by this witness. The newest that anybody has.
    ///   - listed: the logs that a directory lists. Without its register the witness may have cosigned any of them, so each one whose lock
    ///     is gone needs a person's word.
    /// - Throws: ``StoreError`` `.halted` if there is a lock; `.busy` while the witness runs.
    public static func adopt(_ note: SignedNote, path: String, listed: [String]) throws {
        let origin = try Checkpoint(text: note.text).origin
        let process = try FileLock(path: path + ".lock")
        defer { process.release() }
        guard try LogLockFile(path: lockPath(path, origin)) == nil else { throw StoreError(.halted, "there is a lock") }
        let isNew = try WitnessRegister(path: registerPath(path)) == nil
        try create(path: path)
        guard let register = try WitnessRegister(path: registerPath(path)) else { return }
        if isNew { for name in listed { try register.add(name) } }
        try LogLockFile.create(path: lockPath(path, origin), note: note)
        try register.add(origin)
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
                if lock == nil, register?.contains(origin) ?? true {
                    return Reply(
                        status: .unavailable, body: [], checkpoint: nil, isAdvance: false, isLockMissing: true)
                }
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
                        try LogLockFile.create(path: Self.lockPath(path, origin), note: note)
                    }
                }
                try register?.add(origin)
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

    /// The last checkpoint of a log that it cosigned, with the log's signature; `nil` if none.
    ///
    /// - Throws: ``StoreError`` `.halted` when its lock is gone: then it has cosigned it, and does not know how far.
    public func recorded(of origin: String) throws -> SignedNote? {
        let lock = try lock(of: origin)
        if lock == nil, register?.contains(origin) ?? true {
            throw StoreError(.halted, LogLock.Reason.missing.rawValue)
        }
        return lock?.note
    }

    private static func registerPath(_ path: String) -> String { path + ".cosigned" }
    private static func lockPath(_ path: String, _ origin: String) -> String {
        "\(path).lock-\(origin.replacing("/", with: "_"))"
    }

    private func lock(of origin: String) throws(StoreError) -> LogLockFile? {
        if let lock = locks[origin] { return lock }
        let lock = try LogLockFile(path: Self.lockPath(path, origin))
        locks[origin] = lock
        return lock
    }
}
