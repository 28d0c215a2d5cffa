// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import CaseFile
import Cryptography
import Foundation
import Letters
import Node
import Procedure

/// A large attachment through both brokers: how fast, and whether memory stays flat in each process.
struct AttachmentSection {
    let bench: Workbench
    let megabytes: Int

    func run(_ report: inout Report) async throws {
        report.begin(
            "attachment", "\(megabytes) MiB from the shelter to the NGO, sealed in pieces, through both brokers")
        let network = try bench.network("attachment")
        defer { network.stop() }
        let parties: [PracticeNetwork.Party] = [.inBroker, .bdBroker, .shelter, .ngo]
        let children = try parties.map { try network.start($0) }
        try await network.awaitPort(.inBroker)
        try await network.awaitPort(.bdBroker)
        let piece = CryptographySection.content(1 << 20)
        let floors = try bench.keys.floors()

        var peaks: [[Double]] = []
        var sealed: [(seconds: Double, peak: Double)] = []
        var carried: [Double] = []
        // The first fills the caches of the stores, which are of a fixed size; twice as much must then take no more.
        for size in [megabytes, 2 * megabytes] {
            let (caseID, desk) = try await preparedCase(network)
            let file = try paper(size, in: network.directory)
            for child in children { try child.forgetPeak() }
            let made = try await seal(file, caseID, network, desk)
            sealed.append((made.seconds, made.peak))
            carried.append(try await arrival(of: made.letters, desk, since: made.sent))
            peaks.append(try children.map { try $0.memory().peak })
            try FileManager.default.removeItem(at: file)
        }
        let start = floors_now()
        try floors.seal(piece, megabytes)
        let floor = Double(megabytes) / (floors_now() - start)
        report.figure(
            "seal \(megabytes) MiB, `kheya case do --attach`", Spread([Double(megabytes) / sealed[0].seconds]),
            "MiB/s",
            note:
                "start, reading, a copy at rest and files on disk included; CMS_encrypt alone \(Report.number(floor)) MiB/s"
        )
        report.relate(
            "from there to the receipt", Spread([Double(megabytes) / carried[0]]), "MiB/s", floor: floor,
            ratio: Spread([Double(megabytes) / carried[0] / floor]),
            note:
                "three lines, two stores, two folders, opened and kept at rest: \(Report.number(carried[0])) s"
        )
        report.compare(
            "memory at its peak, `kheya case do`", Spread([sealed[1].peak]), "MiB", floor: sealed[0].peak,
            ratio: Spread([sealed[1].peak / sealed[0].peak]), target: .atMost(1.15),
            note: "of \(2 * megabytes) MiB; the floor is the same with \(megabytes) MiB")
        for (index, party) in parties.enumerated() {
            report.compare(
                "memory at its peak, \(party.rawValue)", Spread([peaks[1][index]]), "MiB", floor: peaks[0][index],
                ratio: Spread([peaks[1][index] / peaks[0][index]]), target: .atMost(1.15))
        }
        let most = (peaks[0] + [sealed[0].peak]).max() ?? 0
        report.compare(
            "  the largest of them, of \(megabytes) MiB", Spread([most]), "MiB", floor: Double(megabytes),
            ratio: Spread([most / Double(megabytes)]),
            target: .below(1))
    }

    /// Offer, acceptance, consent to the dossier: what must stand before a paper may be sent.
    private func preparedCase(_ network: PracticeNetwork) async throws -> (CaseID, CaseDesk) {
        let example = bench.example
        let shelter = try bench.desk(of: .shelter, in: network)
        let ngo = try bench.desk(of: .ngo, in: network)
        func now() -> Instant { Instant(seconds: Int64(Date().timeIntervalSince1970)) }
        let opened = try shelter.openCase(
            Act(
                events: try example.events(
                    "01-offer.json", ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"]),
                forms: [
                    FormDraft(document: try example.form("01-preview-consent.json")),
                    FormDraft(document: try example.form("01-preview.json")),
                ],
                to: [try bench.id(.ngo)], account: "caseworker"), at: now())
        try await shelter.awaitReceipts(opened.letters, seconds: 30)
        let accepted = try ngo.perform(
            Act(
                events: try example.events("02-acceptance.json", ["REFERRAL_ACCEPTED"]),
                forms: [FormDraft(document: try example.form("02-acceptance.json"))], account: "caseworker"),
            in: opened.caseID, at: now())
        try await ngo.awaitReceipts(accepted.letters, seconds: 30)
        let consented = try shelter.perform(
            Act(
                events: try example.events("03-consent-dossier.json", ["SHARE_CONSENT_FULL"]),
                forms: [FormDraft(document: try example.form("03-dossier-consent.json"))], account: "caseworker"),
            in: opened.caseID, at: now())
        try await shelter.awaitReceipts(consented.letters, seconds: 30)
        return (opened.caseID, shelter)
    }

    /// Runs the real command and watches its memory.
    private func seal(
        _ file: URL, _ caseID: CaseID, _ network: PracticeNetwork, _ desk: CaseDesk
    ) async throws -> (letters: [LetterID], seconds: Double, peak: Double, sent: Double) {
        let digest = try Self.digest(of: file)
        let example = bench.example
        func write(_ name: String, _ path: String) throws -> String {
            let text = try example.text(path, replacing: ["@sha256:court-order.pdf": digest.hex])
            let file = network.directory.appending(path: name)
            try Data(text.utf8).write(to: file)
            return file.path
        }
        let known = try Set(desk.store.read { try $0.letters(of: caseID) }.map(\.id))
        let start = floors_now()
        let child = try network.command(
            "attach",
            [
                "case", "do", caseID.text, "PLACEMENT_ORDER", "--home", network.path("shelter"), "--as", "caseworker",
                "--facts", try write("04-facts.json", "facts/04-placement-order.json"),
                "--form", try write("04-form.json", "forms/04-placement-order.json"), "--attach",
                "court-order=\(file.path)",
            ])
        var peak = 0.0
        while child.isRunning {
            peak = max(peak, (try? child.memory().peak) ?? 0)
            try await Task.sleep(for: .milliseconds(10))
        }
        let end = floors_now()
        guard child.status == 0 else {
            throw BenchmarkError(
                "kheya case do: " + ((try? String(contentsOf: child.log, encoding: .utf8)) ?? "").suffix(400))
        }
        let letters = try desk.store.read { try $0.letters(of: caseID) }.map(\.id).filter { !known.contains($0) }
        return (letters, end - start, peak, end)
    }

    private func arrival(of letters: [LetterID], _ desk: CaseDesk, since sent: Double) async throws -> Double {
        guard !letters.isEmpty else { throw BenchmarkError("the command made no letter") }
        try await desk.awaitReceipts(letters, seconds: 180)
        return floors_now() - sent
    }

    /// An invented paper: bytes that nothing can compress.
    private func paper(_ megabytes: Int, in directory: URL) throws -> URL {
        let url = directory.appending(path: "paper-\(megabytes).pdf")
        try Data().write(to: url)
        let handle = try FileHandle(forWritingTo: url)
        defer { try? handle.close() }
        var piece = CryptographySection.content(1 << 20)
        for number in 0..<megabytes {
            for byte in 0..<8 { piece[byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
            if number == 0 { piece.replaceSubrange(..<8, with: "%PDF-1.4".utf8) }
            try handle.write(contentsOf: Data(piece))
        }
        return url
    }

    private static func digest(of file: URL) throws -> Digest {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        let stream = SHA256.Stream()
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { stream.update(piece) }
        guard let digest = Digest(stream.finish()) else { throw BenchmarkError("SHA-256 has 32 bytes") }
        return digest
    }
}
