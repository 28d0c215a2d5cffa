// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct LabelTests {
    @Test(arguments: ShippedProfile.all)
    func `every name that people meet has an English label`(shipped: ShippedProfile) throws {
        let labels = shipped.labels
        let definition = shipped.profile.definition
        var missing: [String] = []
        func need(_ kind: String, _ names: some Sequence<String>) {
            for name in names where labels.label(kind, name) == nil { missing.append("\(kind).\(name)") }
        }
        func need(_ fields: [FormSchema.Field]) {
            need("field", fields.map(\.name))
            need("section", fields.compactMap(\.section))
            for field in fields {
                switch field.kind {
                case .code(let codes), .codes(let codes):
                    need("value", codes.filter { definition.events[$0] == nil && definition.roles[$0] == nil })
                case .list(let inner): need(inner)
                default: break
                }
            }
        }
        need("event", definition.events.keys)
        need("code", definition.events.values.compactMap(\.shownAs))
        need("guard", definition.guards.keys)
        need("fact", definition.facts.keys)
        need("role", definition.roles.keys)
        need("consent", definition.consents.keys)
        need("state", definition.lifecycle.care.keys)
        need("track", definition.tracks.keys)
        need("deadline", definition.deadlines.keys.flatMap { [$0, "\($0).breach"] })
        for (name, track) in definition.tracks {
            need("track", Set(track.edges.flatMap { [$0.from, $0.to] }).map { "\(name).\($0)" })
        }
        need("refusal", Refusal.Reason.allCases.map(\.rawValue))
        need("flag", Flag.allCases.map(\.rawValue))
        need("form", shipped.catalogue.forms.keys)
        for form in shipped.catalogue.forms.values {
            need(form.fields)
            need("rule", form.rules.map(\.name))
        }
        #expect(missing == [])
    }
}
