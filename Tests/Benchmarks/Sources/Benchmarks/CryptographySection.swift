// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Sealing

/// Floors, sealing, opening and slips, on one core.
struct CryptographySection {
    let keys: PracticeKeys
    let rounds: Int
    /// What a contender gets in one round.
    let seconds = 0.12

    func run(_ report: inout Report, directory: URL, floorsOnly: Bool) throws -> MeasuredFloors {
        let floors = try keys.floors()
        let slip = try slipFile()
        let json = Array(slip.slip.json())
        let measured = try measureFloors(floors, slip, json, directory, &report)
        if floorsOnly { return measured }
        try measureParts(&report)
        try measureSlips(floors, slip, json, &report)
        return measured
    }

    // MARK: Floors

    private func measureFloors(
        _ floors: Floors, _ slip: SignedSlip, _ json: [UInt8], _ directory: URL, _ report: inout Report
    ) throws -> MeasuredFloors {
        report.begin("floors", "libcrypto and the disk in a plain loop")
        let megabyte = [UInt8](repeating: 0x5A, count: 1 << 20)
        let results = try Rounds.interleave(
            [
                Contender("ECDSA P-256 sign") { try floors.ecdsaSign(json, $0) },
                Contender("ECDSA P-256 verify") { try floors.ecdsaVerify(json, $0) },
                Contender("SHA-256 of 1 MiB") { try Floors.sha256(megabyte, $0) },
                Contender("CMS_verify, certificate known") { try floors.verify(slip.file, $0) },
                Contender("fdatasync of a 4 KiB append") { try Floors.synchronise(directory, $0) },
            ], count: rounds, seconds: seconds)
        for (name, result) in zip(
            [
                "ECDSA P-256 sign", "ECDSA P-256 verify", "SHA-256 of 1 MiB", "CMS_verify, certificate known",
                "fdatasync, 4 KiB appended",
            ],
            results)
        {
            report.figure(name, result.perSecond, "/s", cpu: result.cpuMicroseconds.median)
        }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let file = slip.file
        let onAllCores = try (0..<rounds).map { _ in
            try Rounds.onAllCores(cores, seconds: seconds * 2) { try floors.verify(file, $0) }
        }
        report.figure("CMS_verify on all \(cores) cores at once", Spread(onAllCores), "/s")
        return MeasuredFloors(
            cmsVerifyOneCore: results[3].perSecond.median, cmsVerifyAllCores: Spread(onAllCores).median,
            ecdsaVerifyOneCore: results[1].perSecond.median, syncs: results[4].perSecond.median, cores: cores)
    }

    // MARK: Parts

