// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// The frame of every page: who it is for, where one can go, and the two ways out that are always there.
struct Page {
    let call: Call
    /// The page's kind: its title, which the browser's history keeps. Never a name, a number or a reference.
    let title: Word
    /// The heading; the title where absent.
    var heading: String?
    /// The case that the page is about, as it stands in addresses: *She wants to stop* leads there.
    var caseReference: String?
    var hasError = false
    /// The practice draft that it is about: everything on it is made up and stays here, its stop too.
    var practice: Digest?

    func response(status: Int = 200, @Markup _ content: () throws -> HTML) rethrows -> WebResponse {
        let main = try content()
        var response = WebResponse(status, page: document(main))
        if let secret = call.freshSecret { response.cookies.append(Cookie.set(Cookie.form, Hex.text(secret))) }
        return response
    }

    private func document(_ main: HTML) -> HTML {
        .document(
            language: call.language,
            group {
                E("head") {
                    E("meta", ["charset": "utf-8"])
                    E("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                    E("title") { (hasError ? call.say(.errorTitle) + ": " : "") + call.say(title) + " – Kheya" }
                    // Without this the browser asks for one, and the answer would keep the page in its memory.
                    E("link", ["rel": "icon", "href": "data:,"])
                    E("link", ["rel": "stylesheet", "href": StaticFile.style.path])
                    E("script", ["src": StaticFile.script.path, "defer": ""]) { "" }
                }
                E("body") {
                    E("a", ["class": "skip", "href": "#main"]) { call.say(.skip) }
                    header
                    E("div", ["class": "columns"]) {
                        if call.account != nil { navigation }
                        E("main", ["id": "main", "tabindex": "-1"]) {
                            E("h1") { heading ?? call.say(title) }
                            if practice != nil { E("p", ["class": "practice"]) { call.say(.practiceMark) } }
                            main
                            if let procedure { E("p", ["class": "hint"]) { procedure } }
                        }
                    }
                    footer
                }
            })
    }

    /// What the procedure of the case is: pages and printed sheets say it where it is a reconstruction.
    private var procedure: String? {
        guard let caseReference, call.account != nil, let caseID = CaseID(caseReference),
            let record = try? call.desk.store.read({ try $0.caseRecord(caseID) })
        else { return nil }
        return try? call.procedure(under: record.profile).labels.procedure
    }

    private var header: HTML {
        E("header", ["class": "top"]) {
            E("a", ["class": "product", "href": "/", "translate": "no"]) { "Kheya" }
            E("div", ["class": "ways-out"]) {
                if let role = call.account?.role, role.seesCases {
                    E("a", ["class": "button stop", "href": stop]) { call.say(.sheWantsToStop) }
                }
                E("form", ["method": "post", "action": "/exit", "class": "leave"]) {
                    call.tokenField
                    E("button", ["class": "quiet", "id": "leave"]) { call.say(.leaveQuickly) }
                }
            }
        }
    }

    private var stop: String {
        if let practice { return "/drafts/\(practice.hex)/stop" }
        return caseReference.map { "/cases/\($0)/stop" } ?? "/stop"
    }

    private var navigation: HTML {
        let places: [(String, Word)] = [
            ("/", .today), ("/cases", .cases), ("/offers", .offers), ("/outbox", .outbox), ("/members", .members),
            ("/people", .people),
            ("/audit", .audit), ("/export", .export), ("/settings", .settings), ("/safety", .safety),
        ]
        return E("nav", ["aria-label": call.say(.sections)]) {
            E("ul") {
                for (path, word) in places where isOpen(path) {
                    E("li") {
                        E("a", ["href": path, "aria-current": call.request.path == path ? "page" : nil]) {
                            call.say(word)
                        }
                        if path == "/", call.request.path != "/", call.hasNews {
                            E("p", ["class": "news", "role": "status"]) { call.say(.somethingNew) }
                        }
                    }
                }
            }
            E("form", ["method": "post", "action": "/sign-out"]) {
                call.tokenField
                E("button", ["class": "link"]) { call.say(.signOut, ["name": call.name]) }
            }
        }
    }

    /// A place that the person's role can go to.
    private func isOpen(_ path: String) -> Bool {
        guard let account = call.account, let (route, _) = Routes.find(WebRequest(.get, path)) else { return false }
        return route.access.admits(account.role)
    }

    private var footer: HTML {
        E("footer") {
            E("p") { call.say(.reconstruction) }
            E("form", ["method": "post", "action": "/language", "class": "languages"]) {
                call.tokenField
                for language in Words.languages {
                    E(
                        "button",
                        [
                            "class": "link", "name": "language", "value": language, "lang": language,
                            "aria-current": language == call.language ? "true" : nil,
                        ]
                    ) { Words.names[language] ?? language }
                }
            }
        }
    }
}

/// Pieces that several pages use.
extension Call {
    /// What is wrong, at the head of the page, each with a way to its field.
    func errorSummary(_ errors: [(field: String, text: String)]) -> HTML {
        guard !errors.isEmpty else { return .empty }
        return E("div", ["class": "errors", "role": "alert", "tabindex": "-1", "id": "errors"]) {
            E("h2") { say(.errorHeading) }
            E("ul") {
                for error in errors { E("li") { E("a", ["href": "#\(error.field)"]) { error.text } } }
            }
        }
    }

    /// A labelled text field.
    func textField(
        _ name: String, _ label: Word, hint: Word? = nil, type: String = "text", value: String = "",
        autocomplete: String = "off", mode: String? = nil, error: String? = nil
    ) -> HTML {
        E("div", ["class": error == nil ? "field" : "field wrong"]) {
            E("label", ["for": name]) { say(label) }
            if let hint { E("p", ["class": "hint", "id": "\(name)-hint"]) { say(hint) } }
            if let error { E("p", ["class": "error", "id": "\(name)-error"]) { error } }
            E(
                "input",
                [
                    "id": name, "name": name, "type": type, "value": value.isEmpty ? nil : value,
                    "autocomplete": autocomplete, "inputmode": mode, "autocapitalize": "none", "spellcheck": "false",
                    "aria-describedby": error != nil ? "\(name)-error" : hint == nil ? nil : "\(name)-hint",
                    "aria-invalid": error == nil ? nil : "true",
                ])
        }
    }
}
