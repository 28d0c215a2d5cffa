// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A word, or a sentence, of the page. Each language has a text for each under the case's own name; placeholders stand in braces.
enum Word: String, CaseIterable, Sendable {
    case today, cases, people, safety, sections, skip, sheWantsToStop, leaveQuickly, signOut, reconstruction
    case errorTitle, errorHeading, signIn, accountName, password, code, codeHint, signInRefused, haveSlip, nodeClock
    case welcome, slip, slipHint, slipRefused, goOn, welcomeName, newPassword, newPasswordHint, passwordAgain
    case passwordLength, passwordsDiffer, authenticator, authenticatorHow, codeFirst, codeRefused, recovery
    case recoveryHow, emptyPage, safetyLeave, safetyHistory, safetyIdle, safetySwitcher, safetyStop, peopleHow
    case roleCaseworker, roleSupervisor, roleAdministrator, roleAuditor, roleReadOnly, stateInvited, stateActive
    case stateSuspended, faultTitle, faultNotFound, faultForbidden, faultBadRequest, faultStaleForm, faultTooLarge
    case faultTooMany, faultUnavailable, faultFailed, toToday, begun, notYourWork, noCases, find, newLetters
    case answers
}
