// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct HomeTests {
    let now = PracticeWorld.start
    let keyFile = Unlock.keyFile(Array("a key file of this test, 32 bytes or more".utf8))
    let id = member("in:new-shelter")

    /// An authority's home with its broker, and what a member begins with.
    private func authority(_ folder: TemporaryFolder) throws -> AuthorityHome {
        let home = try AuthorityHome.create(
            at: folder.path + "/authority", id: PracticeWorld.inAuthority, name: "Authority IN (practice)",
            unlock: keyFile, now: now)
        let broker = try begin(
            folder, "broker", PracticeWorld.inBroker, .broker(host: "broker-in.kheya.example", port: 1, address: nil),
            root: home)
        var draft = try home.directory(now: now)
        try home.authority.admitBroker(broker.request, safetyNumber: broker.request.safetyNumber, to: &draft, at: now)
        _ = try home.publish(draft, at: now)
        return home
    }

    private func begin(
        _ folder: TemporaryFolder, _ name: String, _ id: MemberID, _ kind: EnrolmentRequest.Kind, root: AuthorityHome,
        unlock: Unlock? = nil
    ) throws -> (home: MemberHome, request: EnrolmentRequest) {
        var settings = HomeSettings(kind: .member, id: id, name: "New (practice)")
        if case .broker = kind { settings.kind = .broker }
        return try MemberHome.create(
            at: "\(folder.path)/\(name)", settings: settings, request: kind, roots: [root.authority.root],
            unlock: unlock ?? keyFile, now: now)
    }

    private func admitted(_ folder: TemporaryFolder, unlock: Unlock? = nil) throws -> (
        authority: AuthorityHome, home: MemberHome
    ) {
        let root = try authority(folder)
        let (home, request) = try begin(
            folder, "shelter", id, .member(roles: ["IN_SHELTER"]), root: root, unlock: unlock)
        var draft = try root.directory(now: now)
        try root.authority.admit(
            EnrolmentRequest.read(request.file), safetyNumber: request.safetyNumber, roles: ["IN_SHELTER"],
            broker: PracticeWorld.inBroker,
            to: &draft, at: now)
        let document = try root.publish(draft, at: now)
        var directories = try home.directories(now: now)
        try home.accept(document, into: &directories, now: now)
        #expect(try home.installCertificates(from: directories, now: now).count == 3)
        return (root, home)
    }

    @Test func `from an empty folder to signed letters: create, admit, take in, open`() throws {
        let folder = try TemporaryFolder()
        let (_, home) = try admitted(folder)
        let again = try MemberHome.open(at: home.path, unlock: keyFile)
        let keys = try again.keys()
        let directories = try again.directories(now: now)
        let slip = Slip(
            type: .receipt, lane: .normal, from: id,
            to: [Addressee(member: PracticeWorld.inBroker, certificate: .sha256([0]), epoch: 1, sequence: 1)],
            caseID: CaseID("00112233445566778899aabbccddeeff"), root: .sha256([1]),
            about: About(letter: .sha256([1]), state: .acted), at: now)
        let signed = try SignedSlip.sign(slip, by: keys.signing)
        #expect(try directories.readSlip(signed.file, at: now).signer.roles == ["IN_SHELTER"])
        #expect(try directories.sealingCertificate(of: id, at: now) == keys.sealing[0].certificate)
        #expect(
            directories.judgeLink(leaf: keys.link.certificate.der, now: now)
                == .member(try #require(directories.member(id))))
    }

    @Test func `before it is admitted a home says what is missing`() throws {
        let folder = try TemporaryFolder()
        let home = try begin(folder, "shelter", id, .member(roles: []), root: try authority(folder)).home
        #expect(outcome { _ = try home.keys() } == "home.not-admitted")
        #expect(reason { _ = try home.keys() }.contains("give its request to the authority"))
    }

    @Test func `directories are closed to others, files too, and nothing is in the clear`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let scalar = try home.keys().signing.key.pkcs8()
        for path in [root.path, home.path] {
            let entries = try #require(FileManager.default.enumerator(atPath: path)).compactMap { $0 as? String } + [""]
            #expect(entries.count > 8)
            for entry in entries {
                let full = "\(path)/\(entry)"
                let attributes = try FileManager.default.attributesOfItem(atPath: full)
                let isDirectory = attributes[.type] as? FileAttributeType == .typeDirectory
                #expect(attributes[.posixPermissions] as? Int == (isDirectory ? 0o700 : 0o600), "\(entry)")
                guard !isDirectory else { continue }
                #expect(!entry.contains(".new-"))
                let bytes = try Data(contentsOf: URL(filePath: full))
                #expect(
                    bytes.range(of: Data(scalar)) == nil && bytes.range(of: Data("BEGIN PRIVATE KEY".utf8)) == nil,
                    "\(entry)")
            }
        }
    }

    @Test func `a wrong passphrase or key file opens nothing, and a passphrase home says what it wants`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder, unlock: .passphrase(Array("correct horse".utf8)))
        #expect(
            outcome { _ = try MemberHome.open(at: home.path, unlock: .passphrase(Array("correct horse".utf8))) }
                == "opens")
        #expect(
            outcome { _ = try MemberHome.open(at: home.path, unlock: .passphrase(Array("wrong".utf8))) }
                == "home.locked")
        #expect(reason { _ = try MemberHome.open(at: home.path, unlock: keyFile) }.contains("opens with a passphrase"))
        #expect(outcome { _ = try MemberHome.open(at: home.path, unlock: .passphrase([])) } == "home.malformed")
        let other = Unlock.keyFile(Array("another key file of this test, also long".utf8))
        #expect(outcome { _ = try AuthorityHome.open(at: root.path, unlock: other) } == "home.locked")
        #expect(outcome { _ = try AuthorityHome.open(at: root.path, unlock: .keyFile([1, 2, 3])) } == "home.malformed")
        #expect(outcome { _ = try AuthorityHome.open(at: root.path, unlock: keyFile) } == "opens")
    }

    @Test func `a key that others may read is not used, and the message says how to mend it`() throws {
        let folder = try TemporaryFolder()
        let (_, home) = try admitted(folder)
        let key = home.path + "/keys/sign.pem"
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
        #expect(outcome { _ = try home.keys() } == "home.unsafe")
        #expect(reason { _ = try home.keys() }.contains("chmod go="))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        #expect(outcome { _ = try home.keys() } == "opens")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: home.path + "/keys")
        #expect(outcome { _ = try MemberHome.open(at: home.path, unlock: keyFile) } == "home.unsafe")
    }

    @Test func `a link in a key's place is not followed`() throws {
        let folder = try TemporaryFolder()
        let (_, home) = try admitted(folder)
        let key = home.path + "/keys/sign.pem"
        try FileManager.default.moveItem(atPath: key, toPath: folder.path + "/elsewhere.pem")
        try FileManager.default.createSymbolicLink(atPath: key, withDestinationPath: folder.path + "/elsewhere.pem")
        #expect(outcome { _ = try home.keys() } == "home.unsafe")
    }

    @Test func `stock openssl opens a key file with the printed secret`() throws {
        let folder = try TemporaryFolder()
        let (_, home) = try admitted(folder)
        let stock = try StockCommand()
        let secret = String(decoding: home.vault.keyPassword, as: UTF8.self)
        #expect(secret.count == 64)
        #expect(try stock.run("pkey -in \(home.path)/keys/seal.pem -passin pass:\(secret) -noout -check").status == 0)
        #expect(try stock.run("pkey -in \(home.path)/keys/seal.pem -passin pass:wrong -noout").status != 0)
    }

    @Test func `a home is not made over another`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        #expect(outcome { _ = try begin(folder, "shelter", id, .member(roles: []), root: root) } == "home.file")
        #expect(outcome { _ = try home.keys() } == "opens")
        #expect(
            outcome {
                _ = try AuthorityHome.create(
                    at: root.path, id: PracticeWorld.inAuthority, name: "x", unlock: keyFile, now: now)
            } == "home.file")
    }

    @Test func `another root never replaces the pinned one`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let other = try PracticeWorld.make()
        #expect(
            outcome { try home.pin(try #require(other.authorities[PracticeWorld.inAuthority]).authority.root) }
                == "home.malformed")
        try home.pin(root.authority.root)
        try home.pin(try #require(other.authorities[PracticeWorld.bdAuthority]).authority.root)
        #expect(try home.anchors().roots.count == 2)
    }

    @Test func `renewed keys take their place when the directory lists them, and the old sealing key stays`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let before = try home.keys()
        let later = now + 30 * day
        let request = try home.renew(request: .member(roles: []), now: later)
        // Asked twice, it is the same keys; until the answer comes the old ones serve.
        #expect(
            try home.renew(request: .member(roles: []), now: later).requests.mapValues(\.publicKey)
                == request.requests.mapValues(\.publicKey))
        #expect(try home.keys().signing.certificate == before.signing.certificate)
        var draft = try root.directory(now: later)
        try root.authority.renew(EnrolmentRequest.read(request.file), in: &draft, at: later)
        let document = try root.publish(draft, at: later)
        var directories = try home.directories(now: later)
        #expect(try home.installCertificates(from: directories, now: later).isEmpty)
        try home.accept(document, into: &directories, now: later)
        #expect(try home.installCertificates(from: directories, now: later).count == 3)
        let after = try home.keys()
        #expect(
            after.signing.certificate != before.signing.certificate && after.link.certificate != before.link.certificate
        )
        #expect(
            after.sealing.map(\.certificate) == [
                try directories.sealingCertificate(of: id, at: later), before.sealing[0].certificate,
            ])
        // What was sealed to the old one opens 120 days after its end, and then never again.
        let end = Instant(seconds: before.sealing[0].certificate.notAfter)
        #expect(try home.destroyOldSealingKeys(now: end + 120 * day) == 0)
        #expect(try home.destroyOldSealingKeys(now: end + (120 * day + 1)) == 1)
        #expect(try home.keys().sealing.count == 1)
    }

    @Test(arguments: 0...4)
    func `a change of keys that was interrupted anywhere is finished when the home opens`(step: Int) throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let later = now + 30 * day
        let request = try home.renew([.seal], request: .member(roles: []), now: later)
        var draft = try root.directory(now: later)
        try root.authority.renew(request, in: &draft, at: later)
        let document = try root.publish(draft, at: later)
        var directories = try home.directories(now: later)
        try home.accept(document, into: &directories, now: later)
        let old = try home.keys().sealing[0].certificate
        let new = try directories.sealingCertificate(of: id, at: later)
        // What `installCertificates` does, up to `step`, by hand.
        let keys = home.path + "/keys/"
        func copy(_ from: String, _ to: String) throws {
            try FileManager.default.copyItem(atPath: keys + from, toPath: keys + to)
        }
        if step > 0 {
            try #require(
                FileManager.default.createFile(
                    atPath: keys + "seal.next.crt", contents: Data(new.pem), attributes: [.posixPermissions: 0o600]))
        }
        let name = "seal-\(old.id.hex.prefix(16))"
        if step > 1 { try copy("seal.crt", name + ".crt") }
        if step > 2 { try copy("seal.pem", name + ".pem") }
        if step > 3 { #expect(rename(keys + "seal.next.pem", keys + "seal.pem") == 0) }
        let opened = try MemberHome.open(at: home.path, unlock: keyFile)
        #expect(outcome { _ = try opened.keys() } == "opens")
        try opened.installCertificates(from: opened.directories(now: later), now: later)
        #expect(try opened.keys().sealing.map(\.certificate) == [new, old])
    }

    @Test func `documents that were half written give way to the last whole ones`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let version = try root.directory(now: now).version
        let newest = home.path + "/documents/directory-in-authority-\(version + 1)"
        try Data("torn".utf8).write(to: URL(filePath: newest + ".p7s"))
        #expect(try home.directories(now: now).directory(of: PracticeWorld.inAuthority)?.version == version)
        try Data("{}".utf8).write(to: URL(filePath: newest + ".json"))
        #expect(try home.directories(now: now).directory(of: PracticeWorld.inAuthority)?.version == version)
    }

    @Test func `an authority gives no version number twice`() throws {
        let folder = try TemporaryFolder()
        let root = try authority(folder)
        let draft = try root.directory(now: now)
        let first = try root.publish(draft, at: now)
        #expect(outcome { _ = try root.publish(draft, at: now) } == "directory.conflict")
        #expect(try root.document(now: now) == first)
    }

    @Test func `an authority goes on from a directory that has expired`() throws {
        let folder = try TemporaryFolder()
        let root = try authority(folder)
        let late = now + 300 * day
        let document = try root.publish(try root.directory(now: late), at: late)
        var directories = Directories(anchors: try TrustAnchors([root.authority.root]))
        _ = try directories.accept(document, now: late)
        #expect(!directories.isExpired(PracticeWorld.inAuthority, now: late))
    }

    @Test func `a profile put in force is in the directory and can be taken in`() throws {
        let folder = try TemporaryFolder()
        let (root, home) = try admitted(folder)
        let file = Array(#"{"id":"practice"}"#.utf8)
        let reference = ProfileReference(id: "practice", version: "0.1", digest: .sha256(file))
        let letters = try root.putInForce(profile: file, as: reference, at: now)
        var directories = try home.directories(now: now)
        #expect(outcome { _ = try home.accept(profile: letters.profile, into: &directories) } == "profile.not-in-force")
        try home.accept(letters.directory, into: &directories, now: now)
        try home.accept(profile: letters.profile, into: &directories)
        #expect(try home.directories(now: now).profileFile(reference.digest) == file)
    }

    @Test func `settings are what a person can edit, and a slip of the pen is told`() throws {
        var settings = HomeSettings(
            kind: .member, id: id, name: "New Shelter (practice)",
            broker: HomeSettings.Endpoint(
                id: PracticeWorld.inBroker, host: "broker-in.kheya.example", port: 8443, address: "127.0.0.1"))
        settings.options = ["jitter": .integer(0)]
        #expect(try HomeSettings.read(settings.file()) == settings)
        let text = String(decoding: settings.file(), as: UTF8.self)
        #expect(text.contains("\n  \"id\": \"in:new-shelter\",\n"))
        let wrong = text.replacing("\"kind\": \"member\"", with: "\"kind\": \"membr\"")
        #expect(reason { _ = try HomeSettings.read(Array(wrong.utf8)) }.contains("kheya.json.kind"))
        let unknown = text.replacing("\"v\": 1", with: "\"v\": 1, \"place\": \"x\"")
        #expect(outcome { _ = try HomeSettings.read(Array(unknown.utf8)) } == "home.malformed")
    }

    @Test func `practice homes open and are admitted`() throws {
        let folder = try TemporaryFolder()
        let world = try PracticeWorld.make()
        let homes = try world.writeHomes(to: folder.path)
        #expect(homes.count == 5)
        for (id, path) in homes {
            let home = try MemberHome.open(at: path, unlock: PracticeWorld.unlock)
            #expect(home.settings.id == id)
            #expect(try home.keys().signing.certificate == world.party(id).signing.certificate)
            #expect(try home.directories(now: now).members.count == 3)
        }
    }
}
