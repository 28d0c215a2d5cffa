// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure
public import TransparencyLog

/// A log that a directory lists, and whom to believe about it.
public struct ListedLog: Sendable {
    /// Who writes it.
    public let broker: MemberID
    public let key: VerifierKey
    /// The policy as a file (C2SP tlog-policy): any one other broker's witness is enough. Who wants a third one writes a file of their own.
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
            let witnesses = peers(of: broker.id).compactMap { peer in peer.witness.map { (peer.id, $0) } }
            for key in broker.logs {
                var lines = ["log \(key.text)"]
                lines += witnesses.map { "witness \($0.0) \($0.1.text)" }
                if !witnesses.isEmpty {
                    lines.append("group others any " + witnesses.map { "\($0.0)" }.joined(separator: " "))
                }
                lines.append("quorum \(witnesses.isEmpty ? "none" : "others")")
                let file = Array((lines.joined(separator: "\n") + "\n").utf8)
                guard let policy = try? LogPolicy(file) else { continue }
                logs[key.name] = ListedLog(broker: broker.id, key: key, policyFile: file, policy: policy)
            }
        }
        return logs
    }
}
