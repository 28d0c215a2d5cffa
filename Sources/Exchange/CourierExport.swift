// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Letters
internal import MessageStore
internal import NIOPosix
public import Procedure
internal import Sealing

extension Courier {
    /// Writes what `next` gives to a stick, in shipments of at most 64 MiB.
    ///
    /// A shipment appears under its name when it is whole and on the medium, and `carried` is called then: a cut export is continued by
    /// exporting what was not carried. Holds one item and one piece at a time.
    ///
    /// - Parameters:
    ///   - directory: on the stick; exists.
    ///   - next: the next item; `nil` ends.
    ///   - carried: letters that are wholly on the stick now.
    /// - Throws: ``CourierError`` `.full`, `.io`, `.exists`, `.malformed` (an item that no reader would take), and what the closures throw.
    public static func export(
        to directory: String, hop: Hop, next: () async throws -> Item?,
        carried: ([LetterID]) async throws -> Void = { _ in }
    ) async throws -> ExportReport {
        let stick = try await blocking { try OpenDirectory(path: directory) }
        try await blocking { try removeUnfinished(on: stick) }
        var writer = ShipmentWriter(stick: stick, hop: hop)
        do {
            while let item = try await next() { try await writer.add(item, carried) }
            try await writer.finish(carried)
        } catch {
            await writer.abandon()
            throw error
        }
        return writer.report
    }

    /// What a killed export left behind: it was never whole, so nobody waits for it.
    private static func removeUnfinished(on stick: OpenDirectory) throws(CourierError) {
        for name in try stick.names(limit: CourierLimits.shipments, isWanted: ShipmentName.isUnfinished) {
            try ShipmentName.remove(name, from: stick)
        }
    }

    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

/// Names on a stick: 32 hexadecimal digits for a shipment, six decimal ones for a piece. No other name is ever opened.
enum ShipmentName {
    static let manifest = "manifest.p7m"
    private static let unfinished = ".part"

    static func piece(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".p7m"
    }

    static func isShipment(_ name: String) -> Bool { CaseID(name) != nil }
    static func unfinished(_ shipment: CaseID) -> String { shipment.text + unfinished }
    static func isUnfinished(_ name: String) -> Bool {
        name.hasSuffix(unfinished) && isShipment(String(name.dropLast(unfinished.count)))
    }

    /// Removes a shipment's own files and then its directory; anything else in it stays, and so does the directory.
    static func remove(_ name: String, from stick: OpenDirectory) throws(CourierError) {
        let directory = try stick.directory(name)
        let own = Set((0..<CourierLimits.pieces).map(piece) + [manifest])
        for file in try directory.names(limit: own.count, isWanted: own.contains) { try directory.removeFile(file) }
        try stick.removeDirectory(name)
    }
}

/// One shipment after another.
private struct ShipmentWriter {
    private struct Shipment {
        let id: CaseID
        let directory: OpenDirectory
        let hash = ArchiveHash()
        var pieces: [Digest] = []
        var pending: [UInt8] = []
        var bytes = 0
    }

    let stick: OpenDirectory
    let hop: Courier.Hop
    private(set) var report = Courier.ExportReport()
    private var shipment: Shipment?
    /// The letter whose slip was written last, and its slip, in case that a part opens the next shipment.
    private var current: LetterBundle?
    private var seen: Set<LetterArchive.Entry> = []
    private var done: [LetterID] = []

    init(stick: OpenDirectory, hop: Courier.Hop) {
        self.stick = stick
        self.hop = hop
    }

    mutating func add(_ item: Courier.Item, _ carried: ([LetterID]) async throws -> Void) async throws {
        switch item {
        case .context(let ancestor):
            endLetter()
            let cost = BundleArchive.cost(of: ancestor)
            try await makeRoom(cost, carried)
            // An ancestor of several letters comes once a shipment.
            guard seen.insert(.context(ancestor.id)).inserted else { return }
            try await append(.context(ancestor.id), ancestor.slip)
            if let void = ancestor.void { try await append(.void(ancestor.id), void) }
        case .document(let document):
            endLetter()
            guard let id = try? Gate.slip(document.slip).contentDigest else { throw Self.oddItem }
            try await makeRoom(BundleArchive.cost(document.slip) + BundleArchive.cost(document.file), carried)
            guard seen.insert(.slip(id)).inserted else { return }
            try await append(.slip(id), document.slip)
            try await append(.file(id), document.file)
        case .letter(let bundle):
            if current?.id != bundle.id { endLetter() }
            for (digest, bytes) in bundle.parts.sorted(by: { $0.key < $1.key }) {
                try await open(bundle, digest, BundleArchive.cost(bytes), carried)
                try await append(.part(bundle.id, digest), bytes)
                last = digest
            }
            if bundle.parts.isEmpty { try await open(bundle, nil, 0, carried) }
        }
    }

    /// The last part written of the current letter: parts ascend within a shipment.
    private var last: Digest?

