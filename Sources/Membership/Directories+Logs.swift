// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure
public import TransparencyLog

/// A log that a directory lists, and whom to believe about it.
public struct ListedLog: Sendable {
    /// Who writes it.
    public let broker: MemberID
    public let key: VerifierKey
    /// The policy as a file (C2SP tlog-policy): any one other broker's witness is enough; where directories list witnesses that belong to
    /// no broker, one of these besides.
    public let policyFile: [UInt8]
    public let policy: LogPolicy
}

extension Directories {
    /// Every log of every broker, by its name. Protocols/Log.md §5.1.
    ///
    /// A broker whose keys make no policy (its log would be its own witness) has none here, so nobody believes it.
    public var logs: [String: ListedLog] {
        var logs: [String: ListedLog] = [:]
        for broker in brokers {
            let witnesses = peers(of: broker.id).filter { $0.witness != nil }
            for key in broker.logs {
                var lines = ["log \(key.text)"]
                lines += witnesses.compactMap { peer in peer.witness.map { "witness \(peer.id) \($0.text)" } }
                var groups: [String] = []
                for (name, members) in [
                    ("others", witnesses.filter { !$0.isWitness }), ("thirds", witnesses.filter(\.isWitness)),
                ] where !members.isEmpty {
                    groups.append(name)
                    lines.append("group \(name) any " + members.map(\.id.text).joined(separator: " "))
                }
                if groups.count > 1 { lines.append("group both all " + groups.joined(separator: " ")) }
                lines.append("quorum \(groups.count > 1 ? "both" : groups.first ?? "none")")
                let file = Array((lines.joined(separator: "\n") + "\n").utf8)
                guard let policy = try? LogPolicy(file) else { continue }
                logs[key.name] = ListedLog(broker: broker.id, key: key, policyFile: file, policy: policy)
            }
        }
        return logs
    }
}
