// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing

/// The home of a member or broker, unlocked for one command.
struct OpenedHome {
    var home: MemberHome
    var directories: Directories
    let now: Instant

    var id: MemberID { home.settings.id }
    var url: URL { URL(fileURLWithPath: home.path, isDirectory: true) }

    /// - Parameter kind: whose home it has to be; `nil` for either.
    init(_ options: HomeOptions, as kind: HomeSettings.Kind? = nil) throws {
        now = Moment.now()
        let path = try options.directory.path
        let settings = try MemberHome.settings(at: path)
        if let kind, settings.kind != kind {
            throw CommandFailure(
                .configuration,
                "\(path) is the home of a \(settings.kind == .member ? "node" : settings.kind.rawValue)",
                cure: "This command works on the home of a \(kind == .member ? "node" : kind.rawValue).")
        }
        home = try MemberHome.open(at: path, unlock: try options.unlock())
        directories = try home.directories(now: now)
    }

    /// Takes signed documents in: directories first, then the profiles they put in force; then installs what waits for it.
    ///
    /// - Returns: What was new, in words.
    mutating func take(_ documents: [SignedDocument]) throws -> [String] {
        var news: [String] = []
        // Profiles last: each holds by the word of a directory, which may have come after it in the file.
        let profiles = try documents.filter { try $0.type == .profile }
        for document in documents where try document.type != .profile {
            let isNewer: Bool
            do {
                isNewer = try home.accept(document, into: &directories, now: now) == .newer
            } catch {
                // Somebody's older stick is no fault.
                guard error.code == .directoryOlder else { throw error }
                isNewer = false
            }
            guard isNewer else { continue }
            let directory = try MemberDirectory.read(document.file)
            news.append("directory \(directory.version) of \(directory.authority)")
        }
        for profile in profiles {
            let held = Set(directories.profiles.map(\.digest))
            let reference = try home.accept(profile: profile, into: &directories)
            guard !held.contains(reference.digest) else { continue }
            news.append("profile \(reference.id) \(reference.version)")
        }
        news += try home.installCertificates(from: directories, now: now).map { "certificate to \($0.use.verb)" }
        return news
    }
}

extension SignedDocument {
    /// What its slip says it is; not believed before the signature.
    var type: LetterType { get throws { try Slip.read(Array(try Gate.slip(slip).content)).type } }
}

extension CertificateUse {
    var verb: String {
        switch self {
        case .sign: "sign with"
        case .seal: "be sealed to"
        case .link: "connect with"
        }
    }
}
