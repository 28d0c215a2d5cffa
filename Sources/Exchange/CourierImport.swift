// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import MessageStore
public import Procedure
public import Sealing

extension Courier {
    /// Reads every shipment on a stick and hands over what is in them.
    ///
    /// A piece is compared with its digest before it is opened, and opened before it is read. Importing again hands everything over
    /// again, which changes nothing where letters are known by their id. Holds one piece and at most 4 MiB of parts.
    ///
    /// - Parameters:
    ///   - hop: who we are.
    ///   - identities: our sealing keys, the newest first.
    ///   - isTaken: whether this shipment was wholly taken before.
    ///   - take: what comes. Its id is a claim until the slip is verified.
    /// - Returns: The outcome of each shipment; a shipment that is refused does not hinder the others.
    /// - Throws: ``CourierError`` `.io` if the stick cannot be read, and what `take` throws.
    public static func `import`(
        from directory: String, hop: MemberID, identities: [SealingIdentity],
        isTaken: (String) async throws -> Bool = { _ in false }, take: (Item) async throws -> Void
    ) async throws -> ImportReport {
        let stick = try await blocking { try OpenDirectory(path: directory) }
        let names = try await blocking {
            try stick.names(limit: CourierLimits.shipments, isWanted: ShipmentName.isShipment)
        }
        var report = ImportReport()
        for name in names {
            guard let shipment = CaseID(name) else { continue }
            if try await isTaken(name) {
                report.shipments[name] = .known
                continue
            }
            let reader = ShipmentReader(shipment: shipment, hop: hop, identities: identities)
            report.shipments[name] = try await reader.read(from: stick, take)
        }
        return report
    }
}

private struct ShipmentReader {
    let shipment: CaseID
    let hop: MemberID
    let identities: [SealingIdentity]

    func read(from stick: OpenDirectory, _ take: (Courier.Item) async throws -> Void) async throws -> Courier.Outcome {
        let directory: OpenDirectory
        let manifest: CourierManifest
        do {
            directory = try await Courier.blocking { [shipment] in try stick.directory(shipment.text) }
            guard let found = try await self.manifest(in: directory) else { return .refused(.malformed) }
            manifest = found
        } catch let error as CourierError where error.code != .io {
            return .refused(error.code)
        }
        var archive = LetterArchiveReader(limits: CourierLimits.archive)
        var collector = BundleCollector(partBytes: CourierLimits.bundleBytes)
        let hash = ArchiveHash()
        var letters = 0
        var last: LetterID?
        for number in manifest.pieces.indices {
            let content: [UInt8]
            do {
                guard let piece = try await piece(number, of: manifest, in: directory) else {
                    collector.finish()
                    try await hand(over: &collector, &letters, &last, take)
                    return .partial(letters: letters, missing: try await missing(manifest, in: directory))
                }
                content = piece
                hash.update(content)
                try archive.feed(content) { event throws(LetterError) in try collector.take(event) }
            } catch let error as CourierError where error.code != .io {
                return .refused(error.code)
            } catch is LetterError {
                return .refused(.malformed)
            }
            try await hand(over: &collector, &letters, &last, take)
        }
        do { try archive.finish() } catch { return .refused(.malformed) }
        guard hash.finish() == manifest.archive else { return .refused(.malformed) }
        collector.finish()
        try await hand(over: &collector, &letters, &last, take)
        return .taken(letters: letters)
    }

    private func hand(
        over collector: inout BundleCollector, _ letters: inout Int, _ last: inout LetterID?,
        _ take: (Courier.Item) async throws -> Void
    ) async throws {
        for item in collector.removeItems() {
            switch item {
            case .context(let ancestor): try await take(.context(ancestor))
            case .letter(let bundle, let file?, _): try await take(.document(SignedFile(slip: bundle.slip, file: file)))
            case .letter(let bundle, nil, _):
                try await take(.letter(bundle))
                if last != bundle.id { letters += 1 }
                last = bundle.id
            }
        }
    }

    private func manifest(in directory: OpenDirectory) async throws -> CourierManifest? {
        try await Courier.blocking { [self] () -> CourierManifest? in
            guard let file = try directory.read(ShipmentName.manifest, limit: CourierLimits.manifestFileBytes) else {
                return nil
            }
            let json = try CourierSeal.open(file, .manifest, shipment: shipment, to: hop, with: identities)
            do throws(LetterError) { return try CourierManifest(json: json) } catch {
                throw CourierError(.malformed, error.reason)
            }
        }
    }

    /// - Returns: `nil` if the piece is not there, or cut short while it was copied.
    private func piece(_ number: Int, of manifest: CourierManifest, in directory: OpenDirectory) async throws
        -> [UInt8]?
    {
        try await Courier.blocking { [self] () -> [UInt8]? in
            guard let file = try directory.read(ShipmentName.piece(number), limit: CourierLimits.fileBytes) else {
                return nil
            }
            guard Digest.sha256(file) == manifest.pieces[number] else { return nil }
            let content = try CourierSeal.open(file, .piece(number), shipment: shipment, to: hop, with: identities)
            let expected = min(CourierLimits.pieceBytes, manifest.bytes - number * CourierLimits.pieceBytes)
            guard content.count == expected else { throw CourierError(.malformed, "a piece of another length") }
            return content
        }
    }

    private func missing(_ manifest: CourierManifest, in directory: OpenDirectory) async throws -> [Int] {
        var missing: [Int] = []
        for (number, digest) in manifest.pieces.enumerated() {
            let isThere = try await Courier.blocking {
                try directory.read(ShipmentName.piece(number), limit: CourierLimits.fileBytes).map {
                    Digest.sha256($0) == digest
                } ?? false
            }
            if !isThere { missing.append(number) }
        }
        return missing
    }
}
