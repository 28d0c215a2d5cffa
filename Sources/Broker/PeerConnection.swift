// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// What one authenticated peer may ask. Protocols/Queue.md, "Calls".
struct PeerConnection: BrokerConnection {
    let core: BrokerCore
    let peer: Peer

    // MARK: - Letters in

    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        try refuseExpired()
        guard letters.count <= BrokerLimits.lettersInAPush, context.count <= BrokerLimits.contextInAPush else {
            throw ExchangeError(.badRequest, "too many letters at once")
        }
        // 1. Gate, signature, parts: in parallel, outside the transaction.
        let reader = core.reader
        let read = await core.pool.map(letters) { reader.read($0) }
        // What is left of a store that is nearly full is not for slips that no quota counts.
        var context = context
        if peer.isMember, !context.isEmpty, try await isNearlyFull { context = [] }
        let ancestors = await core.pool.map(context) { reader.read($0) }.compactMap { $0 }
        // 2. The slips of ancestors: of a chain each may need the one before it, in whatever order they came.
        if !ancestors.isEmpty { try await take(ancestors) }
        // 3. Each letter in a transaction of its own, in the order in which they came; many of them share one sync.
        let peer = peer
        let verified = read.compactMap { try? $0.get() }
        let results = await core.transact(all: verified.map { letter in { try $0.receive(letter, from: peer) } })
        // 4. What is stored is answered with its proof, which the log's signature has made possible meanwhile.
        let leaves = results.compactMap { if case .success(.stored(let leaf)) = $0 { leaf } else { nil } }
        // What was not kept causes no reads.
        await core.compareSeen(zip(verified, results).filter { (try? $1.get().isKept) ?? false }.map(\.0))
        var receipts = try await asked { try await $0.receipts(of: leaves) }[...]
        var judged = results[...]
        return try read.map { read in
            switch read {
            case .failure(let error):
                core.log(
                    .notice, "letter rejected",
                    ["peer": .member(peer.id(at: core.id)), "code": .code(error.code.rawValue)])
                return .rejected(code: error.code.rawValue)
            case .success(let letter):
                return try outcome(judged.removeFirst(), of: letter) { receipts.removeFirst() }
            }
        }
    }

    private func outcome(
        _ result: Result<Admission, any Error>, of letter: VerifiedLetter, receipt: () -> [UInt8]?
    ) throws -> PushOutcome {
        do {
            switch try result.get() {
            case .stored:
                // It is here, but nobody shall believe so without proof: its sender keeps it, and asks again.
                guard let receipt = receipt() else { return .later(code: "log.no-receipt", seconds: 3_600) }
                return .stored(relayed: receipt)
            case .answered(let outcome):
                if case .rejected(let code) = outcome {
                    core.log(.notice, "letter rejected", ["letter": .letter(letter.id), "code": .code(code)])
                }
                return outcome
            }
        } catch let error as StoreError {
            return .later(code: error.code.rawValue, seconds: error.code == .busy ? 1 : 30)
        }
    }

    private var isNearlyFull: Bool {
        get async throws { try await asked { core in try await core.look { try $0.room().isNearlyFull } } }
    }

    private func take(_ ancestors: [VerifiedContext]) async throws {
        var left = ancestors
        while !left.isEmpty {
            let round = left
            let peer = peer
            do {
                let taken = try await core.transact { transaction in
                    try Set(round.filter { try transaction.receive($0, from: peer) }.map(\.signed.id))
                }
                if taken.isEmpty { break }
                left.removeAll { taken.contains($0.signed.id) }
            } catch is StoreError {
                throw ExchangeError(.busy, "the store is full or busy")
            }
        }
        if !left.isEmpty { core.log(.info, "ancestors not taken", ["count": .count(left.count)]) }
    }

    // MARK: - Parts in

    func partState(_ digest: Digest) async throws -> PartState {
        try refuseExpired()
        let peer = peer
        return try await asked { core in
            try await core.look { reading in
                guard try Self.uploads(digest, peer, reading) != nil else {
                    throw ExchangeError(.notFound, "not a part of your letters")
                }
                if let size = try reading.partSize(digest) { return .stored(size) }
                let received = try reading.spooled(digest)
                return received > 0 ? .partial(received) : .missing
            }
        }
    }

    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        try refuseExpired()
        guard (1...StoreLimits.partBytes).contains(size), offset >= 0, bytes.count <= size, offset <= size - bytes.count
        else {
            throw ExchangeError(.badRequest, "a part of another size")
        }
        let peer = peer
        // 1. Only what an admitted letter of this peer names, and what is not here yet.
        let wanted: (state: PartState, letter: LetterID, from: MemberID, lane: Lane)? = try await asked { core in
            try await core.look { reading in
                guard let record = try Self.uploads(digest, peer, reading) else { return nil }
                if let size = try reading.partSize(digest) {
                    return (.stored(size), record.id, record.from, record.lane)
                }
                return (.partial(try reading.spooled(digest)), record.id, record.from, record.lane)
            }
        }
        guard let wanted else { throw ExchangeError(.notFound, "not a part of your letters") }
        guard case .partial(let received) = wanted.state else { return wanted.state }
        guard offset <= received else { return received > 0 ? .partial(received) : .missing }
        guard offset + bytes.count > received else { return .partial(received) }
        // 2. What is new of it; a whole file at once needs no spool.
        let whole: [UInt8]
        if offset == 0, bytes.count == size, received == 0 {
            whole = bytes
        } else {
            let spooled = try await asked { core in
                let now = core.now
                return try await core.transact { transaction -> (whole: [UInt8]?, received: Int) in
                    let known = try transaction.store.spooled(digest)
                    guard offset <= known, offset + bytes.count > known else { return (nil, known) }
                    try transaction.requireRoom(for: size, of: wanted.from, lane: wanted.lane, isCounted: known > 0)
                    let whole = try transaction.store.spool(
                        digest, bytes: Array(bytes[(known - offset)...]), size: size, at: now, chargedTo: wanted.from)
                    return (whole, offset + bytes.count)
                }
            }
            guard let done = spooled.whole else { return .partial(spooled.received) }
            whole = done
        }
        // 3. The digest, the shape, the size class.
        guard let part = try await check(whole, digest, of: wanted.letter) else {
            try await asked { core in try await core.transact { try $0.store.dropSpool(digest) } }
            core.log(.notice, "part rejected", ["letter": .letter(wanted.letter)])
            throw ExchangeError(.badRequest, SealingError.Code.partMismatch.rawValue)
        }
        // 4. Durable; with the last part the letter is judged again and queued.
        let isStored = try await asked { core in
            try await core.transact { transaction in
                // The letter may have ended meanwhile: then nothing would ever discard the file.
                guard let record = try Self.uploads(digest, peer, transaction.store) else { return false }
                let letters = try transaction.store.letters(needing: digest)
                guard try letters.allSatisfy({ try transaction.fits(part, digest, in: $0) }) else {
                    try transaction.store.dropSpool(digest)
                    return false
                }
                let isCounted = try transaction.store.spooled(digest) > 0
                try transaction.requireRoom(for: size, of: record.from, lane: record.lane, isCounted: isCounted)
                try transaction.store.storePart(digest, bytes: part.bytes, chargedTo: record.from)
                for letter in letters { try transaction.stored(part, digest, for: letter) }
                return true
            }
        }
        guard isStored else { throw ExchangeError(.badRequest, SealingError.Code.partMismatch.rawValue) }
        return .stored(size)
    }

    /// The letter, admitted and not whole, for which this peer may send the part.
    private static func uploads(_ digest: Digest, _ peer: Peer, _ reading: any LetterReading) throws -> LetterRecord? {
        for id in try reading.letters(needing: digest) {
            guard let record = try reading.letter(id), record.status.isOpen else { continue }
            switch peer {
            case .member(let member) where record.from == member: return record
            case .broker(let broker) where record.peer == broker: return record
            case .courier: return record
            default: continue
            }
        }
        return nil
    }

    private func check(_ file: [UInt8], _ digest: Digest, of letter: LetterID) async throws -> CheckedPart? {
        let slip = try await asked { core in
            try await core.look { reading in try reading.slip(letter).map { try CaseReader.parse($0) } }
        }
        guard let slip else { return nil }
        let reader = core.reader
        return await core.pool.run { () -> CheckedPart? in
            if let reference = slip.parts.first(where: { $0.digest == digest }) {
                return try? reader.check(file, reference, of: slip)
            }
            guard (try? SealedPart.check(file, digest: digest, size: nil, recipient: nil)) != nil else { return nil }
            return .piece(file)
        }
    }

    // MARK: - Mailbox

    func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
        let member = try member()
        let queue = QueueName(member, .mailbox)
        let limit = min(max(1, limit), BrokerLimits.lettersInAPull)
        let deadline = ContinuousClock.now + .seconds(min(max(0, waitSeconds), BrokerLimits.waitSeconds))
        while true {
            let ticket = core.bell.ticket(queue)
            // Most pulls find nothing: then nobody waits for a sync.
            let (hasQueued, due) = try await asked { core in
                try await core.look { (try !$0.queued(queue, limit: 1).isEmpty, try $0.nextDue(queue)) }
            }
            if hasQueued || due.map({ $0 <= core.now }) ?? false {
                let leased = try await asked { core in
                    try await core.transact { try $0.lease(to: member, limit: limit) }
                }
                let deliveries = try await bundles(leased, for: member)
                if !deliveries.isEmpty { return deliveries }
            }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero, !Task.isCancelled else { return [] }
            let untilDue = due.map { Double(max(1, $0 - core.now)) } ?? .infinity
            let seconds = Double(left.components.seconds) + Double(left.components.attoseconds) / 1e18
            await core.bell.wait(queue, after: ticket, seconds: min(seconds, untilDue))
            _ = try self.member()  // removed while it waited
        }
    }

    /// The leased letters with their small parts; a batch has a bound, so the rest of the parts is fetched by digest.
    private func bundles(_ letters: [LetterID], for member: MemberID) async throws -> [Delivery] {
        try await asked { core in
            try await core.look { reading in
                let slips = try letters.compactMap { id in try reading.slip(id).map { (id, $0) } }
                // Every slip has its place before the first part: what was leased must go into the answer.
                var room = slips.reduce(BrokerLimits.bundleBytes) { $0 - $1.1.count - BrokerLimits.archiveBytes }
                return try slips.map { id, slip -> Delivery in
                    var parts: [Digest: [UInt8]] = [:]
                    var remaining: [Digest] = []
                    for part in try reading.neededParts(of: id) where part.recipient == member {
                        guard let size = try reading.partSize(part.digest) else { continue }
                        let cost = size + BrokerLimits.archiveBytes
                        if size <= BrokerLimits.partInABundleBytes, cost <= room,
                            let file = try reading.part(part.digest, offset: 0, count: size)
                        {
                            parts[part.digest] = file.bytes
                            room -= cost
                        } else {
                            remaining.append(part.digest)
                        }
                    }
                    return Delivery(letter: LetterBundle(id: id, slip: slip, parts: parts), remaining: remaining)
                }
            }
        }
    }

    func acknowledge(_ letters: [LetterID]) async throws {
        let member = try member()
        guard letters.count <= BrokerLimits.idsInARequest else {
            throw ExchangeError(.badRequest, "too many letters at once")
        }
        let isSpent = try await asked { core in try await core.transact { try $0.acknowledge(letters, by: member) } }
        if isSpent { core.bell.ring([.sweeper]) }
    }

    func changes() async throws -> Int64 {
        let member = try member()
        return try await asked { core in try await core.look { try $0.changes(of: member) } }
    }

    func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) {
        let member = try member()
        guard offset >= 0, count > 0 else { throw ExchangeError(.badRequest, "not a range") }
        let range = try await asked { core in
            try await core.look { reading -> (bytes: [UInt8], size: Int)? in
                let isRecipient = try reading.letters(needing: digest).contains { id in
                    try reading.neededParts(of: id).contains { $0.digest == digest && $0.recipient == member }
                        && reading.deliveries(of: id).contains {
                            $0.destination == member && $0.kind == .mailbox && $0.isOpen
                        }
                }
                guard isRecipient else { return nil }
                return try reading.part(digest, offset: offset, count: min(count, StoreLimits.partBytes))
            }
        }
        guard let range else { throw ExchangeError(.notFound, "not a part of a letter in your mailbox") }
        return range
    }

    // MARK: - Slips, documents

    func slips(_ letters: [LetterID]) async throws -> [ContextLetter] {
        try refuseExpired()
        guard letters.count <= BrokerLimits.idsInARequest else {
            throw ExchangeError(.badRequest, "too many letters at once")
        }
        let view = core.view
        let peer = peer
        return try await asked { core in
            try await core.look { reading in
                var open: [CaseID: Set<LetterID>] = [:]
                return try letters.compactMap { id -> ContextLetter? in
                    guard let record = try reading.letter(id), let caseID = record.caseID,
                        let slip = try reading.slip(id)
                    else { return nil }
                    let visible =
                        try open[caseID] ?? Self.visible(to: peer, in: reading.letters(of: caseID), reading, view)
                    open[caseID] = visible
                    guard visible.contains(id) else { return nil }
                    return ContextLetter(id: id, slip: slip, void: try record.voidedBy.flatMap { try reading.slip($0) })
                }
            }
        }
    }

    /// The ancestors of letters that were sent by or addressed to the peer, and these letters.
    private static func visible(
        to peer: Peer, in letters: [CaseLetter], _ reading: any LetterReading, _ view: BrokerView
    ) throws -> Set<LetterID> {
        func concerns(_ member: MemberID) -> Bool {
            switch peer {
            case .member(let own): member == own
            case .broker(let broker): view.broker(of: member) == broker
            case .courier: true
            case .expired: false
            }
        }
        var slips: [LetterID: Slip] = [:]
        var visible: Set<LetterID> = []
        var followed: Set<LetterID> = []
        var next: [LetterID] = []
        for letter in letters {
            let id = letter.record.id
            let slip = try CaseReader.parse(letter.slip)
            slips[id] = slip
            guard concerns(slip.from) || slip.to.contains(where: { concerns($0.member) }) else { continue }
            // Naming a letter as a parent opens nothing: only what was admitted with all its ancestors shows them; nor does the paper by
            // which such a letter was refused.
            let isPaper = slip.type == .refusal || slip.type == .notice
            let isAdmitted =
                try !isPaper && letter.record.status != .refused && letter.record.status != .waiting
                && reading.missingAncestors(of: id).isEmpty
            if isAdmitted { next.append(id) } else { visible.insert(id) }
        }
        while let id = next.popLast() {
            guard followed.insert(id).inserted, let slip = slips[id] else { continue }
            visible.insert(id)
            next += slip.ancestors + [slip.root].compactMap { $0 }
        }
        return visible
    }

    func documents() async throws -> [SignedFile] {
        core.directories.documents.map { SignedFile(slip: $0.slip, file: $0.file) }
    }

    func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof {
        try refuseExpired()
        return try await asked { core in
            // Only of what has been signed: what is behind it may still be undone.
            guard let note = try await core.queue.checkpoint(of: origin), let shown = try? Checkpoint(text: note.text),
                1 <= from, from <= to, to <= shown.head.size
            else { throw ExchangeError(.notFound, "no such step of the log") }
            return try await core.look { reading in
                try MerkleTree.consistencyProof(from: from, to: to) { try reading.node(of: origin, at: $0) }
            }
        }
    }

    func cosignedCheckpoint() async throws -> [UInt8]? {
        try refuseExpired()
        return try await asked { try await $0.newestQuorate()?.note }
    }

    func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        let broker = try otherBroker()
        return try await asked { try await $0.cosign(request, for: broker) }
    }

    func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 {
        let broker = try otherBroker()
        guard leaves.count <= Int(BrokerLimits.leavesInARequest), let log = core.directories.broker(broker)?.logs.last
        else { throw ExchangeError(.badRequest, "no log of yours, or too many leaves") }
        return try await asked { core in
            if !leaves.isEmpty {
                // Leaves cost their sender nothing until it signs them.
                // Without its lock a witness goes on mirroring, and says at the next checkpoint what is wrong.
                let recorded = try? await core.witness?.recorded(of: log.name)
                let signed = try recorded.map { try Checkpoint(text: $0.text).head.size } ?? 0
                guard try await !isNearlyFull, first + Int64(leaves.count) - signed <= BrokerLimits.leavesAhead else {
                    throw ExchangeError(.busy, "store.full")
                }
            }
            return try await core.transact { try $0.store.mirror(leaves, of: log.name, from: first) }
        }
    }

    func mirrored(from first: Int64) async throws -> [Digest] {
        let log = try ownLog(of: try otherBroker())
        return try await asked { core in
            try await core.look {
                try $0.mirrored(of: log, from: first, count: Int(BrokerLimits.leavesInARequest))
            }
        }
    }

    func recordedCheckpoint() async throws -> [UInt8]? {
        let log = try ownLog(of: try otherBroker())
        return try await asked { try await $0.witness?.recorded(of: log)?.bytes }
    }

    /// The log that a broker writes, by the directory.
    private func ownLog(of broker: MemberID) throws -> String {
        guard let log = core.directories.broker(broker)?.logs.last else {
            throw ExchangeError(.notFound, "no log of yours")
        }
        return log.name
    }

    /// Even how many leaves a log has is for other brokers only.
    private func otherBroker() throws -> MemberID {
        guard case .broker(let broker) = peer else { throw ExchangeError(.forbidden, "only another broker may ask") }
        return broker
    }

    // MARK: - Who

    private func refuseExpired() throws {
        if case .expired = peer {
            throw ExchangeError(.expired, "only documents may be fetched with a certificate that has ended")
        }
        if case .member(let member) = peer, !core.isActive(member) {
            throw ExchangeError(.forbidden, "not an active member")
        }
    }

    /// The member whose mailbox this is: the one of the connection, there is no other way to name one.
    private func member() throws -> MemberID {
        try refuseExpired()
        guard case .member(let member) = peer else { throw ExchangeError(.forbidden, "only a member has a mailbox") }
        return member
    }

    /// The store's errors in the words of the wire.
    private func asked<Value>(_ body: (BrokerCore) async throws -> Value) async throws -> Value {
        do {
            return try await body(core)
        } catch let error as StoreError {
            throw ExchangeError(.busy, error.code.rawValue)
        }
    }
}

extension BrokerCore {
    /// Asked at each call, so that a removal takes effect in the middle of a session.
    func isActive(_ member: MemberID) -> Bool {
        let now = now
        return directories.member(member).map { $0.broker == id && $0.isActive(at: now) } ?? false
    }
}
