// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct DirectoriesTests {
    let now = PracticeWorld.start

    @Test func `a world that was taken in answers who is who`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        #expect(directories.roles(of: PracticeWorld.shelter) == ["IN_SHELTER"])
        #expect(directories.roles(of: PracticeWorld.inBroker).isEmpty)
        #expect(directories.broker(of: PracticeWorld.ngo)?.id == PracticeWorld.bdBroker)
        #expect(
            directories.members(of: PracticeWorld.bdBroker).map(\.id) == [
                PracticeWorld.investigator, PracticeWorld.ngo,
            ])
        #expect(directories.peers(of: PracticeWorld.inBroker).map(\.id) == [PracticeWorld.bdBroker])
        #expect(directories.member(member("in:nobody")) == nil)
        #expect(directories.broker(PracticeWorld.inBroker)?.host == "broker-in.kheya.example")
    }

    @Test func `the same directory again changes nothing`() throws {
        let world = try PracticeWorld.make()
        var directories = try world.directories()
        #expect(try directories.accept(world.documents[0], now: now) == .unchanged)
    }

    @Test func `an older directory is refused and the newer one stays`() throws {
        var world = try PracticeWorld.make()
        let older = world.documents[1]
        try world.publish(PracticeWorld.inAuthority, at: now + day) { authority, draft in
            try authority.suspend(PracticeWorld.shelter, in: &draft, at: now + day)
        }
        var directories = try world.directories(now: now + day)
        #expect(outcome { _ = try directories.accept(older, now: now + day) } == "directory.older")
        #expect(directories.member(PracticeWorld.shelter)?.isActive(at: now + day) == false)
    }

    @Test func `two directories of one version are a conflict that a person must hear of`() throws {
        let world = try PracticeWorld.make()
        var forked = world
        var ours = world
        try ours.publish(PracticeWorld.inAuthority, at: now + 1)
        try forked.publish(PracticeWorld.inAuthority, at: now + 2)
        var directories = try ours.directories(now: now + 2)
        #expect(outcome { _ = try directories.accept(forked.documents[1], now: now + 2) } == "directory.conflict")
        #expect(MembershipError(.directoryConflict, "").wire == "directory.refused")
    }

    @Test func `an expired directory that is newer is kept, and still says that it has expired`() throws {
        var world = try PracticeWorld.make()
        var directories = try world.directories()
        try world.publish(PracticeWorld.inAuthority, at: now + day) { authority, draft in
            try authority.revoke(PracticeWorld.shelter, uses: [.link], in: &draft, at: now + day)
        }
        let late = now + 30 * day
        #expect(try directories.accept(world.documents[1], now: late) == .newer)
        #expect(directories.isExpired(PracticeWorld.shelter, now: late))
        #expect(outcome { try directories.requireCurrent(PracticeWorld.shelter, now: late) } == "directory.expired")
        #expect(
            reason { try directories.requireCurrent(PracticeWorld.shelter, now: late) }.contains("kheya member import"))
        // What it knows counts all the same: who was revoked stays out.
        let leaf = try world.party(PracticeWorld.shelter).link.certificate.der
        #expect(directories.judgeLink(leaf: leaf, now: late) == .refused(.revoked))
        // The control: before its end it is current.
        #expect(!directories.isExpired(PracticeWorld.shelter, now: now + day))
        #expect(outcome { try directories.requireCurrent(PracticeWorld.shelter, now: now + day) } == "opens")
    }

    @Test func `with an expired directory an urgent letter can still be judged, and a normal one is known to wait`()
        throws
    {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let late = now + 20 * day
        let slip = try world.slip(at: late)
        let signer = try directories.judgeSigner(
            of: slip, certificate: world.party(PracticeWorld.shelter).signing.certificate.id, at: late)
        #expect(signer.directoryIsExpired)
        #expect(signer.roles == ["IN_SHELTER"])
    }

    @Test func `a directory from the future is refused`() throws {
        let world = try PracticeWorld.make()
        var directories = Directories(anchors: try TrustAnchors(world.roots))
        #expect(outcome { _ = try directories.accept(world.documents[0], now: now + -2 * day) } == "directory.ahead")
        #expect(try directories.accept(world.documents[0], now: now + -(day / 2)) == .newer)
    }

    @Test func `a directory signed by another root of the same name is refused`() throws {
        let world = try PracticeWorld.make()
        let forger = try PracticeWorld.make()
        var directories = Directories(anchors: try TrustAnchors(world.roots))
        #expect(outcome { _ = try directories.accept(forger.documents[0], now: now) } == "directory.signature")
        #expect(directories.documents.isEmpty)
    }

    @Test func `one authority cannot speak for another country`() throws {
        let world = try PracticeWorld.make()
        let bd = try #require(world.authorities[PracticeWorld.bdAuthority])
        let indian = try #require(world.authorities[PracticeWorld.inAuthority])
        // The Bangladesh root signs a slip in India's name over India's own document.
        let file = indian.document.file
        let slip = Slip(
            type: .directory, lane: .normal, from: PracticeWorld.inAuthority, to: [],
            file: FileReference(digest: .sha256(file), version: indian.directory.version), at: indian.directory.at)
        let forged = try SignedSlip.sign(slip, by: SigningIdentity(certificate: bd.authority.root, key: bd.key))
        var directories = Directories(anchors: try TrustAnchors(world.roots))
        #expect(
            outcome { _ = try directories.accept(SignedDocument(slip: forged.file, file: file), now: now) }
                == "directory.signature")
    }

    @Test func `a member cannot sign a directory`() throws {
        let world = try PracticeWorld.make()
        var directories = try world.directories()
        let file = world.documents[1].file
        let slip = Slip(
            type: .directory, lane: .normal, from: PracticeWorld.inAuthority, to: [],
            file: FileReference(digest: .sha256(file), version: 9), at: now)
        let forged = try SignedSlip.sign(slip, by: world.party(PracticeWorld.shelter).signing)
        #expect(
            outcome { _ = try directories.accept(SignedDocument(slip: forged.file, file: file), now: now) }
                == "directory.signature")
    }

    @Test func `no byte of a directory letter can be changed`() throws {
        let world = try PracticeWorld.make()
        let document = world.documents[0]
        var accepted = 0
        for index in stride(from: 0, to: document.slip.count, by: 7) {
            var changed = document
            changed.slip[index] ^= 0x01
            var directories = Directories(anchors: try TrustAnchors(world.roots))
            if (try? directories.accept(changed, now: now)) != nil { accepted += 1 }
        }
        for index in stride(from: 0, to: document.file.count, by: 97) {
            var changed = document
            changed.file[index] ^= 0x01
            var directories = Directories(anchors: try TrustAnchors(world.roots))
            if (try? directories.accept(changed, now: now)) != nil { accepted += 1 }
        }
        #expect(accepted == 0)
    }

    @Test func `a profile counts when its authority signed it and its directory puts it in force`() throws {
        let file = Array(#"{"id":"practice","version":"1"}"#.utf8)
        let reference = ProfileReference(id: "practice", version: "1", digest: .sha256(file))
        let world = try PracticeWorld.make(profiles: [(reference, file)])
        var directories = try world.directories()
        #expect(directories.profilesInForce == [reference])
        #expect(directories.profileFile(reference.digest) == file)
        // Signed, and in no directory.
        let authority = try #require(world.authorities[PracticeWorld.inAuthority]).authority
        let other = try authority.sign(profile: Array(#"{"id":"other"}"#.utf8), version: 1, at: now)
        #expect(outcome { _ = try directories.accept(profile: other) } == "profile.not-in-force")
        // Another file under the good slip.
        var swapped = try authority.sign(profile: file, version: 2, at: now)
        swapped.file = Array(#"{"id":"practice","version":"2"}"#.utf8)
        #expect(outcome { _ = try directories.accept(profile: swapped) } == "directory.binding")
        // A directory letter is no profile letter.
        #expect(outcome { _ = try directories.accept(profile: world.documents[0]) } == "directory.binding")
    }

    @Test func `a second root for one country is not pinned`() throws {
        let (one, other) = (try PracticeWorld.make(), try PracticeWorld.make())
        #expect(throws: MembershipError(.homeMalformed, "")) { try TrustAnchors(one.roots + other.roots) }
        #expect(throws: MembershipError(.homeMalformed, "")) {
            try TrustAnchors([one.party(PracticeWorld.shelter).link.certificate])
        }
    }

    @Test func `sealing takes the newest valid certificate, of active and suspended members`() throws {
        var world = try PracticeWorld.make()
        let id = PracticeWorld.ngo
        let first = try world.party(id).sealing.certificate
        try world.renew(id, [.seal], at: now + 30 * day)
        let directories = try world.directories(now: now + 30 * day)
        #expect(try directories.sealingCertificate(of: id, at: now + 10 * day) == first)
        #expect(try directories.sealingCertificate(of: id, at: now + 31 * day) != first)
        #expect(
            outcome { _ = try directories.sealingCertificate(of: id, at: now + 200 * day) } == "recipient.certificate")
        #expect(
            outcome { _ = try directories.sealingCertificate(of: member("bd:nobody"), at: now) } == "recipient.unknown")
        try world.publish(PracticeWorld.bdAuthority, at: now + 31 * day) { authority, draft in
            try authority.remove(id, from: &draft, at: now + 31 * day)
        }
        let later = try world.directories(now: now + 31 * day)
        #expect(outcome { _ = try later.sealingCertificate(of: id, at: now + 31 * day) } == "recipient.unknown")
    }

    @Test func `an addressee's certificate must be a sealing certificate of its own`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        var slip = try world.slip()
        #expect(outcome { try directories.judgeRecipients(of: slip, at: now) } == "opens")
        slip.to[0].certificate = try world.party(PracticeWorld.investigator).sealing.certificate.id
        #expect(outcome { try directories.judgeRecipients(of: slip, at: now) } == "recipient.certificate")
        slip.to[0].certificate = try world.party(PracticeWorld.ngo).signing.certificate.id
        #expect(outcome { try directories.judgeRecipients(of: slip, at: now) } == "recipient.certificate")
        slip.to[0].member = member("bd:nobody")
        #expect(outcome { try directories.judgeRecipients(of: slip, at: now) } == "recipient.unknown")
    }

    @Test func `dates in texts for operators are right`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        // 2027-01-15 and 14 days.
        #expect(
            reason { try directories.requireCurrent(PracticeWorld.shelter, now: now + 15 * day) }.contains("2027-01-29")
        )
    }
}
