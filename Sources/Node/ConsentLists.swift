// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// Which classes of data each consent lists, as the forms tell that this node wrote or opened.
enum ConsentLists {
    /// By `consent_ref`. A consent whose form is not here lists nothing and covers what its tier covers.
    static func read(_ sight: CaseSight, _ transaction: CaseTransaction) throws -> [String: Set<String>] {
        var lists: [String: Set<String>] = [:]
        for letter in sight.letters where letter.state.isInGraph {
            for document in try transaction.records(.form, of: letter.id, in: letter.caseID).values {
                guard let form = try? CanonicalJSON.readText(document), case .object(let fields) = form["fields"],
                    case .string(let reference) = fields["consent_ref"],
                    case .array(let classes) = fields["data_classes"]
                else { continue }
                lists[reference] = Set(classes.compactMap { if case .string(let text) = $0 { text } else { nil } })
            }
        }
        return lists
    }
}
