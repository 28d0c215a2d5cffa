// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure

/// An attachment after all its pieces were sealed: what the slip and the form say of it.
public struct SealedAttachment: Sendable, Hashable {
    /// One digest of a piece a line; lies under `parts/` by its own digest, in the clear: it names nothing but files.
    public let list: [UInt8]
    /// SHA-256 of ``list``.
    public let digest: Digest
    /// SHA-256 of the like list of the pieces' commitments; the form names the attachment by it.
    public let commitment: Digest
    public let pieces: Int64
    /// Sum of the pieces' size classes.
    public let size: Int64
}

/// The list of an attachment's pieces: 64 hexadecimal digits and a line feed for each.
public enum PieceList {
    /// - Parameters:
    ///   - list: the file under `parts/`.
    ///   - reference: the slip's entry.
    /// - Throws: ``SealingError`` `.partMismatch` when it is not the list that the slip names.
    public static func read(_ list: [UInt8], reference: PartReference) throws(SealingError) -> [Digest] {
        guard let pieces = reference.pieces, list.count <= SealingLimits.listBytes, list.count == Int(pieces) * 65,
            Digest.sha256(list) == reference.digest
        else { throw SealingError(.partMismatch, "not the list of pieces that the slip names") }
        var digests: [Digest] = []
        for start in stride(from: 0, to: list.count, by: 65) {
            guard list[start + 64] == 0x0A,
                let digest = Digest(hex: String(decoding: list[start..<start + 64], as: UTF8.self))
            else {
                throw SealingError(.partMismatch, "a list of pieces with another line")
            }
            digests.append(digest)
        }
        guard Set(digests).count == digests.count else { throw SealingError(.partMismatch, "a piece stands twice") }
        return digests
    }

    static func write(_ digests: [Digest]) -> [UInt8] { digests.flatMap { Array($0.hex.utf8) + [0x0A] } }
}

/// Seals an attachment piece by piece: memory holds one piece, however long the file is.
public struct AttachmentSealer {
    private let label: PartLabel
    private let recipient: Certificate
    private var digests: [Digest] = []
    private var commitments: [Digest] = []
    private var size: Int64 = 0
    private var isLast = false

    /// - Parameter label: of kind `piece`.
    public init(label: PartLabel, to recipient: Certificate) {
        precondition(label.kind == .piece, "an attachment is made of pieces")
        self.label = label
        self.recipient = recipient
    }

    /// Seals the next piece. All but the last are exactly 1 MiB, so that a length has one way to be cut.
    ///
    /// - Throws: ``SealingError`` `.cannotSeal`: too long, empty, or after a shorter one.
    public mutating func seal(_ piece: [UInt8], salt: [UInt8] = SecureRandom.bytes(32)) throws(SealingError)
        -> SealedPart
    {
        guard !isLast, !piece.isEmpty || digests.isEmpty, digests.count < Int(LetterLimits.pieces) else {
            throw SealingError(.cannotSeal, "a piece after the last, or too many")
        }
        let part = try SealedPart.seal(piece, label: label, to: recipient, salt: salt)
        isLast = piece.count < SealingLimits.contentBytes
        digests.append(part.digest)
        commitments.append(part.commitment)
        size += part.size
        return part
    }

    /// - Throws: ``SealingError`` `.cannotSeal` when there was no piece; an empty file has one empty piece.
    public func finish() throws(SealingError) -> SealedAttachment {
        guard !digests.isEmpty else { throw SealingError(.cannotSeal, "an attachment without a piece") }
        let list = PieceList.write(digests)
        return SealedAttachment(
            list: list, digest: .sha256(list), commitment: .sha256(PieceList.write(commitments)),
            pieces: Int64(digests.count), size: size)
    }

    /// Seals a whole file: `read` gives up to so many next bytes (fewer only at the end), `write` stores each sealed
    /// piece durably.
    ///
    /// - Throws: What `read` and `write` throw, and ``SealingError``.
    public static func seal(
        label: PartLabel, to recipient: Certificate, reading read: (_ count: Int) throws -> [UInt8],
        writing write: (SealedPart) throws -> Void
    ) throws -> SealedAttachment {
        var sealer = AttachmentSealer(label: label, to: recipient)
        while true {
            var piece = try read(SealingLimits.contentBytes)
            defer { Secret.wipe(&piece) }
            if piece.isEmpty, !sealer.digests.isEmpty { break }
            try write(sealer.seal(piece))
            if piece.count < SealingLimits.contentBytes { break }
        }
        return try sealer.finish()
    }
}

/// Opens an attachment piece by piece, in order.
///
/// Each piece is released after its own tag and header agree; that all of them are the attachment is known only
/// after ``finish()``. Write them to a private temporary file, and give it its name after that.
public struct AttachmentOpener {
    private let label: PartLabel
    private let reference: PartReference
    private let identity: SealingIdentity
    /// The files under `parts/`, in order.
    public let pieces: [Digest]
    private var commitments: [Digest] = []
    private var size: Int64 = 0

    /// - Parameters:
    ///   - list: the file under `parts/` that the slip's entry names.
    ///   - reference: the slip's entry.
    ///   - label: of kind `piece`.
    /// - Throws: ``SealingError`` `.partMismatch`.
    public init(list: [UInt8], reference: PartReference, label: PartLabel, with identity: SealingIdentity)
        throws(SealingError)
    {
        precondition(label.kind == .piece, "an attachment is made of pieces")
        self.pieces = try PieceList.read(list, reference: reference)
        self.reference = reference
        self.label = label
        self.identity = identity
    }

    /// Opens the next piece.
    ///
    /// - Parameter name: the digest under which a store that checks digests when it takes a file has handed this one
    ///   out; then it is not computed again, which takes longer than to decrypt. Leave it out for a file from elsewhere.
    /// - Throws: ``SealingError`` `.partMismatch` when it is not the next file of the list, `gate.*`,
    ///   `.partCannotOpen`.
    public mutating func open(_ file: [UInt8], named name: Digest? = nil) throws(SealingError) -> [UInt8] {
        guard commitments.count < pieces.count, name ?? .sha256(file) == pieces[commitments.count] else {
            throw SealingError(.partMismatch, "not the next piece of the list")
        }
        var own: Digest?
        let content = try SealedPart.open(file, label: label, size: nil, with: identity) {
            own = $0
            return true
        }
        guard let own else { throw SealingError(.partCannotOpen, "no commitment") }
        let isLast = commitments.count == pieces.count - 1
        // One way to cut: only the last piece is shorter, and it is empty only when the file is.
        guard isLast || content.count == SealingLimits.contentBytes, !content.isEmpty || pieces.count == 1 else {
            throw SealingError(.partCannotOpen, "a piece that is cut another way")
        }
        commitments.append(own)
        size += Int64(Padme.size(SealedPart.saltBytes + 4 + label.header(length: content.count).count + content.count))
        return content
    }

    /// Checks that every piece was there and that together they are what the slip committed to.
    ///
    /// - Throws: ``SealingError`` `.partMismatch` when pieces are missing, `.partCannotOpen` when it is another
    ///   content.
    public func finish() throws(SealingError) {
        guard commitments.count == pieces.count else { throw SealingError(.partMismatch, "pieces are missing") }
        guard Digest.sha256(PieceList.write(commitments)) == reference.commitment, size == reference.size else {
            throw SealingError(.partCannotOpen, "another content than the slip's")
        }
    }
}
