// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct PadmeTests {
    @Test func `size classes are those of the paper`() {
        let answers = [
            0: 0, 1: 1, 2: 2, 8: 8, 9: 10, 10: 10, 15: 16, 16: 16, 17: 18, 100: 104, 127: 128, 128: 128, 129: 144,
            200: 208, 201: 208, 255: 256,
            256: 256, 257: 272, 1_000: 1_024, 1_024: 1_024, 1_025: 1_088, 4_097: 4_352, 65_537: 67_584,
            1_048_576: 1_048_576,
            1_048_577: 1_081_344, 1_000_000_000: 1_006_632_960,
        ]
        for (count, size) in answers { #expect(Padme.size(count) == size, "\(count)") }
    }

    @Test func `a class is never smaller, at most an eighth larger, and its own class`() {
        var classes: Set<Int> = []
        for count in 1...70_000 {
            let size = Padme.size(count)
            #expect(size >= count && (size - count) * 100 <= count * 12 && Padme.size(size) == size)
            classes.insert(size)
        }
        #expect(classes.count < 500)  // few classes: that is the point
    }
}

@Suite struct SealTests {
    @Test(arguments: [0, 1, 2, 31, 32, 33, 1_000, 65_536, 1_048_576])
    func `what was sealed opens again, and only its size class shows`(count: Int) throws {
        let pair = try Pair()
        let content = SecureRandom.bytes(count)
        let part = try SealedPart.seal(content, label: pair.label(), to: pair.reader.certificate)
        #expect(
            part.digest == .sha256(part.file) && Padme.size(Int(part.size)) == Int(part.size)
                && part.file.count <= SealingLimits.partFileBytes)
        #expect(
            try SealedPart.open(
                part.file, label: pair.label(), commitment: part.commitment, size: part.size, with: pair.reader)
                == content)
        try SealedPart.check(part.file, digest: part.digest, size: part.size, recipient: pair.reader.certificate)
        #expect(throws: SealingError(.cannotSeal, "")) {
            try SealedPart.seal(
                content + [UInt8](repeating: 0, count: SealingLimits.contentBytes + 1 - count), label: pair.label(),
                to: pair.reader.certificate)
        }
    }

    @Test func `ten thousand random lengths show size classes only`() throws {
        let pair = try Pair()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let part = try SealedPart.seal(
                [UInt8](repeating: 7, count: .random(in: 0...4_096, using: &generator)), label: pair.label(),
                to: pair.reader.certificate)
            let gate = try Gate.part(part.file)
            #expect(gate.plaintextCount == Int(part.size) && Padme.size(gate.plaintextCount) == gate.plaintextCount)
        }
    }

    @Test func `one content sealed twice shows nothing in common`() throws {
        let pair = try Pair()
        let one = try SealedPart.seal([1], label: pair.label(), to: pair.reader.certificate)
        let two = try SealedPart.seal([1], label: pair.label(), to: pair.reader.certificate)
        #expect(one.digest != two.digest && one.commitment != two.commitment)
    }

    @Test func `another sender, recipient, case, kind, commitment, size or key does not open it`() throws {
        let pair = try Pair()
        let part = try SealedPart.seal(Array("form".utf8), label: pair.label(), to: pair.reader.certificate)
        func code(
            _ label: PartLabel, _ commitment: Digest? = nil, _ size: Int64? = nil, _ reader: SealingIdentity? = nil
        ) -> SealingError.Code? {
            error {
                try SealedPart.open(
                    part.file, label: label, commitment: commitment ?? part.commitment, size: size ?? part.size,
                    with: reader ?? pair.reader)
            }
        }
        #expect(code(pair.label()) == nil)
        let other = try #require(MemberID("bd:other"))
        #expect(code(PartLabel(from: other, to: pair.to, caseID: pair.caseID, kind: .form)) == .partCannotOpen)
        #expect(code(PartLabel(from: pair.from, to: other, caseID: pair.caseID, kind: .form)) == .partCannotOpen)
        let otherCase = try #require(CaseID(random: [UInt8](repeating: 1, count: 16)))
        #expect(code(PartLabel(from: pair.from, to: pair.to, caseID: otherCase, kind: .form)) == .partCannotOpen)
        #expect(code(pair.label(.steps)) == .partCannotOpen)
        #expect(code(pair.label(), .sha256([])) == .partCannotOpen)
        #expect(code(pair.label(), nil, part.size + 1) == .partCannotOpen)
        #expect(code(pair.label(), nil, nil, try pair.authority.reader("bd:other")) == .partCannotOpen)
    }

    /// T10: the recipient seals what it was sent to a third member, or signs a slip of its own over the part.
    @Test func `a part that is forwarded under another name is not opened`() throws {
        let pair = try Pair()
        let third = try pair.authority.reader("bd:third")
        let thirdID = try #require(MemberID("bd:third"))
        let part = try SealedPart.seal(Array("form".utf8), label: pair.label(), to: pair.reader.certificate)
        // The recipient reads the whole plaintext, header and salt too, and seals exactly that to the third.
        let plain = try CMS.open(try Gate.part(part.file).envelope, key: pair.reader.key)
        #expect(Digest.sha256(plain) == part.commitment)
        let forwarded = try CMS.seal([plain], to: third.certificate).file
        // As its own: the header still names the first sender. As the first sender's: it still names the first
        // recipient.
        for label in [
            PartLabel(from: pair.to, to: thirdID, caseID: pair.caseID, kind: .form),
            PartLabel(from: pair.from, to: thirdID, caseID: pair.caseID, kind: .form),
        ] {
            #expect(
                error {
                    try SealedPart.open(
                        forwarded, label: label, commitment: part.commitment, size: part.size, with: third)
                } == .partCannotOpen)
        }
        // The original part under the recipient's own slip, to the third.
        let label = PartLabel(from: pair.to, to: thirdID, caseID: pair.caseID, kind: .form)
        #expect(
            error {
                try SealedPart.open(part.file, label: label, commitment: part.commitment, size: part.size, with: third)
            } == .partCannotOpen)
    }

    @Test func `a broker refuses a part that is not the one the slip names`() throws {
        let pair = try Pair()
        let part = try SealedPart.seal([1], label: pair.label(), to: pair.reader.certificate)
        func code(_ file: [UInt8], _ digest: Digest, _ size: Int64?, _ recipient: Certificate?) -> SealingError.Code? {
            error { try SealedPart.check(file, digest: digest, size: size, recipient: recipient) }
        }
        #expect(code(part.file, .sha256([]), part.size, nil) == .partMismatch)
        #expect(code(part.file, part.digest, part.size + 8, nil) == .partMismatch)
        let other = try pair.authority.reader("bd:other")
        #expect(code(part.file, part.digest, part.size, other.certificate) == .partMismatch)
        let odd = try CMS.seal([[UInt8](repeating: 0, count: 257)], to: pair.reader.certificate).file
        #expect(code(odd, .sha256(odd), nil, nil) == .partMismatch)
        #expect(code([0x30], .sha256([0x30]), nil, nil) == .gateMalformed)
        let long = [UInt8](repeating: 0, count: SealingLimits.partFileBytes + 1)
        #expect(code(long, .sha256(long), nil, nil) == .gateSize)
    }

    @Test func `a certificate of another kind seals nothing, opens nothing, signs nothing`() throws {
        let pair = try Pair()
        #expect(error { try SealedPart.seal([], label: pair.label(), to: pair.signer.certificate) } == .cannotSeal)
        #expect(
            error { try SealingIdentity(certificate: pair.signer.certificate, key: pair.signer.key) } == .cannotSeal)
        #expect(
            error { try SigningIdentity(certificate: pair.reader.certificate, key: pair.reader.key) }
                == .signerNotPermitted)
        #expect(
            error { try SigningIdentity(certificate: pair.signer.certificate, key: pair.reader.key) }
                == .signerNotPermitted)
        #expect(
            error { try SealingIdentity(certificate: pair.reader.certificate, key: pair.signer.key) } == .cannotSeal)
    }

    @Test func `sealed steps are those of the slip, equal for every recipient`() throws {
        let steps = SealedSteps(events: [Event(code: "REFERRAL_OFFER", at: Instant(seconds: 5))])
        let salt = SecureRandom.bytes(32)
        let (content, digest) = SealedStepsContent.make(steps, salt: salt)
        #expect(Digest.sha256(content) == digest && content.starts(with: salt))
        #expect(try SealedStepsContent.read(content, digest: digest) == steps)
        #expect(error { try SealedStepsContent.read(content, digest: .sha256([])) } == .partCannotOpen)
        let broken = salt + Array(#"{"steps": []}"#.utf8)
        #expect(error { try SealedStepsContent.read(broken, digest: .sha256(broken)) } == .slipMalformed)
        #expect(error { try SealedStepsContent.read(salt, digest: .sha256(salt)) } == .partCannotOpen)
    }
}

