// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing

/// `kheya authority`: the body that admits members, offline, on a machine of its own.
struct AuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authority",
        abstract: "Admit members, sign the directory: the body that each country trusts.",
        discussion: """
            An authority works offline. It compares each request's safety number by telephone, on a number it knew before, then \
            admits. Nothing holds until `authority publish` has signed the next directory and everybody has it.

            Example:
              kheya authority create in:authority --home authority --key-file authority.key
              kheya authority admit shelter.request --home authority --key-file authority.key --broker in:broker --safety-number NUMBER
              kheya authority publish --home authority --key-file authority.key --out in.directory
            """,
        subcommands: [
            Create.self, Admit.self, Renew.self, Publish.self, Suspend.self, Reinstate.self, Remove.self, Revoke.self,
            Show.self,
        ])
}

/// The directory as an authority or a member sees it: what `--json` prints.
struct DirectoryReport: Encodable {
    struct Entry: Encodable {
        let id: String
        let kind: String
        let name: String
        let roles: [String]
        let status: String
        let broker: String?
        let endpoint: String?
        let certificates: [CertificateReport]
    }

    let authority: String
    let directoryVersion: Int64
    let at: String
    let expires: String
    let profiles: [String]
    let members: [Entry]

    init(_ directory: MemberDirectory, now: Instant) {
        authority = directory.authority.text
        directoryVersion = directory.version
        at = Moment.text(directory.at)
        expires = Moment.text(directory.expires)
        profiles = directory.profiles.map { "\($0.id) \($0.version) \($0.digest.hex)" }
        members =
            directory.brokers.map { Entry($0, now: now) } + directory.members.map { Entry($0, now: now) }
    }

    var text: String {
        var lines = ["\(authority): directory \(directoryVersion), signed \(at), holds until \(expires)"]
        lines += Table.lines(
            members.map {
                [$0.id, $0.kind, $0.roles.joined(separator: ","), $0.status, $0.endpoint ?? $0.broker ?? "", $0.name]
            })
        lines += profiles.map { "profile \($0)" }
        return lines.joined(separator: "\n")
    }
}

extension DirectoryReport.Entry {
    init(_ member: Member, now: Instant) {
        let status =
            switch member.status {
            case .active: "active"
            case .suspended: "suspended"
            case .removed: "removed"
            }
        self.init(
            id: member.id.text, kind: "member", name: member.name, roles: member.roles.sorted(), status: status,
            broker: member.broker.text, endpoint: nil,
            certificates: member.certificates.map { CertificateReport($0, now: now) })
    }

    init(_ broker: BrokerEntry, now: Instant) {
        self.init(
            id: broker.id.text, kind: "broker", name: broker.name, roles: [], status: "active", broker: nil,
            endpoint: "\(broker.host):\(broker.port)",
            certificates: broker.certificates.map { CertificateReport($0, now: now) })
    }
}

struct CertificateReport: Encodable {
    let use: String
    let digest: String
    let from: String
    let until: String
    let revoked: String?
    let valid: Bool

    init(_ entry: MemberCertificate, now: Instant) {
        use = entry.use.rawValue
        digest = entry.id.hex
        from = Moment.text(entry.from)
        until = Moment.text(entry.until)
        revoked = entry.revoked.map(Moment.text)
        valid = entry.isValid(at: now)
    }
}

