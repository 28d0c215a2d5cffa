// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
internal import Procedure

/// What a shipment consists of: written last, sealed like its pieces.
///
/// ```
/// {"archive":"<SHA-256 of the archive>","bytes":2097664,"pieces":["<SHA-256 of 000000.p7m>"…],"v":1}
/// ```
struct CourierManifest: Hashable {
    var archive: Digest
    var bytes: Int
    var pieces: [Digest]

    private static let limits = JSONLimits(
        bytes: CourierLimits.manifestBytes, depth: 3, values: CourierLimits.pieces + 8, stringBytes: 64)

    var json: [UInt8] {
        CanonicalJSON.write(
            .object([
                "archive": .string(archive.hex), "bytes": .integer(Int64(bytes)),
                "pieces": .array(pieces.map { .string($0.hex) }),
                "v": .integer(1),
            ]))
    }

    init(archive: Digest, bytes: Int, pieces: [Digest]) {
        self.archive = archive
        self.bytes = bytes
        self.pieces = pieces
    }

    init(json: [UInt8]) throws(LetterError) {
        var reader = FieldReader(
            try CanonicalJSON.read(json, limits: Self.limits), place: "manifest", failure: .archiveMalformed)
        guard try reader.integer("v") == 1 else { throw reader.fault("v", "unknown version") }
        archive = try reader.digest("archive")
        bytes = Int(try reader.positive("bytes"))
        pieces = try reader.digests("pieces", limit: CourierLimits.pieces)
        try reader.finish()
        guard pieces.count == (bytes + CourierLimits.pieceBytes - 1) / CourierLimits.pieceBytes else {
            throw reader.fault("pieces", "not as many as the bytes need")
        }
    }
}

/// Bounds on a stick's shipments. Protocols/Courier.md §7.
enum CourierLimits {
    /// 1 MiB of the archive in each piece; the last one holds the rest.
    static let pieceBytes = 1_048_576
    /// 64 MiB a shipment: what a cut export has to write again.
    static let pieces = 64
    static let shipmentBytes = pieces * pieceBytes
    /// A piece's file: as large as a letter's part.
    static let fileBytes = LetterArchiveLimits.partBytes
    static let manifestBytes = 16_384
    /// A manifest's file, sealed.
    static let manifestFileBytes = 32_768
    /// Shipments on one stick: 256 GiB.
    static let shipments = 4_096
    /// Letters and ancestors of one shipment: each has a slip and its header.
    static let letters = 65_536
    /// Part bytes that are collected before a letter's parts are handed over, so that memory stays flat.
    static let bundleBytes = 4_194_304

    static let archive = LetterArchiveLimits(bytes: shipmentBytes, letters: letters)
}
