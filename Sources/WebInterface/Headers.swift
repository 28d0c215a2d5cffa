// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography

/// The fields that every answer carries. Protocols/Web.md, "Headers".
enum Headers {
    static func put(on response: inout WebResponse, call: Call) {
        let settings = call.site.settings
        response.fields.merge([
            "content-security-policy": policy(settings),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "vary": "Accept-Encoding",
            "permissions-policy": "camera=(self), microphone=(), geolocation=()",
        ]) { own, _ in own }
        if response.fields["cache-control"] == nil { response.fields["cache-control"] = "no-store" }
        if settings.isSecure { response.fields["strict-transport-security"] = "max-age=31536000; includeSubDomains" }
        if call.account != nil, response.fields["clear-site-data"] == nil, response.fields["etag"] == nil {
            // A changed cookie keeps the browser from showing this page again out of its memory, after *Leave quickly* too.
            response.cookies.append(Cookie.set(Cookie.turn, Hex.text(SecureRandom.bytes(8))))
        }
    }

    /// Nothing from elsewhere, nothing inline. Browsers hold a form's target to it through redirects, so the way out is named.
    private static func policy(_ settings: WebSettings) -> String {
        let exit = settings.exitAddress.map { address in
            " " + address.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
        }
        return "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self' data:; "
            + "media-src 'self'; connect-src 'self'; form-action 'self'\(exit ?? ""); frame-ancestors 'none'; base-uri 'none'"
    }
}

/// Names and attributes of our cookies. `__Host-`: of this host alone, for every path, never over an open line.
enum Cookie {
    /// The session's token.
    static let session = "__Host-kheya"
    /// The secret of forms before there is a session.
    static let form = "__Host-kheya-form"
    /// Changes with each answer: see Headers.
    static let turn = "__Host-kheya-turn"
    /// The language of pages before there is an account.
    static let language = "__Host-kheya-language"

    static func set(_ name: String, _ value: String) -> String {
        "\(name)=\(value); Path=/; Secure; HttpOnly; SameSite=Strict"
    }

    static func clear(_ name: String) -> String { set(name, "") + "; Max-Age=0" }
}