@Suite struct AttachmentTests {
    private struct Sealed {
        var attachment: SealedAttachment
        var parts: [SealedPart]

        func reference(_ recipient: MemberID) -> PartReference {
            PartReference(
                digest: attachment.digest, commitment: attachment.commitment, size: attachment.size, tier: .t2,
                recipient: recipient, basis: .consent,
                pieces: attachment.pieces)
        }
    }

    private func seal(_ content: [UInt8], _ pair: Pair) throws -> Sealed {
        var parts: [SealedPart] = []
        var position = 0
        let attachment = try AttachmentSealer.seal(
            label: pair.label(.piece), to: pair.reader.certificate,
            reading: { count in
                defer { position = min(position + count, content.count) }
                return Array(content[position..<min(position + count, content.count)])
            }, writing: { parts.append($0) })
        return Sealed(attachment: attachment, parts: parts)
    }

    private func open(_ sealed: Sealed, _ pair: Pair, files: [[UInt8]]? = nil, reference: PartReference? = nil) throws
        -> [UInt8]
    {
        var opener = try AttachmentOpener(
            list: sealed.attachment.list, reference: reference ?? sealed.reference(pair.to), label: pair.label(.piece),
            with: pair.reader)
        var content: [UInt8] = []
        for file in files ?? sealed.parts.map(\.file) { content += try opener.open(file) }
        try opener.finish()
        return content
    }

