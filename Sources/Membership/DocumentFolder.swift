// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters
internal import Procedure

/// `documents/` of a home: directory and profile letters as pairs `<type>-<id>-<version>.p7s` and `.json`. Old versions
/// stay.
struct DocumentFolder: Sendable {
    let path: String

    /// A member or authority id as a file name: `:` as `-`.
    static func name(_ id: String) -> String { id.replacing(":", with: "-") }

    /// Reads all pairs. A directory that cannot be accepted (half written, or damaged) gives way to the next older one.
    func load(into directories: inout Directories, now: Instant) throws(MembershipError) {
        let names = try HomeFiles.names(in: path).filter { $0.hasSuffix(".p7s") }.map { String($0.dropLast(4)) }
        for authority in directories.anchors.roots.keys.sorted() {
            let prefix = "directory-\(Self.name(authority.text))-"
            let versions = names.filter { $0.hasPrefix(prefix) }.compactMap { Int64($0.dropFirst(prefix.count)) }
                .sorted(by: >)
            for version in versions {
                guard let document = try read("\(prefix)\(version)") else { continue }
                if (try? directories.accept(document, now: now)) != nil { break }
            }
        }
        for name in names where name.hasPrefix("profile-") {
            if let document = try read(name) { _ = try? directories.accept(profile: document) }
        }
    }

    func accept(
        _ document: SignedDocument, into directories: inout Directories, now: Instant
    ) throws(MembershipError) -> Directories.Acceptance {
        var next = directories
        let acceptance = try next.accept(document, now: now)
        if acceptance == .newer {
            let directory = try MemberDirectory.read(document.file)
            try write(document, name: "directory-\(Self.name(directory.authority.text))-\(directory.version)")
        }
        directories = next
        return acceptance
    }

    func accept(profile document: SignedDocument, into directories: inout Directories) throws(MembershipError)
        -> ProfileReference
    {
        var next = directories
        let reference = try next.accept(profile: document)
        try write(document, name: "profile-\(reference.id)-\(reference.version)")
        directories = next
        return reference
    }

    /// The `.p7s` last: a pair is there when it is.
    func write(_ document: SignedDocument, name: String) throws(MembershipError) {
        try HomeFiles.write(document.file, to: "\(path)/\(name).json")
        try HomeFiles.write(document.slip, to: "\(path)/\(name).p7s")
    }

    private func read(_ name: String) throws(MembershipError) -> SignedDocument? {
        guard HomeFiles.exists("\(path)/\(name).json") else { return nil }
        return SignedDocument(
            slip: try HomeFiles.read("\(path)/\(name).p7s", limit: MembershipLimits.directoryBytes),
            file: try HomeFiles.read("\(path)/\(name).json", limit: MembershipLimits.directoryBytes))
    }
}
