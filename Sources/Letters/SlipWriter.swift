// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// Writes a slip in its one spelling, straight into bytes: every slip that is read is written again, to be compared.
struct SlipWriter {
    private var out: [UInt8] = []
    /// Whether something stands in the object or list already.
    private var isBegun = false

    static func bytes(of slip: Slip) -> [UInt8] {
        var writer = SlipWriter()
        writer.out.reserveCapacity(2_048)
        writer.object { $0.write(slip) }
        return writer.out
    }

    /// The keys in the order of their bytes; what is empty is not there.
    private mutating func write(_ slip: Slip) {
        if let about = slip.about { put("about") { $0.object { $0.write(about) } } }
        put("at", slip.at.seconds)
        put("case", slip.caseID?.text)
        put("expires", slip.expires?.seconds)
        if let file = slip.file {
            put("file") {
                $0.object {
                    $0.put("digest", file.digest)
                    $0.put("version", file.version)
                }
            }
        }
        put("from", slip.from.text)
        put("lane", slip.lane.rawValue)
        put("parents", slip.parents) { $0.digest($1) }
        put("parts", slip.parts) { writer, part in writer.object { $0.write(part) } }
        put("previous", slip.previous)
        if let profile = slip.profile {
            put("profile") {
                $0.object {
                    $0.put("digest", profile.digest)
                    $0.put("id", profile.id)
                    $0.put("version", profile.version)
                }
            }
        }
        put("requires", slip.requires) { $0.digest($1) }
        put("root", slip.root)
        put("sealed", slip.sealed)
        put("seen", slip.seen) { writer, seen in
            writer.list {
                $0.item { $0.string(seen.origin) }
                $0.item { $0.integer(seen.size) }
                $0.item { $0.digest(seen.root) }
            }
        }
        put("steps", slip.steps) { $0.out += CanonicalJSON.write(.object(EventCodec.fields($1))) }
        put("to", slip.to) { writer, addressee in
            writer.object {
                $0.put("certificate", addressee.certificate)
                $0.put("epoch", addressee.epoch)
                $0.put("member", addressee.member.text)
                $0.put("sequence", addressee.sequence)
            }
        }
        put("type", slip.type.rawValue)
        put("v", 1)
    }

    private mutating func write(_ part: PartReference) {
        put("basis", part.basis.rawValue)
        put("commitment", part.commitment)
        put("digest", part.digest)
        put("pieces", part.pieces)
        put("size", part.size)
        put("tier", part.tier.rawValue)
        put("to", part.recipient.text)
    }

    private mutating func write(_ about: About) {
        put("code", about.code)
        put("letter", about.letter)
        put("state", about.state?.rawValue)
        put("stop", about.stop)
    }

    // MARK: - JSON

    private mutating func enclosed(_ opening: UInt8, _ closing: UInt8, _ body: (inout SlipWriter) -> Void) {
        let before = isBegun
        isBegun = false
        out.append(opening)
        body(&self)
        out.append(closing)
        isBegun = before
    }

    private mutating func object(_ body: (inout SlipWriter) -> Void) { enclosed(0x7B, 0x7D, body) }
    private mutating func list(_ body: (inout SlipWriter) -> Void) { enclosed(0x5B, 0x5D, body) }

    private mutating func item(_ body: (inout SlipWriter) -> Void) {
        if isBegun { out.append(0x2C) }
        isBegun = true
        body(&self)
    }

    private mutating func put(_ key: String, _ value: (inout SlipWriter) -> Void) {
        item {
            $0.string(key)
            $0.out.append(0x3A)
            value(&$0)
        }
    }

    private mutating func put(_ key: String, _ text: String?) {
        if let text { put(key) { $0.string(text) } }
    }

    private mutating func put(_ key: String, _ digest: Digest?) {
        if let digest { put(key) { $0.digest(digest) } }
    }

    private mutating func put(_ key: String, _ number: Int64?) {
        if let number { put(key) { $0.integer(number) } }
    }

    private mutating func put<Element>(_ key: String, _ list: [Element], _ body: (inout SlipWriter, Element) -> Void) {
        guard !list.isEmpty else { return }
        put(key) { $0.list { for element in list { $0.item { body(&$0, element) } } } }
    }

    private mutating func string(_ text: String) {
        out.append(0x22)
        out.append(contentsOf: text.utf8)
        out.append(0x22)
    }

    private mutating func digest(_ digest: Digest) {
        out.append(0x22)
        digest.appendHex(to: &out)
        out.append(0x22)
    }

    private mutating func integer(_ number: Int64) { out.append(contentsOf: String(number).utf8) }
}