    static let piece = SealingLimits.contentBytes

    @Test(arguments: [(0, 1), (1, 1), (piece - 1, 1), (piece, 1), (piece + 1, 2), (3 * piece, 3), (3 * piece + 7, 4)])
    func `an attachment of any length comes back whole`(count: Int, pieces: Int) throws {
        let pair = try Pair()
        let content = SecureRandom.bytes(min(count, 1 << 20)) + [UInt8](repeating: 3, count: max(0, count - 1 << 20))
        let sealed = try seal(content, pair)
        #expect(sealed.attachment.pieces == Int64(pieces) && sealed.parts.count == pieces)
        #expect(sealed.attachment.list == sealed.parts.flatMap { Array("\($0.digest.hex)\n".utf8) })
        #expect(sealed.attachment.digest == .sha256(sealed.attachment.list))
        #expect(sealed.attachment.size == sealed.parts.map(\.size).reduce(0, +))
        #expect(try open(sealed, pair) == content)
    }

    @Test func `a piece that is missing, doubled, exchanged or from another attachment is found`() throws {
        let pair = try Pair()
        let sealed = try seal([UInt8](repeating: 1, count: 2 * Self.piece + 9), pair)
        let other = try seal([UInt8](repeating: 2, count: 2 * Self.piece + 9), pair)
        let files = sealed.parts.map(\.file)
        #expect(error { try open(sealed, pair, files: Array(files.dropLast())) } == .partMismatch)
        #expect(error { try open(sealed, pair, files: [files[0], files[0], files[2]]) } == .partMismatch)
        #expect(error { try open(sealed, pair, files: [files[1], files[0], files[2]]) } == .partMismatch)
        #expect(error { try open(sealed, pair, files: files + [files[2]]) } == .partMismatch)
        #expect(error { try open(sealed, pair, files: [files[0], other.parts[1].file, files[2]]) } == .partMismatch)
        var reference = sealed.reference(pair.to)
        reference.commitment = other.attachment.commitment
        #expect(error { try open(sealed, pair, reference: reference) } == .partCannotOpen)
        reference = sealed.reference(pair.to)
        reference.size += 1
        #expect(error { try open(sealed, pair, reference: reference) } == .partCannotOpen)
        reference = sealed.reference(pair.to)
        reference.pieces = 2
        #expect(error { try open(sealed, pair, reference: reference) } == .partMismatch)
        reference.pieces = nil
        #expect(error { try open(sealed, pair, reference: reference) } == .partMismatch)
    }

    @Test func `a store that hands out another file under a piece's name is found at the end at the latest`() throws {
        let pair = try Pair()
        let sealed = try seal([UInt8](repeating: 1, count: Self.piece + 9), pair)
        let other = try seal([UInt8](repeating: 2, count: Self.piece + 9), pair)
        var opener = try AttachmentOpener(
            list: sealed.attachment.list, reference: sealed.reference(pair.to), label: pair.label(.piece),
            with: pair.reader)
        _ = try opener.open(other.parts[0].file, named: opener.pieces[0])
        #expect(error { try opener.open(sealed.parts[1].file, named: opener.pieces[0]) } == .partMismatch)
        _ = try opener.open(sealed.parts[1].file, named: opener.pieces[1])
        #expect(error { try opener.finish() } == .partCannotOpen)
    }

    @Test func `a list that is not the slip's, or not a list, is refused`() throws {
        let pair = try Pair()
        let digest = Digest.sha256([1]).hex
        for text in ["\(digest)\n\(digest)\n", "\(digest)\r", digest, "\(digest.uppercased())\n", "", "\(digest)\n\n"] {
            let list = Array(text.utf8)
            let reference = PartReference(
                digest: .sha256(list), commitment: .sha256([]), size: 1, tier: .t2, recipient: pair.to, basis: .consent,
                pieces: Int64(max(1, list.count / 65)))
            #expect(error { try PieceList.read(list, reference: reference) } == .partMismatch, "\(text)")
        }
    }

    @Test func `a form is not taken for a piece, nor a piece of another case`() throws {
        let pair = try Pair()
        let sealed = try seal([1, 2, 3], pair)
        let file = sealed.parts[0].file
        #expect(
            error {
                try SealedPart.open(
                    file, label: pair.label(.form), commitment: sealed.parts[0].commitment, size: sealed.parts[0].size,
                    with: pair.reader)
            }
                == .partCannotOpen)
    }

    @Test func `pieces are cut one way only`() throws {
        let pair = try Pair()
        var sealer = AttachmentSealer(label: pair.label(.piece), to: pair.reader.certificate)
        _ = try sealer.seal([1])
        #expect(error { try sealer.seal([2]) } == .cannotSeal)
        #expect(
            error { try AttachmentSealer(label: pair.label(.piece), to: pair.reader.certificate).finish() }
                == .cannotSeal)
    }
}
