// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import TestSupport
import Testing
import TransparencyLog

/// RFC 6962 §2.1 as it stands there: slow, recursive, with a memory, and nothing in common with the code under test but SHA-256.
final class NaiveTree {
    let leaves: [Digest]
    private var roots: [Int: Digest] = [:]

    init(count: Int) {
        leaves = (0..<count).map { MerkleHash.leaf(Array("leaf \($0)".utf8)) }
    }

    func root(_ start: Int, _ count: Int) -> Digest {
        if count == 0 { return MerkleHash.empty }
        if count == 1 { return leaves[start] }
        let key = start * 1_000_000 + count
        if let known = roots[key] { return known }
        let left = split(count)
        let root = MerkleHash.node(root(start, left), root(start + left, count - left))
        roots[key] = root
        return root
    }

    func path(_ leaf: Int, _ start: Int, _ count: Int) -> [Digest] {
        if count == 1 { return [] }
        let left = split(count)
        return leaf < left
            ? path(leaf, start, left) + [root(start + left, count - left)]
            : path(leaf - left, start + left, count - left) + [root(start, left)]
    }

    func subproof(_ old: Int, _ start: Int, _ count: Int, _ isWhole: Bool) -> [Digest] {
        if old == count { return isWhole ? [] : [root(start, count)] }
        let left = split(count)
        return old <= left
            ? subproof(old, start, left, isWhole) + [root(start + left, count - left)]
            : subproof(old - left, start + left, count - left, false) + [root(start, left)]
    }

    func head(_ size: Int) -> TreeHead { TreeHead(size: Int64(size), root: root(0, size)) }

    private func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}

extension Digest {
    /// SHA-256 of a text.
    init(of text: String) {
        guard let digest = Digest(SHA256.hash(Array(text.utf8))) else { preconditionFailure("32 bytes") }
        self = digest
    }

    func flipped(bit: Int) -> Digest {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << (bit % 8)
        guard let digest = Digest(bytes) else { preconditionFailure("32 bytes") }
        return digest
    }
}

/// The keys of the vectors, which `make-log-vectors.py` makes too.
enum Keys {
    static let origin = "in.kheya.example/2026"
    static let policyText = """
        log in.kheya.example/2026+5e629881+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4
        witness peer bd.kheya.example/witness+52e86f65+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X
        quorum peer

        """

    static func log() throws -> LogSigner { try LogSigner(origin: origin, seed: Array(0..<32)) }
    static func peer() throws -> WitnessSigner {
        try WitnessSigner(name: "bd.kheya.example/witness", seed: Array(32..<64))
    }
    static func third() throws -> WitnessSigner {
        try WitnessSigner(name: "university.example/witness", seed: Array(96..<128))
    }
    static func policy() throws -> LogPolicy { try LogPolicy(Array(policyText.utf8)) }
}

/// The public vectors, values only; each says where they are from.
func published(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: Vector.protocols.appending(path: "Vectors/log/public/\(name).json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
}

/// The code of what `body` throws, or `opens`.
func code(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "opens"
    } catch let error as LogError {
        return error.code.rawValue
    } catch let refusal as WitnessRefusal {
        return String(refusal.status.rawValue)
    } catch {
        return "\(error)"
    }
}
