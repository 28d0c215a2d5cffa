// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile

/// A slip becomes an account: password, authenticator, recovery codes.
struct WelcomePage {
    let call: Call
    var fault: SignIn.Fault?

    static func show(_ call: Call) -> WebResponse { WelcomePage(call: call).askSlip() }

    /// What the code on a slip leads to: the same page in the language of the invitation.
    static func scanned(_ call: Call) throws -> WebResponse {
        guard let language = call.parameters["language"], Words.languages.contains(language) else {
            throw WebFault.notFound
        }
        return WelcomePage(call: invited(call, in: language)).askSlip()
    }

    static func open(_ call: Call) throws -> WebResponse {
        let call = inLanguageOfInvitation(call)
        do { return try WelcomePage(call: call).askPassword() } catch let fault as SignIn.Fault {
            return WelcomePage(call: call, fault: fault).askSlip()
        }
    }

    /// The language that the invitation names.
    private static func inLanguageOfInvitation(_ call: Call) -> Call {
        let account = try? call.site.signIn.open(slip: call.form.value("slip"), at: call.now).account
        // A digit that was mistyped: what the code on the slip led to.
        let language = account?.language ?? call.form.value("language")
        return Words.languages.contains(language) ? invited(call, in: language) : call
    }

    /// Where this browser has not chosen a language here.
    private static func invited(_ call: Call, in language: String) -> Call {
        guard call.request.cookies[Cookie.language] == nil else { return call }
        var call = call
        call.invitedIn = language
        return call
    }

    static func accept(_ call: Call) throws -> WebResponse {
        let call = inLanguageOfInvitation(call)
        let form = call.form
        do {
            let (token, recovery) = try call.site.signIn.accept(
                slip: form.value("slip"), password: form.value("password"), again: form.value("again"),
                code: form.value("code"), language: call.language, at: call.now)
            var response = WelcomePage(call: call).showRecovery(recovery)
            response.cookies = [Cookie.set(Cookie.session, Hex.text(token)), Cookie.clear(Cookie.form)]
            return response
        } catch let fault as SignIn.Fault {
            guard fault != .badSlip else { return WelcomePage(call: call, fault: fault).askSlip() }
            return try WelcomePage(call: call, fault: fault).askPassword()
        }
    }

    private func askSlip() -> WebResponse {
        let error = fault == nil ? nil : call.say(.slipRefused)
        return Page(call: call, title: .welcome, hasError: fault != nil).response(status: fault == nil ? 200 : 403) {
            call.errorSummary(error.map { [("slip", $0)] } ?? [])
            E("form", ["method": "post", "action": "/welcome", "class": "card"]) {
                call.tokenField
                if let language = call.invitedIn {
                    E("input", ["type": "hidden", "name": "language", "value": language])
                }
                call.textField("slip", .slip, hint: .slipHint, mode: "numeric", error: error)
                E("button", ["class": "button main"]) { call.say(.goOn) }
            }
        }
    }

    private func askPassword() throws -> WebResponse {
        let slip = call.form.value("slip")
        let (account, secret) = try call.site.signIn.open(slip: slip, at: call.now)
        let wrong: (field: String, text: String)? =
            switch fault {
            case .passwordLength: ("password", call.say(.passwordLength))
            case .passwordsDiffer: ("again", call.say(.passwordsDiffer))
            case .badCode: ("code", call.say(.codeRefused))
            default: nil
            }
        func error(_ field: String) -> String? { wrong?.field == field ? wrong?.text : nil }
        return Page(call: call, title: .welcome, hasError: wrong != nil).response(status: wrong == nil ? 200 : 403) {
            call.errorSummary(wrong.map { [$0] } ?? [])
            E("p") { call.say(.welcomeName, ["name": account.name]) }
            E("form", ["method": "post", "action": "/welcome/accept", "class": "card"]) {
                call.tokenField
                E("input", ["type": "hidden", "name": "slip", "value": slip])
                // A password manager keeps both together.
                E(
                    "input",
                    ["type": "text", "name": "name", "value": account.name, "autocomplete": "username", "hidden": ""])
                call.textField(
                    "password", .newPassword, hint: .newPasswordHint, type: "password", autocomplete: "new-password",
                    error: error("password"))
                call.textField(
                    "again", .passwordAgain, type: "password", autocomplete: "new-password", error: error("again"))
                E("h2") { call.say(.authenticator) }
                E("p") { call.say(.authenticatorHow) }
                if let code = QRCode(SignIn.enrolment(of: account.name, secret: secret)) {
                    code.picture(call.say(.authenticatorCode))
                }
                E("p", ["class": "secret", "translate": "no"]) { SignIn.spaced(secret: secret) }
                call.textField(
                    "code", .code, hint: .codeFirst, autocomplete: "one-time-code", mode: "numeric",
                    error: error("code"))
                E("button", ["class": "button main"]) { call.say(.goOn) }
            }
        }
    }

    private func showRecovery(_ codes: [String]) -> WebResponse {
        Page(call: call, title: .recovery).response {
            E("p") { call.say(.recoveryHow) }
            E("ol", ["class": "codes", "translate": "no"]) { for code in codes { E("li") { code } } }
            E("p") { E("a", ["class": "button main", "href": "/safety"]) { call.say(.goOn) } }
        }
    }
}