    private func measureParts(_ report: inout Report) throws {
        report.begin(
            "parts",
            "with all that Kheya adds, against CMS_encrypt and CMS_decrypt; one core, CPU time, a process each"
        )
        let works = PartContender.Work.allCases
        for (name, bytes, pieces) in [
            ("1 KB", 1_024, 1), ("10 KB", 10_240, 1), ("100 KB", 102_400, 1), ("10 MB in ten pieces", 1 << 20, 10),
        ] {
            let results = try PartContender.interleave(
                works, bytes: bytes, pieces: pieces, rounds: rounds, seconds: seconds * (pieces > 1 ? 3 : 1))
            judge("seal \(name)", results[0], results[2], .atLeast(0.8), &report)
            judge("open \(name)", results[1], results[3], .atLeast(0.8), &report)
        }
        // The strictest floor: an allocator that never gives memory back, so that libcrypto's many buffers cost no page
        // faults.
        let strict = try PartContender.interleave(
            works, bytes: 1 << 20, pieces: 10, rounds: rounds, seconds: seconds * 3,
            environment: ["MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "268435456"])
        tell("  seal 10 MB, allocator that keeps its memory", strict[0], strict[2], &report)
        tell("  open 10 MB, allocator that keeps its memory", strict[1], strict[3], &report)
    }

    // MARK: Slips

    private func measureSlips(_ floors: Floors, _ slip: SignedSlip, _ json: [UInt8], _ report: inout Report) throws {
        report.begin("slips", "a slip of \(json.count) bytes; one core, by CPU time")
        let file = slip.file
        let certificate = keys.sign.certificate
        let digest = certificate.id
        let results = try Rounds.interleave(
            [
                Contender("read") { times in
                    for _ in 0..<times {
                        let read = try SignedSlip.read(file) { $0 == digest ? certificate : nil }
                        guard read.id == slip.id else { throw BenchmarkError("a slip read as another") }
                    }
                },
                Contender("gate") { times in
                    for _ in 0..<times { _ = try Gate.slip(file) }
                },
                Contender("CMS_verify") { try floors.verify(file, $0) },
                Contender("CMS_verify with chain") { [keys] in try floors.verifyChain(file, at: keys.now, $0) },
                Contender("sign") { [keys] times in
                    for _ in 0..<times { _ = try SignedSlip.sign(slip.slip, by: keys.sign) }
                },
                Contender("CMS_sign") { try floors.sign(json, $0) },
                Contender("slip JSON") { times in
                    for _ in 0..<times { _ = try Slip.read(json) }
                },
            ], count: rounds, seconds: seconds)
        judge("verify: gate, signature, JSON", results[0], results[2], .above(1), &report)
        judge("the same against CMS_verify with chain", results[0], results[3], .above(1), &report)
        // How much of a CMS_verify the gate takes: the inverse of how many gates fit into one.
        report.compare(
            "gate alone, share of CMS_verify", results[1].perCPUSecond, "/s", floor: results[2].perCPUSecond.median,
            ratio: results[2].ratio(to: results[1]), target: .atMost(0.1), cpu: results[1].cpuMicroseconds.median)
        tell("sign", results[4], results[5], &report)
        report.figure("the JSON alone", results[6].perCPUSecond, "/s", cpu: results[6].cpuMicroseconds.median)
    }

    // MARK: Helpers

    private func judge(
        _ name: String, _ ours: Measurement, _ floor: Measurement, _ target: Target, _ report: inout Report
    ) {
        report.compare(
            name, ours.perCPUSecond, "/s", floor: floor.perCPUSecond.median, ratio: ours.ratio(to: floor),
            target: target,
            cpu: ours.cpuMicroseconds.median)
    }

    /// A ratio without a target.
    private func tell(_ name: String, _ ours: Measurement, _ floor: Measurement, _ report: inout Report) {
        report.relate(
            name, ours.perCPUSecond, "/s", floor: floor.perCPUSecond.median, ratio: ours.ratio(to: floor),
            cpu: ours.cpuMicroseconds.median)
    }

    /// Bytes without a pattern that a processor could learn.
    static func content(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    /// A slip as they are sent: one addressee, its case, two parts, an ancestor.
    private func slipFile() throws -> SignedSlip {
        let part = try SealedPart.seal(Self.content(600), label: keys.label(.steps), to: keys.seal.certificate)
        let form = try SealedPart.seal(Self.content(4_000), label: keys.label(.form), to: keys.seal.certificate)
        let slip = Slip(
            type: .step, lane: .normal, from: keys.sender,
            to: [Addressee(member: keys.recipient, certificate: keys.seal.certificate.id, epoch: 1, sequence: 1)],
            caseID: keys.caseID, root: part.digest,
            profile: ProfileReference(id: "in-bd-repatriation", version: "0.4.0", digest: form.digest),
            steps: [Event(code: "DOSSIER")], sealed: part.commitment, parents: [part.digest, form.digest],
            previous: form.digest,
            parts: [
                PartReference(
                    digest: part.digest, commitment: part.commitment, size: part.size, tier: .t1,
                    recipient: keys.recipient, basis: .custody),
                PartReference(
                    digest: form.digest, commitment: form.commitment, size: form.size, tier: .t2,
                    recipient: keys.recipient, basis: .consent),
            ],
            at: Instant(seconds: keys.now), expires: Instant(seconds: keys.now + 30 * 86_400))
        return try SignedSlip.sign(slip, by: keys.sign)
    }
}

/// What the later sections hold their figures against.
struct MeasuredFloors {
    var cmsVerifyOneCore: Double
    var cmsVerifyAllCores: Double
    var ecdsaVerifyOneCore: Double
    var syncs: Double
    var cores: Int
}
