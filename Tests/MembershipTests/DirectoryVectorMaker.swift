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

/// Makes the vectors that are not there yet: `KHEYA_MAKE_VECTORS=1 swift test --filter DirectoryVectorMaker`.
///
/// Keys come from their names. Serial numbers and ECDSA signatures are random, so a vector that is there is never made
/// again.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["KHEYA_MAKE_VECTORS"] == "1"))
struct DirectoryVectorMaker {
    let at = Instant(seconds: 1_800_000_000)
    let folder = Vector.protocols.appending(path: "Vectors/directory")

    typealias Object = [String: JSONValue]

    @Test func `make what is missing`() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let root = try authority("in:authority", key: "in:authority", existing: "valid")
        let forger = try Authority.create(id: root.id, key: .derived(from: "forger"), at: at)
        let base = try directory(root)
        let valid = Array(base.json())
        let object = try CanonicalJSON.read(valid, limits: .directory)

        func add(
            _ name: String, expect: String, section: String, _ comment: String, file: [UInt8],
            by signer: Authority? = nil,
            key: String = "in:authority", version: Int64 = 2, from: String = "in:authority",
            type: LetterType = .directory,
            slipAt: Int64 = 0, now: Int64 = 3_600, held: String? = nil, digestOf: [UInt8]? = nil,
            roots: [Certificate]? = nil,
            change: ([UInt8]) -> [UInt8] = { $0 }
        ) throws {
            let path = folder.appending(path: name)
            guard !FileManager.default.fileExists(atPath: path.path) else { return }
            let signer = signer ?? root
            let slip = Slip(
                type: type, lane: .normal, from: member(from), to: [],
                file: FileReference(digest: .sha256(digestOf ?? file), version: version), at: at + slipAt)
            let signed = try SignedSlip.sign(
                slip, by: SigningIdentity(certificate: signer.root, key: .derived(from: key))
            ).file
            let letter = change(signed)
            let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: letter.count >> $0) } + letter + file
            var text = "expect: \(expect)\nsection: Membership.md \(section)\ncomment: \(comment)\n"
            text +=
                "roots: \((roots ?? [root.root]).map { Data($0.der).base64EncodedString() }.joined(separator: " "))\n"
            text += "now: \(at.seconds + now)\n"
            if let held { text += "held: \(held)\n" }
            text += "encoding: hex\n\n"
            for start in stride(from: 0, to: bytes.count, by: 48) {
                text += bytes[start..<min(start + 48, bytes.count)].map { String(format: "%02x", $0) }.joined() + "\n"
            }
            try Data(text.utf8).write(to: path)
        }
        func json(_ change: (inout Object) throws -> Void) rethrows -> [UInt8] {
            var copy = object
            try change(&copy)
            return CanonicalJSON.write(.object(copy))
        }
        /// The document with one member (0: Asha, 1: Griha), or broker, changed.
        func entry(_ list: String, _ index: Int = 0, _ change: (inout Object) throws -> Void) throws -> [UInt8] {
            try json { copy in
                guard case .array(var entries) = copy[list], case .object(var one) = entries[index] else { return }
                try change(&one)
                entries[index] = .object(one)
                copy[list] = .array(entries)
            }
        }
        /// The document with the first certificate of the first member changed.
        func certificate(_ change: (inout Object) throws -> Void) throws -> [UInt8] {
            try entry("members") { one in
                guard case .array(var list) = one["certificates"], case .object(var first) = list[0] else { return }
                try change(&first)
                list[0] = .object(first)
                one["certificates"] = .array(list)
            }
        }
        func draft(_ change: (inout MemberDirectory) -> Void) -> [UInt8] {
            var copy = base
            change(&copy)
            return copy.json()
        }
        func text(_ old: String, _ new: String) -> [UInt8] {
            Array(String(decoding: valid, as: UTF8.self).replacing(old, with: new, maxReplacements: 1).utf8)
        }

        // Good ones.
        try add("valid", expect: "opens", section: "§6", "two members, one broker, one profile", file: valid)
        try add(
            "valid-states", expect: "opens", section: "§3", "a suspended and a removed member, a revoked certificate",
            file: draft {
                $0.members[0].status = .suspended(since: at)
                $0.members[1].status = .removed(since: at)
                $0.members[1].certificates[0].revoked = at
            })
        try add(
            "valid-empty", expect: "opens", section: "§3",
            "an authority's first directory: nobody yet; empty lists are absent",
            file: draft { ($0.members, $0.brokers, $0.profiles) = ([], [], []) })
        try add(
            "same-again", expect: "opens", section: "§6 step 6", "the version that is held, the same bytes",
            file: valid, held: "valid")
        try add(
            "newer", expect: "opens", section: "§6 step 6", "one version further than the one held",
            file: draft { $0.version = 3 },
            version: 3, held: "valid")

        // Time and version.
        try add(
            "older", expect: "directory.older", section: "§6 step 6", "a version before the one held",
            file: draft { $0.version = 1 }, version: 1, held: "valid")
        try add(
            "conflict", expect: "directory.conflict", section: "§6 step 6",
            "the version that is held with one member fewer",
            file: draft { $0.members.removeLast() }, held: "valid")
        try add(
            "expired", expect: "directory.expired", section: "§6 step 8",
            "taken in, and not current: 14 days and a second", file: valid, now: 14 * day + 1)
        try add(
            "last-second", expect: "opens", section: "§6 step 8", "the last second of its 14 days", file: valid,
            now: 14 * day)
        try add(
            "ahead", expect: "directory.ahead", section: "§6 step 5",
            "dated 24 hours and a second after the reader's clock", file: valid, now: -day - 1)
        try add(
            "clock-slow", expect: "opens", section: "§6 step 5", "dated 24 hours after the reader's clock", file: valid,
            now: -day)
        try add(
            "expires-before-made", expect: "directory.binding", section: "§6 step 4",
            "expires at the second it is made",
            file: json { $0["expires"] = $0["at"] })
        try add(
            "expires-late", expect: "directory.binding", section: "§6 step 4", "holds 90 days and a second",
            file: json { $0["expires"] = .integer(at.seconds + 90 * day + 1) })

        // The signature.
        try add(
            "other-root", expect: "directory.signature", section: "§6 step 1",
            "signed by another root of the same name", file: valid,
            by: forger, key: "forger")
        let bd = try authority("bd:authority", key: "bd:authority", existing: nil)
        try add(
            "other-authority", expect: "directory.signature", section: "§6 step 1",
            "signed by the pinned root of another country",
            file: valid, by: bd, key: "bd:authority", roots: [root.root, bd.root])
        try add(
            "other-authority-document", expect: "directory.binding", section: "§6 step 3",
            "the document of one authority under the letter of another",
            file: valid, by: bd, key: "bd:authority", from: "bd:authority", roots: [bd.root, root.root])
        try add(
            "slip-byte", expect: "directory.malformed", section: "§6 step 1",
            "one digit in the signed slip changed: its digest attribute no longer fits, which the gate sees first",
            file: valid,
            change: { letter in
                var letter = letter
                if let place = letter.firstRange(of: Array(#""digest":""#.utf8)) {
                    letter[place.upperBound] = letter[place.upperBound] == 0x30 ? 0x31 : 0x30
                }
                return letter
            })
        try add(
            "signature-byte", expect: "directory.signature", section: "§6 step 1",
            "the last byte of the signature changed", file: valid,
            change: { Array($0.dropLast()) + [$0[$0.count - 1] ^ 1] })
        try add(
            "slip-trailing", expect: "directory.malformed", section: "§6 step 1", "one zero byte follows the slip file",
            file: valid,
            change: { $0 + [0] })
        try add(
            "slip-empty", expect: "directory.malformed", section: "§6 step 1", "no slip file", file: valid,
            change: { _ in [] })
        try add(
            "file-byte", expect: "directory.binding", section: "§6 step 2", "one byte of the document changed",
            file: text("active", "actjve"),
            digestOf: valid)
        try add(
            "profile-letter", expect: "directory.binding", section: "§6 step 1", "a profile letter over a directory",
            file: valid,
            type: .profile)
        try add(
            "slip-version", expect: "directory.binding", section: "§6 step 3",
            "slip and document name different versions", file: valid,
            version: 3)
        try add(
            "slip-time", expect: "directory.binding", section: "§6 step 3", "slip and document name different times",
            file: valid, slipAt: 1)

        // The form.
        try add(
            "unknown-key", expect: "directory.malformed", section: "§4", "a field that nobody checks",
            file: json { $0["peers"] = .string("x") })
        try add(
            "unknown-member-key", expect: "directory.malformed", section: "§4", "an address beside a member",
            file: try entry("members") { $0["address"] = .string("x") })
        try add(
            "missing-key", expect: "directory.malformed", section: "§4", "no expires",
            file: json { $0["expires"] = nil })
        try add(
            "later-format", expect: "directory.version", section: "§4", "v is 2", file: json { $0["v"] = .integer(2) })
        try add(
            "version-zero", expect: "directory.malformed", section: "§4", "versions count from 1",
            file: json { $0["version"] = .integer(0) }, version: 1)
        try add(
            "duplicate-key", expect: "directory.malformed", section: "§4", "one key twice",
            file: text(#""v":1,"#, #""v":1,"v":1,"#))
        try add(
            "space", expect: "directory.malformed", section: "§4", "a space between tokens",
            file: text(#""v":1,"#, #""v": 1,"#))
        try add(
            "null", expect: "directory.malformed", section: "§4", "null in an optional field's place",
            file: text(#""v":1,"#, #""v":1,"w":null,"#))
        try add(
            "trailing", expect: "directory.malformed", section: "§4", "a line end after the document",
            file: valid + [0x0A])
        try add(
            "empty-list", expect: "directory.malformed", section: "§4", "an empty list stands",
            file: json { $0["profiles"] = .array([]) })
        try add(
            "order", expect: "directory.malformed", section: "§4", "members out of order",
            file: json { copy in
                if case .array(let list) = copy["members"] { copy["members"] = .array(list.reversed()) }
            })
        try add(
            "role", expect: "directory.malformed", section: "§4", "a role in lower case",
            file: try entry("members") { $0["roles"] = .array([.string("in_shelter")]) })
        try add(
            "name", expect: "directory.malformed", section: "§4", "a name that begins with a space",
            file: try entry("members") { $0["name"] = .string(" Asha") })
        try add(
            "status", expect: "directory.malformed", section: "§4", "suspended without since",
            file: try entry("members") { $0["status"] = .string("suspended") })
        try add(
            "since", expect: "directory.malformed", section: "§4", "active with since",
            file: try entry("members") { $0["since"] = .integer(1) })
        try add(
            "host", expect: "directory.malformed", section: "§4", "a host in upper case",
            file: try entry("brokers") { $0["host"] = .string("Broker.example") })
        try add(
            "port", expect: "directory.malformed", section: "§4", "port 65536",
            file: try entry("brokers") { $0["port"] = .integer(65_536) })
        try add(
            "use", expect: "directory.malformed", section: "§4", "a use that is none",
            file: try certificate { $0["use"] = .string("both") })
        try add(
            "base64", expect: "directory.malformed", section: "§4", "base64 without its padding or with a space",
            file: try certificate { if case .string(let der) = $0["der"] { $0["der"] = .string("\(der) ") } })
        try add(
            "certificate", expect: "directory.malformed", section: "§4", "base64 of something that is no certificate",
            file: try certificate { $0["der"] = .string("AAAA") })

        // What the fields say of each other.
        func issue(
            _ use: CertificateUse, _ id: String, _ key: String, by: Authority? = nil,
            signedWith: String = "in:authority", hosts: [String] = []
        ) throws -> MemberCertificate {
            let by = by ?? root
            let issuer = try CertificateIssuer(certificate: by.root, key: .derived(from: signedWith))
            return MemberCertificate(
                use: use,
                certificate: try issuer.issue(
                    use.kind, subject: DistinguishedName(commonName: id, country: member(id).country),
                    publicKey: PrivateKey.derived(from: key).publicKey, dnsNames: hosts, notBefore: at.seconds - day,
                    notAfter: at.seconds + 90 * day))
        }
        func with(_ certificate: MemberCertificate, at index: Int = 0) -> [UInt8] {
            draft {
                $0.members[index] = Member(
                    id: $0.members[index].id, name: $0.members[index].name, roles: $0.members[index].roles,
                    broker: $0.members[index].broker, certificates: $0.members[index].certificates + [certificate])
            }
        }
        let asha = "in:asha-shelter"
        try add(
            "other-country", expect: "directory.binding", section: "§6 step 4", "a member of another country",
            file: try entry("members", 0) { entry in
                entry["id"] = .string("bd:asha-shelter")
                entry["certificates"] = nil
            })
        try add(
            "id-twice", expect: "directory.binding", section: "§6 step 4", "a member with the broker's id",
            file: try entry("members", 1) { entry in
                entry["id"] = .string("in:broker")
                entry["certificates"] = nil
            })
        try add(
            "no-broker", expect: "directory.binding", section: "§6 step 4", "a member whose broker is not listed",
            file: try entry("members") { $0["broker"] = .string("in:elsewhere") })
        try add(
            "profile-twice", expect: "directory.binding", section: "§6 step 4", "one profile version with two digests",
            file: draft { $0.profiles.append(ProfileReference(id: "practice", version: "1", digest: .sha256([9]))) })
        var wrong = try issue(.link, asha, "asha link 2")
        wrong.use = .sign
        try add(
            "usage", expect: "directory.binding", section: "§6 step 4", "a link certificate listed for signing",
            file: with(wrong))
        wrong = try issue(.seal, asha, "asha seal 2")
        wrong.use = .link
        try add(
            "usage-seal", expect: "directory.binding", section: "§6 step 4",
            "a sealing certificate listed for the link", file: with(wrong))
        wrong = MemberCertificate(use: .sign, certificate: root.root)
        try add(
            "usage-root", expect: "directory.binding", section: "§6 step 4", "the root listed as a member's",
            file: with(wrong))
        try add(
            "other-holder", expect: "directory.binding", section: "§6 step 4",
            "a certificate made out to another member",
            file: with(try issue(.sign, "in:other", "asha sign 2")))
        try add(
            "key-twice", expect: "directory.binding", section: "§6 step 4", "one key to sign and to seal",
            file: with(try issue(.seal, asha, "in:asha-shelter sign")))
        try add(
            "key-of-another", expect: "directory.binding", section: "§6 step 4",
            "the signing key of one member listed for another",
            file: with(try issue(.sign, "in:griha", "in:asha-shelter sign"), at: 1))
        try add(
            "member-host", expect: "directory.binding", section: "§6 step 4",
            "a member's link certificate with a host name",
            file: with(try issue(.link, asha, "asha link 3", hosts: ["asha.example"])))
        try add(
            "certificate-other-root", expect: "directory.binding", section: "§6 step 7",
            "a certificate by another root of the same name",
            file: with(try issue(.sign, asha, "asha sign 3", by: forger, signedWith: "forger")))
        try add(
            "certificate-other-authority", expect: "directory.binding", section: "§6 step 4",
            "a certificate by another authority",
            file: with(try issue(.sign, asha, "asha sign 4", by: bd, signedWith: "bd:authority")))
    }

    /// With the root that an existing vector pins, so that vectors can be added later.
    private func authority(_ id: String, key: String, existing: String?) throws -> Authority {
        let key = try PrivateKey.derived(from: key)
        if let existing, let vector = try Vector.all(in: "directory").first(where: { $0.name == existing }) {
            return try Authority(root: try DirectoryVectorTests.roots(vector)[0], key: key)
        }
        return try Authority.create(id: member(id), key: key, at: at)
    }

    private func directory(_ root: Authority) throws -> MemberDirectory {
        if let vector = try Vector.all(in: "directory").first(where: { $0.name == "valid" }) {
            return try MemberDirectory.read(try DirectoryVectorTests.document(vector).file)
        }
        func request(_ id: String, _ name: String, _ kind: EnrolmentRequest.Kind) throws -> EnrolmentRequest {
            var keys: [CertificateUse: PrivateKey] = [:]
            for use in CertificateUse.allCases { keys[use] = try .derived(from: "\(id) \(use.rawValue)") }
            return try EnrolmentRequest(id: member(id), name: name, kind: kind, at: at, keys: keys)
        }
        var draft = root.emptyDirectory(at: at)
        draft.version = 1
        let broker = try request(
            "in:broker", "Broker IN (invented)",
            .broker(host: "broker-in.kheya.example", port: 8443, address: "192.0.2.1"))
        try root.admitBroker(broker, safetyNumber: broker.safetyNumber, to: &draft, at: at)
        for (id, name, role) in [
            ("in:asha-shelter", "Asha Shelter (invented)", "IN_SHELTER"),
            ("in:griha", "Griha (invented)", "IN_PARTNER"),
        ] {
            let asked = try request(id, name, .member(roles: [role]))
            try root.admit(
                asked, safetyNumber: asked.safetyNumber, roles: [role], isRecognised: id == "in:griha",
                broker: member("in:broker"), to: &draft,
                at: at)
        }
        draft.profiles = [ProfileReference(id: "practice", version: "1", digest: .sha256(Array("practice".utf8)))]
        return try root.sign(draft, at: at).directory
    }
}