extension AuthorityCommand {
    /// Opens the home of an authority.
    static func open(_ options: HomeOptions) throws -> AuthorityHome {
        try AuthorityHome.open(at: try options.directory.path, unlock: try options.unlock())
    }

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a new authority: a root key, its self-signed root certificate, an empty directory.",
            example: "kheya authority create in:authority --home authority --key-file authority.key")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "Its id: `<country>:authority`, for example in:authority.") var id: MemberID
        @Option(help: "Its public name, neutral ASCII.") var name: String?

        func execute(_ console: Console) async throws {
            let authority = try AuthorityHome.create(
                at: try home.directory.path, id: id, name: name ?? "Authority of \(id.country)",
                unlock: try home.unlock(isNew: true),
                now: Moment.now())
            struct Report: Encodable { let id, root, fingerprint, safetyNumber, until: String }
            let root = authority.authority.root
            let report = Report(
                id: id.text, root: authority.path + "/keys/root.crt", fingerprint: root.id.hex,
                safetyNumber: SafetyNumber.text(of: root.id), until: Moment.text(Instant(seconds: root.notAfter)))
            try console.result("authority.create", report) {
                """
                \(report.id) is made. Its root: \(report.root)
                Everybody who pins it compares this number with you, by telephone: \(report.safetyNumber)
                Keep this machine offline, and the key file apart from it.
                """
            }
        }
    }

    struct Admit: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Admit an organisation or a broker, after its safety number was compared by telephone.",
            discussion: "It holds from the next `authority publish` on.",
            example: """
                kheya authority admit shelter.request --home authority --broker in:broker \
                --safety-number NUMBER
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The request that `node create` or `broker create` wrote.") var request: String
        @Option(help: "What the organisation read out: six groups of five digits.") var safetyNumber: String
        @Option(help: ArgumentHelp("A role it gets; may be repeated. Default: those it asks for.", valueName: "role"))
        var role: [String] = []
        @Option(help: "The broker that keeps its mailbox; an organisation needs one.") var broker: MemberID?
        @ArgumentParser.Flag(help: "Recognised as a welfare body by the law of its country.") var recognised = false

        func execute(_ console: Console) async throws {
            let home = try AuthorityCommand.open(home)
            let now = Moment.now()
            let request = try EnrolmentRequest.read(try Files.read(request, limit: 64 << 10))
            var draft = try home.draft(now: now)
            switch request.kind {
            case .member(let asked):
                guard let broker else {
                    throw CommandFailure(.usage, "which broker keeps its mailbox?", cure: "Add --broker ID.")
                }
                try home.authority.admit(
                    request, safetyNumber: safetyNumber, roles: role.isEmpty ? asked : Set(role),
                    isRecognised: recognised,
                    broker: broker, to: &draft, at: now)
            case .broker:
                try home.authority.admitBroker(request, safetyNumber: safetyNumber, to: &draft, at: now)
            }
            try home.keep(draft)
            try console.result("authority.admit", DirectoryReport(draft, now: now)) {
                "\(request.id) is admitted; `kheya authority publish` makes it hold."
            }
        }
    }

    struct Renew: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Give a member certificates for new keys; the old ones run out.",
            example: "kheya authority renew shelter.request --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The request that `member renew` wrote.") var request: String
        @Option(help: "Needed only where no valid key vouches for the request.") var safetyNumber: String?

        func execute(_ console: Console) async throws {
            let home = try AuthorityCommand.open(home)
            let now = Moment.now()
            let request = try EnrolmentRequest.read(try Files.read(request, limit: 64 << 10))
            var draft = try home.draft(now: now)
            try home.authority.renew(request, safetyNumber: safetyNumber, in: &draft, at: now)
            try home.keep(draft)
            try console.result("authority.renew", DirectoryReport(draft, now: now)) {
                "\(request.id) has new certificates; `kheya authority publish` makes them hold."
            }
        }
    }

    struct Publish: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Sign the next directory, and profiles with it; write both for everybody to import.",
            example: """
                kheya authority publish --home authority --profile \
                Protocols/Profiles/in-bd-repatriation/profile.json --out in.directory
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(
            help: ArgumentHelp("The file to write: letters in a tar, for `kheya member import`.", valueName: "file"))
        var out: String
        @Option(help: ArgumentHelp("A procedure profile to put in force (JSON); may be repeated.", valueName: "file"))
        var profile: [String] = []
        @Option(help: "Days it holds: at most 90.") var days = 14

        func execute(_ console: Console) async throws {
            guard (1...90).contains(days) else { throw CommandFailure(.usage, "a directory holds 1 to 90 days") }
            let home = try AuthorityCommand.open(home)
            let now = Moment.now()
            var documents: [SignedDocument] = []
            var draft = try home.draft(now: now)
            for path in profile {
                let bytes = try ProfileDocument.canonicalBytes(ofSource: try Files.read(path))
                let digest = Digest.sha256(bytes)
                // Read as every node will, before it is signed.
                let profile = try ProfileDocument.read(bytes, digest: digest)
                let reference = ProfileReference(id: profile.id, version: profile.version, digest: digest)
                draft.profiles.removeAll { $0.id == reference.id && $0.version == reference.version }
                draft.profiles.append(reference)
                documents.append(try home.authority.sign(profile: bytes, version: draft.version + 1, at: now))
            }
            let directory = try home.publish(draft, at: now, holds: Int64(days) * 86_400)
            try home.dropDraft()
            documents.insert(directory, at: 0)
            try Files.create(out, bytes: try DocumentArchive.write(documents))
            let published = try home.directory(now: now)
            try console.result("authority.publish", DirectoryReport(published, now: now)) {
                DirectoryReport(published, now: now).text
                    + "\nGive \(out) to every broker and member: `kheya member import \(out)`."
            }
        }
    }

    struct Suspend: Verb {
        static let configuration = CommandConfiguration(
            abstract:
                "Stop a member for now: its letters and connections are refused, what waits for it goes on waiting.",
            example: "kheya authority suspend in:shelter-07 --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The member.") var id: MemberID

        func execute(_ console: Console) async throws {
            try AuthorityCommand.change(home, console, "authority.suspend", "\(id) is suspended") {
                authority, draft, now in
                try authority.suspend(id, in: &draft, at: now)
            }
        }
    }

    struct Reinstate: Verb {
        static let configuration = CommandConfiguration(
            abstract: "End a suspension.",
            example: "kheya authority reinstate in:shelter-07 --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The member.") var id: MemberID

        func execute(_ console: Console) async throws {
            try AuthorityCommand.change(home, console, "authority.reinstate", "\(id) is active again") {
                authority, draft, _ in
                try authority.reinstate(id, in: &draft)
            }
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            abstract: "End a membership: what still waits for it ends with a notice to its sender.",
            example: "kheya authority remove in:shelter-07 --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The member.") var id: MemberID

        func execute(_ console: Console) async throws {
            try AuthorityCommand.change(home, console, "authority.remove", "\(id) is removed") {
                authority, draft, now in
                try authority.remove(id, from: &draft, at: now)
            }
        }
    }

    struct Revoke: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take certificates back: a lost laptop, a key in other hands.",
            discussion: "The member renews with new keys afterwards, its safety number compared again.",
            example: "kheya authority revoke in:shelter-07 --use link --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The member or broker.") var id: MemberID
        @Option(help: ArgumentHelp("sign, seal or link; may be repeated. Default: all three.", valueName: "use"))
        var use: [CertificateUse] = []

        func execute(_ console: Console) async throws {
            try AuthorityCommand.change(home, console, "authority.revoke", "certificates of \(id) are revoked") {
                authority, draft, now in
                try authority.revoke(
                    id, uses: use.isEmpty ? Set(CertificateUse.allCases) : Set(use), in: &draft, at: now)
            }
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the directory as it is signed, and what the next one changes.",
            example: "kheya authority show --home authority")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            let home = try AuthorityCommand.open(home)
            let now = Moment.now()
            let draft = try home.draft(now: now)
            let signed = try home.directory(now: now)
            struct Report: Encodable {
                let signed: DirectoryReport
                let draft: DirectoryReport?
            }
            let hasDraft = draft != signed
            let report = Report(
                signed: DirectoryReport(signed, now: now), draft: hasDraft ? DirectoryReport(draft, now: now) : nil)
            try console.result("authority.show", report) {
                report.signed.text + (report.draft.map { "\n\nNot published yet:\n" + $0.text } ?? "")
            }
        }
    }

    /// Changes the draft of the next directory.
    private static func change(
        _ options: HomeOptions, _ console: Console, _ schema: String, _ sentence: String,
        _ body: (Authority, inout MemberDirectory, Instant) throws -> Void
    ) throws {
        let home = try open(options)
        let now = Moment.now()
        var draft = try home.draft(now: now)
        try body(home.authority, &draft, now)
        try home.keep(draft)
        try console.result(schema, DirectoryReport(draft, now: now)) {
            sentence + "; `kheya authority publish` makes it hold."
        }
    }
}

/// The next directory while it is prepared: a file beside the signed ones, read by nobody but this command.
extension AuthorityHome {
    private var draftPath: String { path + "/draft.json" }

    /// What the next directory will be: the draft, or the newest signed one.
    func draft(now: Instant) throws -> MemberDirectory {
        let signed = try directory(now: now)
        guard FileManager.default.fileExists(atPath: draftPath) else { return signed }
        let draft = try MemberDirectory.read(try Files.read(draftPath))
        guard draft.authority == signed.authority, draft.version == signed.version else {
            throw CommandFailure(
                .dataError, "draft.json belongs to directory \(draft.version), but \(signed.version) is signed",
                cure: "Remove \(draftPath) and make the changes again.")
        }
        return draft
    }

    func keep(_ draft: MemberDirectory) throws {
        let new = draftPath + ".new"
        try Files.create(new, bytes: draft.json(), replace: true)
        guard rename(new, draftPath) == 0 else { throw CommandFailure(.inputOutput, "the draft could not be kept") }
    }

    func dropDraft() throws {
        guard unlink(draftPath) == 0 || errno == ENOENT else {
            throw CommandFailure(.inputOutput, "the draft could not be removed")
        }
    }
}
