// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Foundation
import Membership
import Node
import Procedure
import Sealing

/// `kheya member`: how a node or broker becomes and stays a member, and whom it knows.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Ask to be admitted, take directories in, renew keys, look members up.",
        discussion: """
            Example:
              kheya member request --home node            the safety number to read to the authority
              kheya member import in.directory --root in-root.crt --root bd-root.crt --home node
              kheya member list --home node
            """,
        subcommands: [Request.self, Import.self, Renew.self, List.self, Show.self])

    struct Request: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the enrolment request of this home, and the safety number that is read to the authority.",
            example: "kheya member request --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("Write the request there, too.", valueName: "file")) var out: String?

        func execute(_ console: Console) async throws {
            let bytes = try Files.read(try home.directory.path + "/request.json", limit: 64 << 10)
            let request = try EnrolmentRequest.read(bytes)
            if let out { try Files.create(out, bytes: bytes) }
            try console.result("member.request", RequestReport(request, file: out)) {
                RequestReport(request, file: out).text
            }
        }
    }

    struct Import: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take in directories and profiles, and install the certificates they bring for this home.",
            discussion: """
                Nothing is believed before its signature by a pinned root. A root is pinned once, after its number was compared \
                with the authority by telephone; another one of the same name is refused from then on. An older directory is left.
                """,
            example: """
                kheya member import in.directory bd.directory --documents \
                Protocols/Profiles/in-bd-repatriation --home node
                """)
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "What `authority publish` wrote; several in any order.") var files: [String] = []
        @Option(help: ArgumentHelp("A root certificate (PEM) to pin; may be repeated.", valueName: "file")) var root:
            [String] = []

        @Option(
            help: ArgumentHelp(
                "What lies beside a profile: forms.json and labels-*.json, or the directory that holds them. A node checks forms by the one and tells people of cases by the others.",
                valueName: "path"))
        var documents: [String] = []

        /// By their names in the profile: `forms`, `labels-bn`.
        private func documentFiles() throws -> [String: [UInt8]] {
            var files: [String: [UInt8]] = [:]
            for path in documents {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: path)).map { names in
                    names.filter { $0 == "forms.json" || $0.hasPrefix("labels-") && $0.hasSuffix(".json") }
                        .map { path + "/" + $0 }
                }
                for file in names ?? [path] {
                    let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
                    files[name] = try Files.read(file, limit: 4 << 20)
                }
            }
            return files
        }

        func execute(_ console: Console) async throws {
            guard !files.isEmpty || !root.isEmpty || !documents.isEmpty else {
                throw CommandFailure(.usage, "nothing to import")
            }
            var opened = try OpenedHome(home)
            var news: [String] = []
            for path in root {
                let certificate = try Certificate(pem: try Files.read(path, limit: 64 << 10))
                try opened.home.pin(certificate)
                news.append("root of \(certificate.commonName): \(SafetyNumber.text(of: certificate.id))")
            }
            if !root.isEmpty { opened.directories = try opened.home.directories(now: opened.now) }
            var signed: [SignedDocument] = []
            for path in files { signed += try DocumentArchive.read(try Files.read(path)) }
            news += try opened.take(signed)
            if !documents.isEmpty {
                news += try LocalNode.open(opened.home, now: opened.now).install(try documentFiles())
            }
            struct Report: Encodable {
                let id: String
                let news: [String]
                let ready: Bool
            }
            let report = Report(id: opened.id.text, news: news, ready: (try? opened.home.keys()) != nil)
            try console.result("member.import", report) {
                (news.isEmpty ? ["Nothing new."] : news.map { "+ " + $0 }).joined(separator: "\n")
                    + (report.ready
                        ? "" : "\n\(report.id) has no certificates yet: has its authority admitted it and published?")
            }
        }
    }

    struct Renew: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make new keys and the request for their certificates, vouched for by the current signing key.",
            example: "kheya member renew --use link --request renewal.request --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("sign, seal or link; may be repeated. Default: all three.", valueName: "use"))
        var use: [CertificateUse] = []
        @Option(help: ArgumentHelp("The request to write, for `kheya authority renew`.", valueName: "file"))
        var request: String

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home)
            let kind: EnrolmentRequest.Kind
            if let broker = opened.directories.broker(opened.id) {
                kind = .broker(host: broker.host, port: broker.port, address: broker.address)
            } else {
                kind = .member(roles: opened.directories.roles(of: opened.id))
            }
            let made = try opened.home.renew(
                use.isEmpty ? Set(CertificateUse.allCases) : Set(use), request: kind, now: opened.now)
            try Files.create(request, bytes: made.file)
            try Files.create(opened.home.path + "/request.json", bytes: made.file, replace: true)
            try console.result("member.renew", RequestReport(made, file: request)) {
                RequestReport(made, file: request).text
            }
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List members and brokers of all directories that this home holds.",
            example: "kheya member list --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home)
            struct Report: Encodable { let directories: [DirectoryReport] }
            let reports = opened.directories.anchors.roots.keys.sorted().compactMap { authority in
                opened.directories.directory(of: authority).map { DirectoryReport($0, now: opened.now) }
            }
            try console.result("member.list", Report(directories: reports)) {
                reports.isEmpty
                    ? "No directory yet: `kheya member import FILE`." : reports.map(\.text).joined(separator: "\n\n")
            }
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show one member or broker: roles, status, certificates.",
            example: "kheya member show bd:ngo-03 --home node")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Argument(help: "The member or broker.") var id: MemberID

        func execute(_ console: Console) async throws {
            let opened = try OpenedHome(home)
            let entry: DirectoryReport.Entry
            if let member = opened.directories.member(id) {
                entry = .init(member, now: opened.now)
            } else if let broker = opened.directories.broker(id) {
                entry = .init(broker, now: opened.now)
            } else {
                throw CommandFailure(.noInput, code: "recipient.unknown", "\(id) stands in no directory held here")
            }
            try console.result("member.show", entry) {
                ([
                    "\(entry.id)  \(entry.name)",
                    "\(entry.kind), \(entry.status), roles \(entry.roles.joined(separator: ", "))",
                ]
                    + Table.lines(
                        entry.certificates.map {
                            [
                                $0.use, String($0.digest.prefix(16)), "\($0.from) – \($0.until)",
                                $0.valid ? "valid" : "not valid",
                            ]
                        }))
                    .joined(separator: "\n")
            }
        }
    }
}

/// An enrolment request, for the telephone.
struct RequestReport: Encodable {
    let id: String
    let name: String
    let safetyNumber: String
    let uses: [String]
    let file: String?

    init(_ request: EnrolmentRequest, file: String?) {
        id = request.id.text
        name = request.name
        safetyNumber = request.safetyNumber
        uses = request.requests.keys.map(\.rawValue).sorted()
        self.file = file
    }

    var text: String {
        """
        \(id) asks for certificates to \(uses.joined(separator: ", "))\(file.map { ": \($0)" } ?? "")
        Read this number to the authority, on a telephone number that you knew before: \(safetyNumber)
        """
    }
}
