// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct CatalogueTests {
    @Test(arguments: ShippedProfile.all)
    func `the catalogue has every form of the profile, under the same tier`(shipped: ShippedProfile) throws {
        #expect(shipped.profile.id == shipped.id)
        try FormsDocument.check(shipped.catalogue, against: shipped.profile)
    }

    /// A tier that the event cannot carry would make a form that nobody can send: nobody about a child, if it is asked of a child.
    @Test(arguments: ShippedProfile.all, [false, true])
    func `the lowest tier of each form is within what its events allow`(shipped: ShippedProfile, isChild: Bool) {
        for name in shipped.profile.eventNames {
            guard let rule = shipped.profile.event(name), let form = rule.form.flatMap({ shipped.catalogue.forms[$0] })
            else { continue }
            let blank = shipped.catalogue.validate(Form(event: name, name: form.name, fields: [:]), isChild: isChild)
            let missing = Set(blank.map(\.field))
            let compulsory = form.fields.filter { missing.contains($0.name) }.map(\.tier).max() ?? .t0
            #expect(compulsory <= rule.tier, "\(name): compulsory fields of \(form.name) are above \(rule.tier)")
        }
    }

    /// What is compulsory in every answer: a fact that a form repeats has the same codes in both, else they could never agree.
    @Test(arguments: ShippedProfile.all)
    func `a field named as a fact of its event has no code that the fact lacks`(shipped: ShippedProfile) {
        for name in shipped.profile.eventNames {
            guard let rule = shipped.profile.event(name), let form = rule.form.flatMap({ shipped.catalogue.forms[$0] })
            else { continue }
            for fact in shipped.profile.compulsoryFacts(of: name) {
                guard case .codes(let known) = shipped.profile.definition.facts[fact]?.kind,
                    let field = form.fields.first(where: { $0.name == fact }), case .code(let codes) = field.kind
                else { continue }
                #expect(codes.isSubset(of: known), "\(name): \(form.name).\(fact)")
            }
        }
    }
}
