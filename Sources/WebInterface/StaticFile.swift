// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Sealing
import Procedure

/// The style and the script: named by their content, so a browser may keep them for good.
struct StaticFile: Sendable {
    let path: String
    let type: String
    let body: [UInt8]

    static let style = StaticFile("style", "css", type: "text/css; charset=utf-8", PackageResources.style_css)
    static let script = StaticFile("script", "js", type: "text/javascript; charset=utf-8", PackageResources.script_js)

    static func at(_ path: String) -> StaticFile? { [style, script].first { $0.path == path } }

    private init(_ name: String, _ ending: String, type: String, _ body: [UInt8]) {
        path = "/\(name)-\(Digest.sha256(body).hex.prefix(16)).\(ending)"
        self.type = type
        self.body = body
    }

    var response: WebResponse {
        WebResponse(
            200,
            fields: [
                "content-type": type, "cache-control": "public, max-age=31536000, immutable", "etag": "\"\(path)\"",
            ],
            body: body)
    }
}
