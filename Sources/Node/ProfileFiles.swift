// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure
import Sealing

/// What lies beside the profiles of a home: `documents/forms-<profile>-<version>.json`,
/// `documents/labels-bn-<profile>-<version>.json`. Each is what its profile names by digest, or it is not there.
///
/// - SeeAlso: Protocols/CaseFile.md, "Documents of a profile".
struct ProfileFiles {
    let home: URL

    /// Checks all, then keeps all.
    ///
    /// - Returns: The names, sorted.
    func install(_ documents: [String: [UInt8]], into network: NetworkView) throws -> [String] {
        var taken: [(profile: Profile, documents: [String: [UInt8]])] = []
        for profile in network.profiles {
            let own = try documents.filter { try profile.definition.documents[$0.key] == digest(of: $0.value, $0.key) }
            guard !own.isEmpty else { continue }
            guard let forms = try own["forms"].map(FormsDocument.read) ?? forms(of: profile) else {
                throw LetterError(.profileInvalid, "forms: missing")
            }
            try FormsDocument.check(forms, against: profile)
            let labels = own.filter { $0.key.hasPrefix("labels-") }
            if !labels.isEmpty { _ = try ProfileLanguages(labels, of: profile.definition, forms: forms) }
            taken.append((profile, own))
        }
        let names = Set(taken.flatMap(\.documents.keys))
        if let strange = Set(documents.keys).subtracting(names).min() {
            throw LetterError(
                .profileInvalid, "\(strange): no profile that is here names it; take in the profile first")
        }
        for (profile, documents) in taken {
            for (name, bytes) in documents { try DurableFile.write(bytes, to: url(name, profile)) }
        }
        try network.forgetDocuments()
        return names.sorted()
    }

    /// - Returns: `nil` where they have not been taken in.
    func forms(of profile: Profile) throws -> FormCatalogue? {
        try read("forms", of: profile).map(FormsDocument.read)
    }

    /// - Returns: `nil` where they have not been taken in.
    func labels(of profile: Profile, in language: String) throws -> ProfileLabels? {
        try read("labels-" + language, of: profile).map(ProfileLabels.init)
    }

    /// What is on the disk and not what the profile names is as good as missing: it can be taken in again.
    private func read(_ name: String, of profile: Profile) throws -> [UInt8]? {
        guard let named = profile.definition.documents[name], let bytes = try DurableFile.read(url(name, profile)),
            (try? digest(of: bytes, name)) == named
        else { return nil }
        return bytes
    }

    private func digest(of bytes: [UInt8], _ name: String) throws -> Digest {
        .sha256(try ProfileDocument.canonicalBytes(ofSource: bytes, document: name))
    }

    private func url(_ name: String, _ profile: Profile) -> URL {
        home.appendingPathComponent("documents/\(name)-\(profile.id)-\(profile.version).json")
    }
}
