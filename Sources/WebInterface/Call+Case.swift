// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import Node
import Procedure

/// What pages about a case ask.
extension Call {
    var desk: CaseDesk { site.desk }

    /// The case that stands in the address.
    ///
    /// - Throws: ``WebFault`` `.notFound`.
    func caseID() throws -> CaseID {
        let found = try CaseReference.find(parameters["case"] ?? "", in: desk.store)
        guard found.count == 1 else { throw WebFault.notFound }
        return found[0]
    }

    /// How this reader is told about a case, members by the names of the directory.
    ///
    /// - Parameter other: another language than the reader's, for what is read to or by somebody else.
    func procedure(_ caseID: CaseID? = nil, in other: String? = nil) throws -> DeskWords {
        named(try desk.words(for: caseID, in: other ?? language))
    }

    /// The same by the profile of a case that is at hand.
    func procedure(under profile: Digest) throws -> DeskWords {
        named(try desk.network.words(of: profile, for: desk.identity.member, in: language))
    }

    private func named(_ words: DeskWords) -> DeskWords {
        let directories = desk.network.directories
        return DeskWords(words.labels, offset: words.offset) { directories.member($0)?.name ?? $0.text }
    }

    /// The rules that a case runs under.
    func profile(of caseID: CaseID) throws -> Profile {
        guard let profile = desk.network.profile(try desk.view(of: caseID, at: now).profile)
        else { throw WebFault.unavailable }
        return profile
    }

    /// The ways from one page of a case to the others.
    func ways(_ reference: String) -> HTML {
        E("nav", ["class": "where", "aria-label": say(.caseTitle)]) {
            for (path, word) in [
                ("", Word.caseTitle), ("/board", .board), ("/consents", .consents), ("/timeline", .timeline),
                ("/sheets", .sheets),
            ] where account.map({ $0.role != .readOnly }) == true || path != "/sheets" {
                E(
                    "a",
                    [
                        "href": "/cases/\(reference)\(path)",
                        "aria-current": request.path == "/cases/\(reference)\(path)" ? "page" : nil,
                    ]
                ) { say(word) }
            }
        }
    }

    /// *She wants to stop* in a row of a list: one press from there too.
    func stopWay(_ caseID: CaseID) -> HTML {
        E(
            "a",
            [
                "class": "row-stop", "href": "/cases/\(caseID.text)/stop",
                "aria-label": say(.stopHeading, ["reference": CaseReference.text(caseID)]),
            ]
        ) { say(.sheWantsToStop) }
    }
}
