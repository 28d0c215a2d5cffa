// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// The files that belong to a letter, here and on their way.
extension BrokerTransaction {
    /// A slip of some kilobytes may name parts of many gigabytes, so room and quota are asked for each part too.
    ///
    /// - Parameter isCounted: it is an upload under way, which counts with its whole size from its first byte.
    /// - Throws: ``ExchangeError`` `.busy`.
    func requireRoom(for size: Int, of member: MemberID, lane: Lane, isCounted: Bool) throws {
        // The reserve is for sealed steps, not for what hangs on an urgent letter.
        guard try !isNearlyFull || lane == .urgent && size <= BrokerLimits.partInABundleBytes else {
            throw ExchangeError(.busy, "store.full")
        }
        guard !isCounted, view.isServedHere(member) else { return }
        guard try store.holding(of: member).bytes + Int64(size) <= view.settings.bytesOfAMember else {
            throw ExchangeError(.busy, "quota")
        }
    }

    /// The sender's own broker keeps all parts, another one those for its members.
    func neededParts(of slip: Slip) -> [NeededPart] {
        let isOrigin = view.isServedHere(slip.from)
        return slip.parts.filter { isOrigin || view.isServedHere($0.recipient) }
            .map { NeededPart(digest: $0.digest, recipient: $0.recipient, isList: $0.pieces != nil) }
    }

    /// Whether everything the letter needs here came along with it.
    func isWhole(_ slip: Slip, _ parts: [Digest: CheckedPart]) -> Bool {
        neededParts(of: slip).allSatisfy { part in
            guard let file = parts[part.digest] else { return false }
            if case .list(_, let pieces) = file { return pieces.allSatisfy { parts[$0] != nil } }
            return true
        }
    }

    /// What an urgent letter may bring along beyond every quota of bytes: its sealed steps. Anything larger comes by digest, and is asked for
    /// room then.
    static func few(_ parts: [Digest: CheckedPart]) -> [Digest: CheckedPart] {
        var room = BrokerLimits.urgentPartsBytes
        return parts.sorted { ($0.value.bytes.count, $0.key) < ($1.value.bytes.count, $1.key) }.reduce(into: [:]) {
            result, part in
            room -= part.value.bytes.count
            if room >= 0 { result[part.key] = part.value }
        }
    }

    /// Lists that another letter has brought already.
    func needPieces(of record: LetterRecord, _ slip: Slip) throws {
        for reference in slip.parts where reference.pieces != nil {
            guard let size = try store.partSize(reference.digest),
                let file = try store.part(reference.digest, offset: 0, count: size),
                let pieces = try? PieceList.read(file.bytes, reference: reference),
                try fits(.list(file.bytes, pieces: pieces), reference.digest, in: record.id)
            else { continue }
            try store.need(pieces.map { NeededPart(digest: $0, recipient: reference.recipient) }, for: record.id)
        }
    }

    /// Whether a list names no file that the letter has for somebody else: one file has one recipient.
    func fits(_ part: CheckedPart, _ digest: Digest, in id: LetterID) throws -> Bool {
        guard case .list(_, let pieces) = part, let record = try store.letter(id) else { return true }
        let needed = try store.neededParts(of: id)
        guard let recipient = needed.first(where: { $0.digest == digest })?.recipient else { return true }
        let named = Set(pieces)
        return needed.allSatisfy {
            !named.contains($0.digest) || $0.recipient == recipient || ($0.recipient == record.from && !$0.isList)
        }
    }

    /// Stores those files that the letter needs here, and names the pieces of those lists that came.
    func storeParts(_ parts: [Digest: CheckedPart], of record: LetterRecord, _ slip: Slip) throws {
        guard !parts.isEmpty else { return }
        var needed = neededParts(of: slip)
        var index = 0
        while index < needed.count {
            let part = needed[index]
            index += 1
            guard let file = parts[part.digest], try fits(file, part.digest, in: record.id) else { continue }
            try store.storePart(part.digest, bytes: file.bytes, chargedTo: slip.from)
            guard case .list(_, let digests) = file else { continue }
            let pieces = digests.map { NeededPart(digest: $0, recipient: part.recipient) }
            try store.need(pieces, for: record.id)
            needed += pieces
        }
        try storePieces(parts, of: record, slip)
    }

    /// Pieces whose list came before them, or has not come yet: on a stick, files come in the order of their digests. Until a list names
    /// its recipient, a piece counts as the sender's, so that nobody is given it.
    private func storePieces(_ parts: [Digest: CheckedPart], of record: LetterRecord, _ slip: Slip) throws {
        let pieces = parts.compactMap { digest, part -> (Digest, [UInt8])? in
            if case .piece(let bytes) = part { (digest, bytes) } else { nil }
        }
        guard !pieces.isEmpty else { return }
        let needed = try store.neededParts(of: record.id)
        let limit = slip.parts.reduce(slip.parts.count) { $0 + Int($1.pieces ?? 0) }
        let known = Set(needed.map(\.digest))
        let isListMissing = try needed.contains { part in try part.isList && store.partSize(part.digest) == nil }
        var room = limit - needed.count
        for (digest, bytes) in pieces.sorted(by: { $0.0 < $1.0 }) {
            if !known.contains(digest) {
                guard isListMissing, room > 0 else { continue }
                room -= 1
                try store.need([NeededPart(digest: digest, recipient: slip.from)], for: record.id)
            }
            try store.storePart(digest, bytes: bytes, chargedTo: slip.from)
        }
    }

    /// A part file has become durable by itself.
    func stored(_ part: CheckedPart, _ digest: Digest, for id: LetterID) throws {
        guard let record = try store.letter(id), record.status == .awaitingParts else { return }
        if case .list(_, let pieces) = part,
            let list = try store.neededParts(of: id).first(where: { $0.digest == digest })
        {
            try store.need(pieces.map { NeededPart(digest: $0, recipient: list.recipient) }, for: id)
        }
        if try store.missingParts(of: id).isEmpty { _ = try complete(record, slip(of: id)) }
    }
}
