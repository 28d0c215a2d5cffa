// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// How long each certificate holds. The standard ones are those of `Certificates/profiles.json`; a test compares them.
public struct CertificateLifetimes: Hashable, Sendable {
    /// Seconds.
    public var root: Int64
    public var sign: Int64
    public var seal: Int64
    public var link: Int64

    public init(root: Int64, sign: Int64, seal: Int64, link: Int64) {
        self.root = root
        self.sign = sign
        self.seal = seal
        self.link = link
    }

    /// Ten years, a year, two months (renewed monthly, so that one missed renewal locks nobody out), 90 days.
    /// *Assumed.*
    public static let standard = CertificateLifetimes(
        root: 3_652 * 86_400, sign: 365 * 86_400, seal: 62 * 86_400, link: 90 * 86_400)

    public func seconds(of use: CertificateUse) -> Int64 {
        switch use {
        case .sign: sign
        case .seal: seal
        case .link: link
        }
    }
}
