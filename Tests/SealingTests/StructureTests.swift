// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

/// A file as a tree that can be edited anywhere and written again with right lengths.
private indirect enum Node {
    case primitive(UInt8, [UInt8])
    case constructed(UInt8, [Node])

    /// The file must be well formed.
    static func read(_ bytes: ArraySlice<UInt8>) -> [Node] {
        var nodes: [Node] = []
        var rest = bytes
        while let tag = rest.first {
            var start = rest.startIndex + 2
            var count = Int(rest[start - 1])
            if count >= 0x80 {
                let digits = count & 0x7F
                count = rest[start..<start + digits].reduce(0) { $0 << 8 | Int($1) }
                start += digits
            }
            let content = rest[start..<start + count]
            nodes.append(tag & 0x20 != 0 ? .constructed(tag, read(content)) : .primitive(tag, Array(content)))
            rest = rest[(start + count)...]
        }
        return nodes
    }

    var der: [UInt8] {
        let (tag, content) =
            switch self {
            case .primitive(let tag, let bytes): (tag, bytes)
            case .constructed(let tag, let children): (tag, children.flatMap(\.der))
            }
        var length: [UInt8] = []
        var count = content.count
        while count > 0 {
            length.insert(UInt8(count & 255), at: 0)
            count >>= 8
        }
        return content.count < 0x80
            ? [tag, UInt8(content.count)] + content : [tag, 0x80 | UInt8(length.count)] + length + content
    }

    /// Every list of children that one edit of one child of this node or of a node below it can make.
    var edited: [Node] {
        guard case .constructed(let tag, let children) = self else { return [] }
        var results: [[Node]] = []
        for (index, child) in children.enumerated() {
            func replacing(_ others: [Node]) -> [Node] { Array(children[..<index]) + others + children[(index + 1)...] }
            results.append(replacing([]))
            results.append(replacing([child, child]))
            results.append(replacing([.primitive(0x05, [])]))
            results.append(replacing([.constructed(0x30, [child])]))
            results.append(replacing([child, .primitive(0x04, [])]))
            switch child {
            case .primitive(let tag, let bytes):
                for other in [tag ^ 0x80, tag ^ 0x01, tag ^ 0x06] {
                    results.append(replacing([.primitive(other, bytes)]))
                }
                results.append(replacing([.primitive(tag, bytes + [0])]))
                results.append(replacing([.primitive(tag, Array(bytes.dropLast()))]))
                results.append(replacing([.primitive(tag, [])]))
            case .constructed(let tag, let inner):
                for other in [tag ^ 0x01, tag ^ 0x80, tag ^ 0x02] {
                    results.append(replacing([.constructed(other, inner)]))
                }
                results.append(replacing(inner))
            }
            if index + 1 < children.count {
                results.append(Array(children[..<index]) + [children[index + 1], child] + children[(index + 2)...])
            }
            for edit in child.edited { results.append(replacing([edit])) }
        }
        return results.map { .constructed(tag, $0) }
    }
}

@Suite struct StructureTests {
    /// The rule behind the attack table: there is one shape. Whatever element is taken away, doubled, exchanged,
    /// wrapped, retagged, lengthened or emptied, with all lengths right again, is not accepted.
    @Test func `no edit of the structure of a slip is accepted`() throws {
        let pair = try Pair()
        let file = try SignedSlip.sign(pair.slip(), by: pair.signer).file
        let tree = try #require(Node.read(file[...]).first)
        #expect(tree.der == file)
        var tried = 0
        for edit in tree.edited.map(\.der) where edit != file {
            tried += 1
            let code = error { try SignedSlip.read(edit, certificate: pair.directory) }
            #expect(
                code == .gateMalformed || code == .gateProfile || code == .signatureInvalid
                    || code == .signerNotPermitted)
        }
        #expect(tried > 1_000)
    }

    @Test func `no edit of the structure of a part is accepted`() throws {
        let pair = try Pair()
        let part = try SealedPart.seal(Array("form".utf8), label: pair.label(), to: pair.reader.certificate)
        let tree = try #require(Node.read(part.file[...]).first)
        #expect(tree.der == part.file)
        var tried = 0
        for edit in tree.edited.map(\.der) where edit != part.file {
            tried += 1
            let code = error {
                try SealedPart.open(
                    edit, label: pair.label(), commitment: part.commitment, size: part.size, with: pair.reader)
            }
            #expect(code == .gateMalformed || code == .gateProfile || code == .partCannotOpen)
        }
        #expect(tried > 300)
    }

    @Test func `noise in a good file is never accepted and never stops the reader`() throws {
        let pair = try Pair()
        let slip = try SignedSlip.sign(pair.slip(), by: pair.signer).file
        let part = try SealedPart.seal(Array("form".utf8), label: pair.label(), to: pair.reader.certificate)
        var generator = SystemRandomNumberGenerator()
        func spoil(_ file: [UInt8]) -> [UInt8] {
            var file = file
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<file.count, using: &generator)
                let end = min(file.count, index + Int.random(in: 1...40, using: &generator))
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: file[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: file.removeSubrange(index..<end)
                case 2: file.insert(contentsOf: file[index..<end], at: index)
                default: file.replaceSubrange(index..<end, with: SecureRandom.bytes(end - index))
                }
                if file.isEmpty { file = [0x30] }
            }
            return file
        }
        for _ in 0..<5_000 {
            let spoiled = spoil(slip)
            #expect(spoiled == slip || error { try SignedSlip.read(spoiled, certificate: pair.directory) } != nil)
            let other = spoil(part.file)
            #expect(
                other == part.file
                    || error {
                        try SealedPart.open(
                            other, label: pair.label(), commitment: part.commitment, size: part.size, with: pair.reader)
                    } != nil)
        }
    }
}
