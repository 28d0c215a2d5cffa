// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
public import Membership

/// Where and how the page is served: `options` in `kheya.json`.
///
/// - SeeAlso: Protocols/Web.md, "Settings".
public struct WebSettings: Sendable, Hashable {
    /// IP address; another than loopback only with a certificate.
    public var address = "127.0.0.1"
    /// 0 for any free one.
    public var port = 8420
    /// Files (PEM) of certificate chain and key; absent: plain HTTP on loopback.
    public var certificate: String?
    public var key: String?
    /// The name in the browser's address line, where it is no loopback address.
    public var host: String?
    /// Where *Leave quickly* leads; absent: an empty page of the node.
    public var exitAddress: String?

    public init() {}

    public var isSecure: Bool { certificate != nil }

    /// Whether a request's `Host` names this node; anything else is another site's name that points at this machine.
    func answers(to host: String) -> Bool {
        var name = host.utf8[...]
        if let colon = name.lastIndex(of: 0x3A),
            name[name.index(after: colon)...].allSatisfy({ (0x30...0x39).contains($0) })
        {
            name = name[..<colon]
        }
        let text = String(decoding: name, as: UTF8.self)
        return ["127.0.0.1", "localhost", "[::1]"].contains(text) || text == self.host
    }

    /// Of the page as another machine asks for it; `nil` where it has no name that one could ask for.
    public var publicOrigin: String? {
        host.map { origin(host: isSecure && port != 443 ? "\($0):\(port)" : $0) }
    }

    func origin(host: String) -> String { (isSecure ? "https://" : "http://") + host }

    /// - Returns: `nil` where the home says `"web_listen": "off"`.
    /// - Throws: MembershipError `.homeMalformed` naming the option.
    public static func read(_ home: HomeSettings, listen: String? = nil) throws(MembershipError) -> WebSettings? {
        var settings = WebSettings()
        let place = try text(home, "web_listen")
        if let place = listen ?? place {
            if place == "off" { return nil }
            try settings.setPlace(place)
        }
        settings.certificate = try text(home, "web_certificate")
        settings.key = try text(home, "web_key")
        settings.host = try text(home, "web_host")
        settings.exitAddress = try text(home, "web_exit_address")
        guard (settings.certificate == nil) == (settings.key == nil) else {
            throw MembershipError(.homeMalformed, "kheya.json: options.web_certificate and web_key go together")
        }
        guard settings.isSecure || settings.address.hasPrefix("127.") || settings.address == "::1" else {
            throw MembershipError(
                .homeMalformed,
                "kheya.json: options.web_listen is no loopback address: web_certificate and web_key first")
        }
        if let exit = settings.exitAddress, !isPlainAddress(exit) {
            throw MembershipError(.homeMalformed, "kheya.json: options.web_exit_address is no https address")
        }
        return settings
    }

    private mutating func setPlace(_ place: String) throws(MembershipError) {
        let bytes = Array(place.utf8)
        guard let colon = bytes.lastIndex(of: 0x3A),
            let port = UInt16(String(decoding: bytes[(colon + 1)...], as: UTF8.self))
        else { throw MembershipError(.homeMalformed, "kheya.json: options.web_listen is not ADDRESS:PORT or off") }
        let address = String(decoding: bytes[..<colon].filter { $0 != 0x5B && $0 != 0x5D }, as: UTF8.self)
        guard !address.isEmpty,
            address.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2E || $0 == 0x3A
            })
        else { throw MembershipError(.homeMalformed, "kheya.json: options.web_listen has no IP address") }
        (self.address, self.port) = (address, Int(port))
    }

    private static func text(_ home: HomeSettings, _ name: String) throws(MembershipError) -> String? {
        guard let value = home.options[name] else { return nil }
        guard case .string(let text) = value, !text.isEmpty else {
            throw MembershipError(.homeMalformed, "kheya.json: options.\(name) is no text")
        }
        return text
    }

    /// It stands in a header beside others: nothing but a plain https address, without spaces, quotes or semicolons.
    private static func isPlainAddress(_ text: String) -> Bool {
        text.hasPrefix("https://")
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Array("\"';,<>\\".utf8).contains($0) }
    }
}
