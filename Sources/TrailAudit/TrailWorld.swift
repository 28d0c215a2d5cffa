// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Membership
import Procedure
import Sealing
import TransparencyLog

/// Everything that the judgement of a case looks up: the logs, and which directory and profiles were in force at each of their leaves.
///
/// Complete before the first slip is judged, and only read from then on.
final class TrailWorld: @unchecked Sendable {  // its logs are fed before it is made, and never again
    let logs: [TrailLog]
    let trust: TrailTrust
    let asOf: Instant
    let profiles: [Digest: Profile]
    /// All signing certificates that any directory of the bundle lists.
    private var certificates: [Digest: Certificate] = [:]
    private var directories: [[(index: Int64, Directories)]] = []
    private var inForce: [[(index: Int64, digest: Digest)]] = []
    private(set) var findings: [TrailFinding] = []
    /// Leaf hashes of what is neither opened nor proved.
    private let closed: Set<Digest>
    /// Logs of which every leaf is opened.
    private let whole: Set<String>
    /// Logs with a policy of which the bundle holds nothing.
    let absent: [String]

    /// The files of a bundle beside its logs and cases.
    struct Documents {
        var directories: [Digest: [UInt8]] = [:]
        var profiles: [Digest: [UInt8]] = [:]
        /// The authorities' slips that carried them.
        var letters: [Digest: [UInt8]] = [:]
    }

    /// Whether each case's story is wanted.
    let tellsStories: Bool

    init(logs: [TrailLog], trust: TrailTrust, asOf: Instant, documents: Documents, tellsStories: Bool) {
        self.tellsStories = tellsStories
        self.logs = logs
        self.trust = trust
        self.asOf = asOf
        absent = trust.policies.keys.filter { origin in !logs.contains { $0.origin == origin } }.sorted()
        closed = Set(
            logs.flatMap(\.closedLeaves))
        whole = Set(
            logs.filter { log in
                log.hasTree && log.closedLeaves.isEmpty && log.since.map { $0.readCount == $0.head.size } ?? true
            }.map(\.origin))
        var profiles: [Digest: Profile] = [:]
        for (digest, file) in documents.profiles {
            if let profile = try? ProfileDocument.read(file, digest: digest) { profiles[digest] = profile }
        }
        self.profiles = profiles
        for log in logs { settle(log, documents) }
        let sticks = Set(
            logs.flatMap { log in
                log.cosigned.filter { $0.way == .stick }.map {
                    TrailTimes.Stick(origin: $0.checkpoint.origin, size: $0.checkpoint.size, time: $0.time)
                }
            })
        for log in logs { log.settleTimes(sticks: sticks) }
    }

    /// Which document came into force where, each verified as whoever holds it verifies it.
    private func settle(_ log: TrailLog, _ documents: Documents) {
        var held = Directories(anchors: trust.anchors)
        var snapshots: [(index: Int64, Directories)] = []
        var profilesInForce: [(index: Int64, digest: Digest)] = []
        for (index, at, isProfile, event) in log.documents {
            func refuse(_ reason: String) {
                findings.append(
                    TrailFinding(
                        .slip, origin: log.origin, leaf: index, letter: event.letter, detail: "document: \(reason)"))
            }
            guard let file = (isProfile ? documents.profiles : documents.directories)[event.file],
                let slip = documents.letters[event.slip]
            else {
                refuse("missing")
                continue
            }
            let document = SignedDocument(slip: slip, file: file)
            let roots = trust.anchors.roots.values
            guard
                let signed = try? SignedSlip.read(slip, certificate: { id in roots.first { $0.id == id } }),
                signed.id == event.letter, signed.slip.file?.version == event.version
            else {
                refuse("not the letter that the event names")
                continue
            }
            do throws(MembershipError) {
                if isProfile {
                    _ = try held.accept(profile: document)
                    guard profiles[event.file] != nil else {
                        throw MembershipError(.directoryMalformed, "a profile that does not read")
                    }
                    profilesInForce.append((index, event.file))
                } else {
                    _ = try held.accept(document, now: at)
                    snapshots.append((index, held))
                    for certificate in held.members.flatMap(\.certificates) + held.brokers.flatMap(\.certificates)
                    where certificate.use == .sign { certificates[certificate.id] = certificate.certificate }
                }
            } catch {
                refuse(error.reason)
            }
        }
        directories.append(snapshots)
        inForce.append(profilesInForce)
    }

    func isClosed(_ leafHash: Digest) -> Bool { closed.contains(leafHash) }

    func certificate(_ digest: Digest) -> Certificate? { certificates[digest] }

    /// The directories in force at a leaf, by the log's own word.
    func directories(at index: Int64, of log: Int) -> Directories? {
        let list = directories[log]
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : list[low - 1].1
    }

    func isInForce(_ profile: Digest, at index: Int64, of log: Int) -> Bool {
        inForce[log].contains { $0.index < index && $0.digest == profile }
    }

    /// The logs of the broker that serves a member, by the directory in force at a leaf.
    func logs(serving member: MemberID, at index: Int64, of log: Int) -> [TrailLog] {
        let own = directories(at: index, of: log)?.broker(of: member)?.logs.map(\.name) ?? []
        return logs.filter { own.contains($0.origin) }
    }

    /// Whether the logs of the broker that serves a member show nothing of a case and have closed leaves: what passed there may be erased.
    func isSilent(of events: [TrailEvent], serving member: MemberID, at home: TrailEvent) -> Bool {
        let own = logs(serving: member, at: home.index, of: home.log)
        return own.contains { !whole.contains($0.origin) }
            && !own.contains { log in events.contains { $0.log == log.number } }
    }

    /// Whether all logs of the broker that serves a member (or is it) are here, and say everything: what they do not have, it did not log.
    func hasWholeLog(of member: MemberID, at index: Int64, of log: Int) -> Bool {
        guard let directories = directories(at: index, of: log),
            let broker = directories.broker(of: member) ?? directories.broker(member), !broker.logs.isEmpty
        else { return false }
        return broker.logs.allSatisfy { whole.contains($0.name) }
    }

    /// Whether every leaf of every log of the bundle is opened.
    var isWhole: Bool { logs.allSatisfy { whole.contains($0.origin) } }

    func log(_ origin: String) -> TrailLog? { logs.first { $0.origin == origin } }
}
