// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile

/// Name, password, code: one page, in place of whatever was asked for.
struct SignInPage {
    let call: Call
    var fault: SignIn.Fault?
    /// What is said before: that an answer was saved.
    var note: Word?

    static func show(_ call: Call) -> WebResponse { SignInPage(call: call).response(status: 200) }

    static func begin(_ call: Call) throws -> WebResponse {
        let form = call.form
        let token = try call.site.signIn.begin(
            name: form.value("name"), password: form.value("password"), code: form.value("code"), at: call.now)
        // Back to what was asked for, if that is a page of ours.
        let next = form.value("next")
        var response = WebResponse.seeOther(Routes.find(WebRequest(.get, next)) == nil ? "/" : next)
        response.cookies = [Cookie.set(Cookie.session, Hex.text(token)), Cookie.clear(Cookie.form)]
        return response
    }

    static func setLanguage(_ call: Call) throws -> WebResponse {
        let language = call.form.value("language")
        guard Words.languages.contains(language) else { throw WebFault.badRequest }
        var response = WebResponse.seeOther(call.account == nil ? "/sign-in" : "/")
        if let account = call.account {
            try call.site.signIn.setLanguage(language, of: account.name)
        } else {
            response.cookies = [Cookie.set(Cookie.language, language)]
        }
        return response
    }

    func response(status: Int) -> WebResponse {
        let asked = fault == nil ? call.request.path : call.form.value("next")
        return Page(call: call, title: .signIn, hasError: fault != nil).response(status: status) {
            if let note { E("p", ["class": "saved", "role": "status"]) { call.say(note) } }
            if fault != nil { call.errorSummary([("name", call.say(.signInRefused))]) }
            E("form", ["method": "post", "action": "/sign-in", "class": "card"]) {
                call.tokenField
                E("input", ["type": "hidden", "name": "next", "value": asked])
                call.textField("name", .accountName, value: call.form.value("name"), autocomplete: "username")
                call.textField("password", .password, type: "password", autocomplete: "current-password")
                call.textField("code", .code, hint: .codeHint, autocomplete: "one-time-code", mode: "numeric")
                E("button", ["class": "button main"]) { call.say(.signIn) }
            }
            E("p") { E("a", ["href": "/welcome"]) { call.say(.haveSlip) } }
            E("p", ["class": "hint"]) { call.say(.nodeClock, ["time": call.clockTime]) }
        }
    }
}
