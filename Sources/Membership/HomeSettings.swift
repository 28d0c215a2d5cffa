// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// `kheya.json` of a home: who lives here and whom it calls. A file that its operator may edit; no secret, no case.
///
/// - SeeAlso: Protocols/Membership.md §8.
public struct HomeSettings: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable { case member, broker, authority, witness }

    /// Where a broker is called until the directory says so.
    public struct Endpoint: Hashable, Sendable {
        public var id: MemberID
        public var host: String
        public var port: Int
        public var address: String?

        public init(id: MemberID, host: String, port: Int, address: String? = nil) {
            self.id = id
            self.host = host
            self.port = port
            self.address = address
        }
    }

    public var kind: Kind
    public var id: MemberID
    /// As it shall stand in the directory.
    public var name: String
    /// A member's own broker.
    public var broker: Endpoint?
    /// A broker's or witness's: where it listens.
    public var listen: (address: String, port: Int)? {
        get { listenAddress.map { ($0, listenPort) } }
        set { (listenAddress, listenPort) = (newValue?.address, newValue?.port ?? 0) }
    }
    private var listenAddress: String?
    private var listenPort = 0
    /// Further settings of node and broker: strings, integers, booleans by name.
    public var options: [String: JSONValue]

    public init(kind: Kind, id: MemberID, name: String, broker: Endpoint? = nil, options: [String: JSONValue] = [:]) {
        self.kind = kind
        self.id = id
        self.name = name
        self.broker = broker
        self.options = options
    }

    /// One field a line, sorted.
    public func file() -> [UInt8] {
        var object: [String: JSONValue] = [
            "v": .integer(1), "kind": .string(kind.rawValue), "id": .string(id.text), "name": .string(name),
        ]
        if let broker {
            var fields: [String: JSONValue] = [
                "id": .string(broker.id.text), "host": .string(broker.host), "port": .integer(Int64(broker.port)),
            ]
            if let address = broker.address { fields["address"] = .string(address) }
            object["broker"] = .object(fields)
        }
        if let listen {
            object["listen"] = .object(["address": .string(listen.address), "port": .integer(Int64(listen.port))])
        }
        if !options.isEmpty { object["options"] = .object(options) }
        var text = Array("{\n".utf8)
        for (index, key) in object.keys.sorted().enumerated() {
            guard let value = object[key] else { continue }
            text +=
                Array("  \"\(key)\": ".utf8) + CanonicalJSON.write(value)
                + Array(index + 1 < object.count ? ",\n".utf8 : "\n".utf8)
        }
        return text + Array("}\n".utf8)
    }

    /// - Throws: ``MembershipError`` `.homeMalformed`.
    public static func read(_ bytes: [UInt8]) throws(MembershipError) -> HomeSettings {
        do throws(LetterError) {
            var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "kheya.json", failure: .malformed)
            guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this program knows") }
            var settings = HomeSettings(
                kind: try fields.code("kind", Kind.self), id: try fields.member("id"), name: try fields.displayName(),
                broker: try fields.optionalObject("broker") { (entry: inout FieldReader) throws(LetterError) in
                    Endpoint(
                        id: try entry.member("id"), host: try entry.host("host"), port: try entry.port("port"),
                        address: try entry.optional("address") { (entry: inout FieldReader) throws(LetterError) in
                            try entry.pattern("address", DirectoryPatterns.address)
                        })
                })
            settings.listen = try fields.optionalObject("listen") { (entry: inout FieldReader) throws(LetterError) in
                (address: try entry.pattern("address", DirectoryPatterns.address), port: try entry.portOrZero("port"))
            }
            let options = try fields.optionalObject("options") { (entry: inout FieldReader) throws(LetterError) in
                entry.all()
            }
            settings.options = Dictionary((options ?? []).map { ($0.name, $0.value) }) { first, _ in first }
            try fields.finish()
            return settings
        } catch {
            throw MembershipError(.homeMalformed, error.reason)
        }
    }
}

extension FieldReader {
    /// Where one listens, 0 asks the system for a free port.
    fileprivate mutating func portOrZero(_ name: String) throws(LetterError) -> Int {
        let number = try integer(name)
        guard (0...65_535).contains(number) else { throw fault(name, "not a port") }
        return Int(number)
    }
}
