// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile

/// Two ways out: at the end of the work, and at once.
enum ExitPage {
    static func signOut(_ call: Call) throws -> WebResponse { try end(call, to: "/sign-in") }

    /// Works without script and without a session; the answer shows nothing of ours.
    static func leave(_ call: Call) throws -> WebResponse {
        try end(call, to: call.site.settings.exitAddress ?? "/left")
    }

    static func left(_ call: Call) -> WebResponse {
        WebResponse(
            page: .document(
                language: call.language,
                E("head") {
                    E("meta", ["charset": "utf-8"])
                    E("title") { call.say(.emptyPage) }
                    E("link", ["rel": "icon", "href": "data:,"])
                }))
    }

    private static func end(_ call: Call, to place: String) throws -> WebResponse {
        if let token = call.sessionToken { try call.site.signIn.end(token) }
        var response = WebResponse.seeOther(place)
        response.fields["clear-site-data"] = "\"cookies\", \"storage\""
        response.cookies = [Cookie.session, Cookie.form, Cookie.turn].map(Cookie.clear)
        return response
    }
}

/// What *Leave quickly* does and does not do, said before anybody relies on it.
enum SafetyPage {
    static func show(_ call: Call) -> WebResponse {
        Page(call: call, title: .safety).response {
            for word in [Word.safetyLeave, .safetyHistory, .safetyIdle, .safetySwitcher, .safetyStop] {
                E("p") { call.say(word) }
            }
        }
    }
}
