// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Every case of the node, the newest first; and a way to one by its reference or by a word of its forms.
enum CasesPage {
    static func show(_ call: Call) throws -> WebResponse { try page(call) }

    static func find(_ call: Call) throws -> WebResponse {
        let asked = call.form.value("reference")
        let found = try CaseReference.find(asked, in: call.desk.store)
        guard let caseID = found.first else {
            // Whoever may open no form learns from none of them whose case it is.
            guard Access.casework.admits(call.account?.role ?? .readOnly) else { return try page(call, wrong: asked) }
            let named = try call.desk.search(asked)
            guard !named.exact.isEmpty || !named.similar.isEmpty else { return try page(call, wrong: asked) }
            try note(named, call)
            return try page(call, among: named.exact, alike: named.similar)
        }
        return found.count == 1 ? .seeOther("/cases/\(caseID.text)") : try page(call, among: found)
    }

    /// Whoever is shown whose case it is has opened what says so: noted first, once a working day.
    private static func note(_ found: FoundCases, _ call: Call) throws {
        let since = call.now + -WebLimits.sessionSeconds
        let fresh = try call.desk.store.read { transaction in
            try found.named.flatMap { caseID, forms in
                try forms.filter { try !transaction.hasNoted(opening: $0, in: caseID, by: call.name, since: since) }
                    .map { (caseID, $0) }
            }
        }
        guard !fresh.isEmpty else { return }
        try call.desk.store.write { transaction in
            for (caseID, form) in fresh { try transaction.note(opening: form, in: caseID, by: call.name, at: call.now) }
        }
    }

    /// - Parameters:
    ///   - among: cases that were asked for; `nil`: all.
    ///   - alike: cases whose words differ from what was asked in marks only.
    private static func page(
        _ call: Call, wrong: String? = nil, among found: [CaseID]? = nil, alike: [CaseID] = []
    ) throws -> WebResponse {
        let all = try call.desk.list(at: call.now).cases
        let cases = found.map { found in all.filter { found.contains($0.caseID) } } ?? all
        let mayOpen = Access.casework.admits(call.account?.role ?? .readOnly)
        let error = wrong == nil ? nil : call.say(.notFoundCase)
        return try Page(call: call, title: .cases, hasError: wrong != nil).response(status: wrong == nil ? 200 : 404) {
            call.errorSummary(error.map { [("reference", $0)] } ?? [])
            if mayOpen { E("p") { E("a", ["class": "button main", "href": "/cases/new"]) { call.say(.openCase) } } }
            E("form", ["method": "post", "action": "/cases", "class": "find"]) {
                call.tokenField
                call.textField("reference", mayOpen ? .findAny : .findCase, value: wrong ?? "", error: error)
                E("button") { call.say(.find) }
            }
            if cases.isEmpty, alike.isEmpty { E("p") { call.say(.noCases) } }
            try rows(cases, call)
            if !alike.isEmpty {
                E("h2") { call.say(.foundAlike) }
                try rows(all.filter { alike.contains($0.caseID) }, call)
            }
        }
    }

    private static func rows(_ cases: [CaseSummary], _ call: Call) throws -> HTML {
        try E("ul", ["class": "rows"]) {
            for overview in cases.prefix(WebLimits.cases).map(\.overview) {
                let words = try call.procedure(under: overview.profile)
                E("li") {
                    E("p", ["class": "what"]) {
                        E("a", ["href": "/cases/\(overview.caseID.text)"]) { CaseReference.html(overview.caseID) }
                    }
                    E("p") { words.states(overview.lifecycle) }
                    E("p", ["class": "since"]) {
                        words.moment(overview.newest)
                        if overview.unread > 0 {
                            " · \(call.say(.newLetters)): \(words.labels.number(Int64(overview.unread)))"
                        }
                    }
                    if overview.hasEnded != true { call.stopWay(overview.caseID) }
                }
            }
        }
    }
}
