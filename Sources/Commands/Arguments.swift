// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Letters
public import Logging
public import Membership
public import Procedure

// How ids are written on the command line: each type reads its own strict text form, so a mistyped one is a usage error.

extension MemberID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Digest: ExpressibleByArgument {
    public init?(argument: String) { self.init(hex: argument) }
}

extension CaseID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension CertificateUse: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}

extension Basis: ExpressibleByArgument {}
