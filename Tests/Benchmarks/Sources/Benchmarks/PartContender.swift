// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Foundation
import Letters
import Procedure
import Sealing

/// One way of sealing or opening, in a process of its own.
///
/// How fast libcrypto's CMS calls are with large parts depends on what the process did before: once the C library's
/// allocator has learned to keep large blocks, the loop costs half. So nobody shares a process.
struct PartContender: ParsableCommand {
    enum Work: String, ExpressibleByArgument, CaseIterable {
        case seal, open
        case cmsEncrypt = "cms-encrypt"
        case cmsDecrypt = "cms-decrypt"
    }

    static let configuration = CommandConfiguration(commandName: "contender", shouldDisplay: false)

    @Argument var work: Work
    /// Bytes of content of one part.
    @Argument var bytes: Int
    /// 1: a part. More: an attachment of so many pieces, one operation.
    @Argument var pieces: Int
    @Argument var seconds: Double

    /// Prints operations, seconds, CPU seconds.
    func run() throws {
        let round = try Rounds.measure(try contender(), seconds: seconds)
        print(round.operations, round.wallSeconds, round.cpuSeconds)
    }

    private func contender() throws -> Contender {
        let keys = try PracticeKeys()
        let floors = try keys.floors()
        let content = CryptographySection.content(bytes)
        let pieces = pieces
        switch work {
        case .cmsEncrypt: return Contender(work.rawValue) { try floors.seal(content, $0 * pieces) }
        case .cmsDecrypt:
            let file = try floors.sealed(content)
            return Contender(work.rawValue) { try floors.open(file, $0 * pieces) }
        case .seal where pieces == 1:
            let label = keys.label(.form)
            return Contender(work.rawValue) { times in
                for _ in 0..<times { _ = try SealedPart.seal(content, label: label, to: keys.seal.certificate) }
            }
        case .open where pieces == 1:
            let label = keys.label(.form)
            let part = try SealedPart.seal(content, label: label, to: keys.seal.certificate)
            return Contender(work.rawValue) { times in
                for _ in 0..<times {
                    let opened = try SealedPart.open(
                        part.file, label: label, commitment: part.commitment, size: part.size, with: keys.seal)
                    guard opened.count == content.count else { throw BenchmarkError("a part opened to something else") }
                }
            }
        case .seal:
            let label = keys.label(.piece)
            return Contender(work.rawValue) { times in
                for _ in 0..<times {
                    var sealer = AttachmentSealer(label: label, to: keys.seal.certificate)
                    for _ in 0..<pieces { _ = try sealer.seal(content) }
                    _ = try sealer.finish()
                }
            }
        case .open:
            let label = keys.label(.piece)
            var sealer = AttachmentSealer(label: label, to: keys.seal.certificate)
            var files: [[UInt8]] = []
            for _ in 0..<pieces { files.append(try sealer.seal(content).file) }
            let (sealed, sealedPieces) = (try sealer.finish(), files)
            let reference = PartReference(
                digest: sealed.digest, commitment: sealed.commitment, size: sealed.size, tier: .t2, recipient: label.to,
                basis: .consent,
                pieces: sealed.pieces)
            return Contender(work.rawValue) { times in
                for _ in 0..<times {
                    var opener = try AttachmentOpener(
                        list: sealed.list, reference: reference, label: label, with: keys.seal)
                    for (file, name) in zip(sealedPieces, opener.pieces) { _ = try opener.open(file, named: name) }
                    try opener.finish()
                }
            }
        }
    }

    /// Runs the contenders in turns, each in a process of its own.
    static func interleave(
        _ works: [Work], bytes: Int, pieces: Int, rounds: Int, seconds: Double, environment: [String: String] = [:]
    ) throws -> [Measurement] {
        let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "")
        var result = [Measurement](repeating: Measurement(), count: works.count)
        for round in 0..<rounds {
            for index in round.isMultiple(of: 2) ? Array(works.indices) : works.indices.reversed() {
                let answer = try Child.run(
                    program, ["contender", works[index].rawValue, String(bytes), String(pieces), String(seconds)],
                    environment: environment)
                let numbers = String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap {
                    Double($0)
                }
                guard numbers.count == 3 else { throw BenchmarkError("a contender did not tell its figures") }
                result[index].rounds.append(
                    Measurement.Round(operations: numbers[0], wallSeconds: numbers[1], cpuSeconds: numbers[2]))
            }
        }
        return result
    }
}
