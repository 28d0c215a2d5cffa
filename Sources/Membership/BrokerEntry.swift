// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure
public import TransparencyLog

/// A broker, as its authority lists it; or a witness that belongs to no broker, which has no log and no members.
public struct BrokerEntry: Hashable, Sendable {
    public var id: MemberID
    public var name: String
    /// The DNS name in its link certificate: lower case, neutral.
    public var host: String
    public var port: Int
    /// A pinned IP address, so that no resolver learns who is called.
    public var address: String?
    /// Ascending by id.
    public var certificates: [MemberCertificate]
    /// The keys of its logs, the oldest first: the last is the one that it writes.
    public var logs: [VerifierKey]
    /// The key by which it cosigns the logs of others.
    public var witness: VerifierKey?

    /// Whether it cosigns and does nothing else.
    public var isWitness: Bool { logs.isEmpty && witness != nil }

    public init(
        id: MemberID, name: String, host: String, port: Int, address: String? = nil, certificates: [MemberCertificate],
        logs: [VerifierKey] = [], witness: VerifierKey? = nil
    ) {
        self.id = id
        self.name = name
        self.host = host
        self.port = port
        self.address = address
        self.certificates = certificates.sorted { $0.id < $1.id }
        self.logs = logs
        self.witness = witness
    }
}