    /// Sees to it that the slip of `bundle` stands in this shipment, with room for a part after it.
    private mutating func open(
        _ bundle: LetterBundle, _ digest: Digest?, _ cost: Int, _ carried: ([LetterID]) async throws -> Void
    ) async throws {
        let isOpen = current?.id == bundle.id && shipment != nil
        let ascends = digest.map { next in last.map { $0 < next } ?? true } ?? true
        if isOpen, ascends, fits(cost) { return }
        let slip = BundleArchive.cost(bundle.slip)
        if isOpen || seen.contains(.slip(bundle.id)) || !fits(slip + cost) {
            // A part that does not ascend, or a letter that comes again, opens a shipment of its own: a name stands once in an archive.
            current = nil
            try await close(carried)
        }
        try await makeRoom(slip + cost, carried)
        seen.insert(.slip(bundle.id))
        try await append(.slip(bundle.id), bundle.slip)
        current = LetterBundle(id: bundle.id, slip: bundle.slip)
        last = nil
    }

    private mutating func endLetter() {
        if let current {
            done.append(current.id)
            report.letters += 1
        }
        current = nil
        last = nil
    }

    private func fits(_ cost: Int) -> Bool {
        (shipment?.bytes ?? 0) + cost + LetterArchive.end.count <= CourierLimits.shipmentBytes
            && seen.count < CourierLimits.letters
    }

    private mutating func makeRoom(_ cost: Int, _ carried: ([LetterID]) async throws -> Void) async throws {
        if shipment != nil, !fits(cost) { try await close(carried) }
        guard shipment == nil else { return }
        guard let id = CaseID(random: SecureRandom.bytes(16)) else { preconditionFailure("16 bytes are a pseudonym") }
        let directory = try await Courier.blocking { [stick] in try stick.makeDirectory(ShipmentName.unfinished(id)) }
        shipment = Shipment(id: id, directory: directory)
    }

    private static let oddItem = CourierError(.malformed, "an item that no reader would take")

    private mutating func append(_ entry: LetterArchive.Entry, _ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty, bytes.count <= entry.limit else { throw Self.oddItem }
        var file: [UInt8] = []
        LetterArchive.append(entry, bytes, to: &file)
        try await append(file)
    }

    private mutating func append(_ bytes: [UInt8]) async throws {
        guard shipment != nil else { return }
        shipment?.hash.update(bytes)
        shipment?.bytes += bytes.count
        shipment?.pending += bytes
        while let pending = shipment?.pending, pending.count >= CourierLimits.pieceBytes {
            shipment?.pending = Array(pending[CourierLimits.pieceBytes...])
            try await writePiece(Array(pending[..<CourierLimits.pieceBytes]))
        }
    }

    private mutating func writePiece(_ content: [UInt8]) async throws {
        guard let shipment else { return }
        let number = shipment.pieces.count
        let digest = try await Courier.blocking { [hop, id = shipment.id, directory = shipment.directory] in
            let file = try CourierSeal.seal(
                content, .piece(number), shipment: id, to: hop.member, certificate: hop.certificate)
            try directory.write(ShipmentName.piece(number), file)
            return Digest.sha256(file)
        }
        self.shipment?.pieces.append(digest)
    }

    mutating func finish(_ carried: ([LetterID]) async throws -> Void) async throws {
        endLetter()
        try await close(carried)
    }

    /// Ends the shipment, if there is one: from the rename on it counts.
    private mutating func close(_ carried: ([LetterID]) async throws -> Void) async throws {
        if shipment != nil {
            try await append(LetterArchive.end)
            if let rest = shipment?.pending, !rest.isEmpty {
                shipment?.pending = []
                try await writePiece(rest)
            }
        }
        if let shipment {
            let manifest = CourierManifest(
                archive: shipment.hash.finish(), bytes: shipment.bytes, pieces: shipment.pieces)
            try await Courier.blocking { [stick, hop, id = shipment.id, directory = shipment.directory] in
                let file = try CourierSeal.seal(
                    manifest.json, .manifest, shipment: id, to: hop.member, certificate: hop.certificate)
                try directory.write(ShipmentName.manifest, file)
                try directory.sync()
                try stick.rename(ShipmentName.unfinished(id), to: id.text)
                try stick.sync()
            }
            report.shipments.append(shipment.id.text)
            report.bytes += Int64(shipment.bytes)
        }
        shipment = nil
        seen = []
        // A letter that goes on in the next shipment is not carried yet.
        let letters = done
        done = []
        if !letters.isEmpty { try await carried(letters) }
    }

    /// Removes the shipment that was not finished; a failure to do so changes nothing, the next export tries again.
    mutating func abandon() async {
        guard let id = shipment?.id else { return }
        shipment = nil
        try? await Courier.blocking { [stick] in try ShipmentName.remove(ShipmentName.unfinished(id), from: stick) }
    }
}

/// SHA-256 of an archive as it is written or read; used by one task at a time.
final class ArchiveHash {
    private let stream = SHA256.Stream()
    func update(_ bytes: [UInt8]) { stream.update(bytes) }
    func finish() -> Digest { .finishing(stream) }
}
