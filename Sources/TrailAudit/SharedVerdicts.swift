// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// What the profile says of a letter by its ancestors alone: the same for every log that took these in alike, so it is worked out once
/// however many logs have the letter. One owner: the auditor of one case.
final class SharedVerdicts {
    private var known: [LetterID: (roles: Set<String>, verdict: Verdict)] = [:]
    private var roles: [Int: Set<String>] = [:]
    /// Letters that are void in some log, or whose sender had other roles there.
    private var unalike: Ancestry.Letters

    init(_ ancestry: Ancestry) { unalike = ancestry.none }

    /// A log's view takes a letter in.
    func note(_ step: Step, at place: Int) {
        if step.isVoid { unalike.insert(place) }
        if let other = roles[place] {
            if other != step.roles { unalike.insert(place) }
        } else {
            roles[place] = step.roles
        }
    }

    /// - Parameter ancestors: all of them, each in the view of the log that asks.
    func verdict(on step: Step, after ancestors: Ancestry.Letters, else judge: () -> Verdict) -> Verdict {
        guard !step.isVoid, ancestors.isDisjoint(with: unalike) else { return judge() }
        if let known = known[step.id], known.roles == step.roles { return known.verdict }
        let verdict = judge()
        known[step.id] = (step.roles, verdict)
        return verdict
    }
}
