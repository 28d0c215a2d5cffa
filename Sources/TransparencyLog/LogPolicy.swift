// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
public import Procedure

/// Whom to believe: the log's key, the witnesses' keys, and how many of these have to have cosigned. C2SP tlog-policy.
///
/// One policy for each log (Protocols/Log.md §5): in a file with both brokers' witnesses each log could satisfy its own quorum.
public struct LogPolicy: Hashable, Sendable {
    public let logs: [VerifierKey]
    public let witnesses: [VerifierKey]
    private let quorum: Member

    private indirect enum Member: Hashable, Sendable {
        case nobody
        case witness(VerifierKey)
        case group(threshold: Int, [Member])

        /// The latest time at which enough had cosigned, all of them at that time or later.
        func time(_ cosigned: [VerifierKey: Instant]) -> Instant? {
            switch self {
            case .nobody: nil
            case .witness(let key): cosigned[key]
            case .group(let threshold, let members):
                members.compactMap { $0.time(cosigned) }.sorted(by: >).dropFirst(threshold - 1).first
            }
        }
    }

    /// - Throws: ``LogError`` `.malformed`; `.policy` for a key that counts twice, or a witness of the log's own operator.
    public init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count <= LogLimits.policyBytes, let text = String(validating: bytes, as: UTF8.self),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 })
        else { throw LogError(.malformed, "not a policy file") }
        var reader = Reader()
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: true) {
            let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map(Array.init)
            if let first = words.first, first.first != 0x23 { try reader.take(words) }
        }
        guard let quorum = reader.quorum else { throw LogError(.malformed, "a policy without quorum") }
        logs = reader.logs
        witnesses = reader.witnesses
        self.quorum = quorum
        let keys = (logs + witnesses).map(\.publicKey)
        guard Set(keys).count == keys.count else { throw LogError(.policy, "one key twice") }
        let operators = Set(logs.map { Self.operator(of: $0) })
        guard !witnesses.contains(where: { operators.contains(Self.operator(of: $0)) }) else {
            throw LogError(.policy, "the log would be its own witness")
        }
    }

    /// Who runs it: the host in front of the first slash.
    private static func `operator`(of key: VerifierKey) -> Substring { key.name.prefix { $0 != "/" } }

    /// Reads a checkpoint under this policy.
    ///
    /// - Throws: ``LogError`` `.malformed`; `.unsigned` if none of ``logs``, under the name that is its origin, signed it;
    ///   `.signatureInvalid` for a known key's bad signature. A quorum that is not met is no error: it may come.
    public func verify(_ note: SignedNote) throws(LogError) -> VerifiedCheckpoint {
        let checkpoint = try Checkpoint(text: note.text)
        let signatures = try note.verify(by: logs + witnesses)
        guard signatures.contains(where: { $0.key.use == .log && $0.key.name == checkpoint.origin }) else {
            throw LogError(.unsigned, "not signed by its log")
        }
        var cosigned: [VerifierKey: Instant] = [:]
        for signature in signatures {
            if let time = signature.time { cosigned[signature.key] = max(time, cosigned[signature.key] ?? time) }
        }
        let time = quorum.time(cosigned)
        return VerifiedCheckpoint(
            checkpoint: checkpoint, note: note, cosigned: cosigned, isQuorate: quorum == .nobody || time != nil,
            quorumTime: time)
    }

    private struct Reader {
        var logs: [VerifierKey] = []
        var witnesses: [VerifierKey] = []
        var quorum: Member?
        private var names: [[UInt8]: Member] = [:]
        /// Each member counts in one place only.
        private var grouped: Set<[UInt8]> = []

        mutating func take(_ words: [[UInt8]]) throws(LogError) {
            switch (String(decoding: words[0], as: UTF8.self), words.count) {
            case ("log", 2...3): logs.append(try key(words[1], .log))
            case ("witness", 3...4):
                let key = try key(words[2], .witness)
                witnesses.append(key)
                try define(words[1], .witness(key))
            case ("group", 4...):
                var members: [Member] = []
                for name in words[3...] {
                    guard let member = names[name], grouped.insert(name).inserted else {
                        throw LogError(.malformed, "a group's member is unknown or counted twice")
                    }
                    members.append(member)
                }
                try define(words[1], .group(threshold: try threshold(words[2], of: members.count), members))
            case ("quorum", 2):
                guard quorum == nil, let member = words[1] == Array("none".utf8) ? Member.nobody : names[words[1]]
                else {
                    throw LogError(.malformed, "a second quorum, or one of an unknown name")
                }
                quorum = member
            default: throw LogError(.malformed, "not a line of a policy")
            }
            guard logs.count <= LogLimits.policyEntries, names.count <= 2 * LogLimits.policyEntries else {
                throw LogError(.malformed, "too many logs, witnesses or groups")
            }
        }

        private func key(_ text: [UInt8], _ use: VerifierKey.Use) throws(LogError) -> VerifierKey {
            let key = try VerifierKey(String(decoding: text, as: UTF8.self))
            guard key.use == use else { throw LogError(.malformed, "a key of another use") }
            return key
        }

        private mutating func define(_ name: [UInt8], _ member: Member) throws(LogError) {
            guard name != Array("none".utf8), names.updateValue(member, forKey: name) == nil else {
                throw LogError(.malformed, "a name defined twice")
            }
        }

        private func threshold(_ word: [UInt8], of count: Int) throws(LogError) -> Int {
            switch String(decoding: word, as: UTF8.self) {
            case "any": return 1
            case "all": return count
            default:
                let number = try TextLines.number(word[...])
                guard (1...Int64(count)).contains(number) else {
                    throw LogError(.malformed, "a threshold no group of this size has")
                }
                return Int(number)
            }
        }
    }
}

/// A checkpoint that its log signed, and how strongly it is witnessed.
public struct VerifiedCheckpoint: Hashable, Sendable {
    public let checkpoint: Checkpoint
    public let note: SignedNote
    /// When each known witness cosigned it.
    public let cosigned: [VerifierKey: Instant]
    /// Whether the policy's quorum is met.
    public let isQuorate: Bool
    /// When the quorum was met: of the cosigners that it needs, the earliest. `nil` without a quorum.
    public let quorumTime: Instant?
}
