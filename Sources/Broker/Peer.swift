// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Who asks. Made from the certificate of the connection and the directory, never from anything the peer says.
public enum Peer: Hashable, Sendable {
    /// A member: its own letters go in, its own mailbox comes out.
    case member(MemberID)
    /// The broker of another country.
    case broker(MemberID)
    /// Known, but its certificate has ended: only documents.
    case expired(MemberID)
    /// The operator of this broker with a stick: letters of any member, whose signatures decide.
    case courier

    var isMember: Bool { if case .member = self { true } else { false } }

    /// Under which name the broker keeps what this peer hands over.
    func id(at broker: MemberID) -> MemberID {
        switch self {
        case .member(let id), .broker(let id), .expired(let id): id
        case .courier: broker
        }
    }
}
