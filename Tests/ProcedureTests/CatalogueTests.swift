// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

extension FormCatalogue {
    static let repatriation: FormCatalogue = {
        do {
            return try FormsDocument.read(Protocols.bytes("Profiles/in-bd-repatriation/forms.json"))
        } catch {
            fatalError("\(error)")
        }
    }()
}

@Suite struct CatalogueTests {
    @Test func `the catalogue has every form of the profile, under the same tier`() throws {
        try FormsDocument.check(.repatriation, against: .repatriation)
    }

    /// A tier that the event cannot carry would make a form that nobody can send.
    @Test func `the lowest tier of each form is within what its events allow`() {
        for name in Profile.repatriation.eventNames {
            guard let rule = Profile.repatriation.event(name),
                let form = rule.form.flatMap({ FormCatalogue.repatriation.forms[$0] })
            else { continue }
            let compulsory = form.fields.filter { $0.required == FormSchema.always }.map(\.tier).max() ?? .t0
            #expect(compulsory <= rule.tier, "\(name): compulsory fields of \(form.name) are above \(rule.tier)")
        }
    }
}
