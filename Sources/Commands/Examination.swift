// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Node
import Procedure
import Sealing
import SQLiteStore

/// What the doctor found, line by line.
struct Examination: Encodable {
    enum Status: String, Encodable {
        case ok, warning, failure

        var mark: String {
            switch self {
            case .ok: "ok"
            case .warning: "WARNING"
            case .failure: "FAILURE"
            }
        }
    }

    struct Check: Encodable {
        let name: String
        let status: Status
        let finding: String
        let cure: String
    }

    private(set) var checks: [Check] = []

    mutating func add(_ name: String, _ status: Status, _ finding: String, cure: String = "") {
        checks.append(Check(name: name, status: status, finding: finding, cure: cure))
    }

    // MARK: This machine

    /// Forgeries and shortened tags through the whole path: the gate must refuse them, whatever this machine's OpenSSL does.
    mutating func openSSL() {
        do {
            try SelfTest.run()
            add("openssl", .ok, "signing, sealing and the refusal of forgeries work as they should")
        } catch {
            add(
                "openssl", .failure, "this machine's libcrypto does not behave: \(error)",
                cure: "Do not run Kheya here; update libssl.")
        }
    }

    mutating func disk(_ path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            return add("disk", .failure, "\(path) is not there", cure: "Check --home.")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize) / 1_048_576
        switch free {
        case ..<100: add("disk", .failure, "\(free) MiB are free", cure: "Make room: letters cannot be stored safely.")
        case ..<1_024: add("disk", .warning, "\(free) MiB are free", cure: "Make room soon.")
        default: add("disk", .ok, "\(free / 1_024) GiB are free")
        }
    }

    /// Keys that others of this machine can read are no secrets.
    mutating func modes(_ path: String) {
        var open: [String] = []
        for name in ["", "keys"]
            + ((try? FileManager.default.contentsOfDirectory(atPath: path + "/keys")) ?? []).map({ "keys/" + $0 })
        {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
            if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
                open.append(name.isEmpty ? path : name)
            }
        }
        if open.isEmpty { return add("modes", .ok, "nobody else on this machine can read the keys") }
        add("modes", .failure, "others can read \(open.joined(separator: ", "))", cure: "chmod -R go= \(path)")
    }

    // MARK: Membership

    mutating func certificates(_ opened: OpenedHome) {
        do {
            let keys = try opened.home.keys()
            for (use, certificate) in [
                ("sign", keys.signing.certificate), ("seal", keys.sealing[0].certificate),
                ("link", keys.link.certificate),
            ] {
                let days = (certificate.notAfter - opened.now.seconds) / 86_400
                let ends = "the \(use) certificate holds \(max(0, days)) more days"
                let status: Status = days < 0 ? .failure : days < 14 ? .warning : .ok
                add(
                    "certificate", status, ends,
                    cure: status == .ok ? "" : "`kheya member renew --request FILE`, and give it to the authority.")
            }
        } catch {
            let failure = CommandFailure(explaining: error)
            add("certificate", .failure, failure.message, cure: failure.cure)
        }
    }

    mutating func directories(_ opened: OpenedHome) {
        for authority in opened.directories.anchors.roots.keys.sorted() {
            guard let directory = opened.directories.directory(of: authority) else {
                add("directory", .failure, "none of \(authority)", cure: "`kheya member import FILE`.")
                continue
            }
            let days = (directory.expires - opened.now) / 86_400
            let finding = "directory \(directory.version) of \(authority) holds \(max(0, days)) more days"
            if directory.expires < opened.now {
                add(
                    "directory", .failure, finding,
                    cure: "Connect, or `kheya member import` a newer one; normal letters wait.")
            } else {
                add("directory", days < 3 ? .warning : .ok, finding)
            }
        }
        if opened.directories.profilesInForce.isEmpty {
            add(
                "profile", .failure, "no procedure profile is in force in all countries",
                cure: "`kheya member import` what the authorities published.")
        } else {
            for profile in opened.directories.profilesInForce {
                add("profile", .ok, "\(profile.id) \(profile.version) is in force")
            }
        }
    }

    /// Without forms nothing can be filled in; without labels everything is told in bare codes.
    mutating func documents(_ opened: OpenedHome) {
        guard let network = try? NetworkView(directories: opened.directories, home: opened.home) else { return }
        for reference in opened.directories.profilesInForce {
            guard let profile = network.profile(reference.digest) else { continue }
            let missing = profile.definition.documents.keys.sorted().filter { name in
                name == "forms"
                    ? network.forms(of: profile.digest) == nil
                    : (try? network.labels(of: profile.digest, in: String(name.dropFirst("labels-".count)))) == nil
            }
            guard !missing.isEmpty else { continue }
            add(
                "profile", .warning,
                "of \(profile.id) \(profile.version) is not here: \(missing.joined(separator: ", "))",
                cure: "`kheya member import --documents` the files that the authorities published with it.")
        }
    }

    /// A clock that runs ahead of what was signed, or behind, is told before letters are refused for it.
    mutating func clock(_ opened: OpenedHome) {
        let newest = opened.directories.anchors.roots.keys.compactMap { opened.directories.directory(of: $0)?.at }.max()
        if let newest, newest - opened.now > 300 {
            add(
                "clock", .failure, "this clock is \(Moment.span(newest - opened.now)) behind a signed directory",
                cure: "Set it; use NTP.")
        } else {
            add("clock", .ok, "\(Moment.text(opened.now)), not behind anything signed")
        }
    }

    // MARK: Store and line

    /// Opens the store as the service would; that checks WAL, `synchronous=FULL`, the file system and the schema.
    mutating func store(_ opened: OpenedHome) async {
        do {
            switch opened.home.settings.kind {
            case .member:
                let store = try CaseStore(
                    directory: opened.url, wrapping: opened.home.vault.key(for: NodeAssembly.caseKeys))
                _ = try store.read { try $0.outbox().count }
                try store.close()
                add("store", .ok, "node.sqlite opens with the settings that durability needs")
            case .broker:
                let path = opened.home.path + "/broker.sqlite"
                // The first start makes it, with what must be made before.
                guard FileManager.default.fileExists(atPath: path) else {
                    return add("store", .ok, "no store yet: the first start makes it")
                }
                let queue = try SQLiteLetterQueue(
                    path: path,
                    signer: try opened.home.brokerKeys(by: opened.directories).log)
                if let halt = queue.halt { throw halt }
                try await queue.close()
                add("store", .ok, "broker.sqlite opens with the settings that durability needs")
            case .authority, .witness: break
            }
        } catch let error as StoreError where error.code == .busy {
            add("store", .ok, "a running broker has the store open")
        } catch {
            let failure = CommandFailure(explaining: error)
            add("store", .failure, failure.message, cure: failure.cure)
        }
    }

    mutating func broker(_ opened: OpenedHome) async {
        do {
            let (client, name) = try NodeAssembly.client(opened, logger: .lines("doctor", level: .critical))
            do {
                let began = ContinuousClock.now
                _ = try await client.changes()
                add("broker", .ok, "\(name) answers in \((ContinuousClock.now - began) / .milliseconds(1) ) ms")
            } catch {
                let failure = CommandFailure(explaining: error)
                add("broker", .failure, "\(name): \(failure.message)", cure: failure.cure)
            }
            try await client.shutdown()
        } catch {
            let failure = CommandFailure(explaining: error)
            add("broker", .failure, failure.message, cure: failure.cure)
        }
    }
}
