// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

/// What the gate answers to every alteration of a kind, not to one chosen file.
@Suite struct GateTests {
    @Test func `a slip or a part that is cut anywhere is not our DER`() throws {
        let pair = try Pair()
        let slip = try SignedSlip.sign(pair.slip(), by: pair.signer).file
        let part = try SealedPart.seal([1, 2, 3], label: pair.label(), to: pair.reader.certificate).file
        for count in 0..<slip.count { #expect(error { try Gate.slip(Array(slip[..<count])) } == .gateMalformed) }
        for count in 0..<part.count { #expect(error { try Gate.part(Array(part[..<count])) } == .gateMalformed) }
    }

    @Test func `a file longer than its limit is refused by its size, before anything is read`() throws {
        #expect(error { try Gate.slip([UInt8](repeating: 0, count: SealingLimits.slipFileBytes + 1)) } == .gateSize)
        #expect(error { try Gate.slip([UInt8](repeating: 0, count: SealingLimits.slipFileBytes)) } == .gateMalformed)
        #expect(error { try Gate.part([UInt8](repeating: 0, count: SealingLimits.partFileBytes + 1)) } == .gateSize)
        #expect(error { try Gate.part([UInt8](repeating: 0, count: SealingLimits.partFileBytes)) } == .gateMalformed)
    }

    @Test func `half a million NULLs are refused after four hundred`() throws {
        let count = SealingLimits.partFileBytes - 6
        let bomb =
            [0x30, 0x83, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)]
            + (0..<count).map { $0 % 2 == 0 ? UInt8(5) : 0 }
        let clock = ContinuousClock()
        let time = clock.measure { #expect(error { try Gate.part(bomb) } == .gateMalformed) }
        #expect(time < .milliseconds(100))
    }

    @Test func `no single flipped bit of a slip is accepted as another letter`() throws {
        let pair = try Pair()
        let signed = try SignedSlip.sign(pair.slip(), by: pair.signer)
        var codes: Set<SealingError.Code> = []
        for index in signed.file.indices {
            for bit in 0..<8 {
                var altered = signed.file
                altered[index] ^= 1 << UInt8(bit)
                let code = error { try SignedSlip.read(altered, certificate: pair.directory) }
                #expect(code != nil, "byte \(index), bit \(bit)")
                if let code { codes.insert(code) }
            }
        }
        // All four stages were reached; what the signature covers, no later stage ever sees altered.
        #expect(codes == [.gateMalformed, .gateProfile, .signatureInvalid])
    }

    @Test func `no single flipped bit of a part is opened`() throws {
        let pair = try Pair()
        let part = try SealedPart.seal(Array("a form".utf8), label: pair.label(), to: pair.reader.certificate)
        for index in part.file.indices {
            for bit in 0..<8 {
                var altered = part.file
                altered[index] ^= 1 << UInt8(bit)
                let code = error {
                    try SealedPart.open(
                        altered, label: pair.label(), commitment: part.commitment, size: part.size, with: pair.reader)
                }
                #expect(
                    code == .gateMalformed || code == .gateProfile || code == .partCannotOpen,
                    "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func `no tag of another length passes, whatever the content's length`() throws {
        let pair = try Pair()
        for count in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 255, 256, 511, 1_000, 4_096, 65_536] {
            let part = try SealedPart.seal(SecureRandom.bytes(count), label: pair.label(), to: pair.reader.certificate)
            for length in 0..<16 {
                // The tag is the last element: cut it, and correct every length above it, with the tag length told
                // and untold.
                for told in [false, true] {
                    let altered = try shortened(part.file, tag: length, told: told)
                    #expect(error { try Gate.part(altered) } == .gateProfile)
                    #expect(
                        error {
                            try SealedPart.open(
                                altered, label: pair.label(), commitment: part.commitment, size: part.size,
                                with: pair.reader)
                        }
                            == .gateProfile)
                }
            }
        }
    }

    private func shortened(_ file: [UInt8], tag: Int, told: Bool) throws -> [UInt8] {
        func header(_ tag: UInt8, _ count: Int) -> [UInt8] {
            switch count {
            case ..<128: [tag, UInt8(count)]
            case ..<256: [tag, 0x81, UInt8(count)]
            case ..<65_536: [tag, 0x82, UInt8(count >> 8), UInt8(count & 255)]
            default: [tag, 0x83, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)]
            }
        }
        let oid: [UInt8] = [0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x17]
        let gate = try Gate.part(file)
        // The inside of AuthEnvelopedData begins with its version, `02 01 00`, and ends before `04 10` and the tag.
        let start = try #require(file.indices.first { file[$0...].starts(with: [0x02, 0x01, 0x00, 0x31]) })
        var body = Array(file[start..<gate.envelope.tag.startIndex - 2])
        if told {
            let place = gate.envelope.nonce.endIndex + 2 - start
            #expect(body[place] == 0x10)
            body[place] = UInt8(tag)
        }
        let inner = body + [0x04, UInt8(tag)] + gate.envelope.tag.prefix(tag)
        let data = header(0x30, inner.count) + inner
        let whole = oid + header(0xA0, data.count) + data
        return header(0x30, whole.count) + whole
    }

    @Test func `the gate takes no longer than a twentieth of a second for any prefix of noise`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var noise = SecureRandom.bytes(Int.random(in: 0...400, using: &generator))
            if noise.count > 4 { noise.replaceSubrange(0..<2, with: [0x30, UInt8(min(noise.count - 2, 127))]) }
            #expect(error { try Gate.slip(noise) } != nil)
            #expect(error { try Gate.part(noise) } != nil)
        }
    }
}
