// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Foundation
import Membership
import Procedure

/// What `node create` and `broker create` share: a new home, its keys, its request.
struct EnrolmentOptions: ParsableArguments {
    @Option(help: "Its public name, neutral ASCII: never a shelter's place.") var name: String
    @Option(help: ArgumentHelp("The enrolment request to write, for the authority.", valueName: "file")) var request:
        String
    @Option(
        help: ArgumentHelp(
            "Root certificate (PEM) of an authority to pin; its own country's is needed.", valueName: "file"))
    var root: [String] = []

    /// Makes the home.
    func create(_ settings: HomeSettings, kind: EnrolmentRequest.Kind, in home: HomeOptions, now: Instant) throws
        -> RequestReport
    {
        let roots = try root.map { try Certificate(pem: try Files.read($0, limit: 64 << 10)) }
        let path = try home.directory.path
        guard !FileManager.default.fileExists(atPath: request) else {
            throw CommandFailure(
                .cannotCreate, "\(request) exists already", cure: "Name another file; nothing is overwritten.")
        }
        let made = try MemberHome.create(
            at: path, settings: settings, request: kind, roots: roots, unlock: try home.unlock(isNew: true), now: now)
        try Files.create(path + "/request.json", bytes: made.request.file)
        try Files.create(request, bytes: made.request.file)
        return RequestReport(made.request, file: request)
    }
}
