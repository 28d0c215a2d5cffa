// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Procedure

/// The authorities' root certificates that this installation was given by hand. Nothing that arrives later can add one.
public struct TrustAnchors: Sendable {
    /// By authority.
    public let roots: [MemberID: Certificate]

    /// - Parameter roots: self-signed certificates of kind `root`, one for each authority and one authority for each
    ///   country; a root's common name is the authority's id.
    /// - Throws: ``MembershipError`` `.homeMalformed`.
    public init(_ roots: [Certificate]) throws(MembershipError) {
        var byAuthority: [MemberID: Certificate] = [:]
        for root in roots {
            guard let id = MemberID(root.commonName), root.has(.root), root.isSigned(by: root),
                root.subject.country == id.country
            else {
                throw MembershipError(.homeMalformed, "a pinned root is no root certificate of an authority")
            }
            guard !byAuthority.keys.contains(where: { $0.country == id.country }) else {
                throw MembershipError(
                    .homeMalformed, "two pinned roots for \(id.country); pin the one that you compared by telephone")
            }
            byAuthority[id] = root
        }
        self.roots = byAuthority
    }

    public func root(of authority: MemberID) -> Certificate? { roots[authority] }

    /// The authority of a country: of any id that begins with it.
    public func authority(for id: MemberID) -> MemberID? { roots.keys.first { $0.country == id.country } }
}
