// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A word, or a sentence, of the page. Each language has a text for each under the case's own name; placeholders stand in braces.
enum Word: String, CaseIterable, Sendable {
    case today, cases, offers, outbox, people, audit, safety, sections, skip, sheWantsToStop, leaveQuickly, signOut
    case reconstruction, errorTitle, errorHeading, signIn, accountName, password, code, codeHint, signInRefused
    case haveSlip, nodeClock, welcome, slip, slipHint, slipRefused, goOn, welcomeName, newPassword, newPasswordHint
    case passwordAgain, passwordLength, passwordsDiffer, authenticator, authenticatorHow, codeFirst, codeRefused
    case recovery, recoveryHow, emptyPage, safetyLeave, safetyHistory, safetyIdle, safetySwitcher, safetyStop
    case peopleHow, roleCaseworker, roleSupervisor, roleAdministrator, roleAuditor, roleReadOnly, stateInvited
    case stateActive, stateSuspended, faultTitle, faultNotFound, faultForbidden, faultBadRequest, faultStaleForm
    case faultTooLarge, faultTooMany, faultUnavailable, faultFailed, toToday, stopsAndAlarms, waitsOnUs
    case waitsOnOthers, begun, nothingWaits, notYourWork, noCases, openCase, findCase, find, notFoundCase, moreRows
    case since, newLetters, ended, caseTitle, caseHeading, whereSheStands, nextSteps, tellSomething, tellHow
    case notPossible, changedBy, takesPart, whoWaits, board, timeline, unreadHere, dealtWith, child, noStep
    case boardHow, consentsGroup, otherTracks, backToCase, fromUs, fromOther, proof, letterId, formOpened, readForm
    case readingLogged, outboxHow, allGone, offersHow, noOffers, offerFrom, answers, stopTitle, stopHeading, stopHow
    case stopWhat, stopEverything, stopNow, stopNothing, stopDone, stopDoneHow, auditHow, auditLetters, alarms
    case noAlarms, alarmGap, alarmConflict, alarmUnreadable, alarmInvalid, alarmRejected, alarmStrangeReceipt
    case alarmClock, alarmNotTrusted, alarmDocument, alarmLogForged, alarmLogUnwitnessed, alarmSignIn, draftTitle,
        taskList, toWhom,
        notStarted, optional,
        saveGoOn
    case saved, savedLate, seenBy, checkAnswers, change, changeWhat, whatGoes, underConsent, noConsentNeeded
    case leftOut, notFor, sealIt, cannotGo, addStep, add, sealed, sealedHow, discard, twoAnswers, day, month, year
    case dateHint, time, currency, amount, entryNumber, addEntry, newReference, chooseOne, answerBy
    case wayWaiting, wayStored, wayRefused, wayRejected, wayEnded, mySignature, thisReference, removeEntry, whoRead
    case secondPerson, secondPersonHow, approveIt, approvedByYou, changedMeanwhile, basisEmergency, basisLaw,
        stopNotDone, stopNotDoneHow
    case filePhoto, fileScan, fileHow, fileKept, fileLook, fileRemove, fileSame, fileComing, fileTooLarge, fileDamaged,
        fileEmpty
    case fileFormat, fileKind, consents, consentsHow, until, members, membersHow, keyChanged, notCompared, comparedBy
    case comparedOnce, compare, noKeys, keysUntil
    case settings, somethingNew, notices, noticesHow, noMailHere, mailAddress, mailHint, mailWrong, noticeWhen,
        noticeDigest
    case noticeAtOnce, quietFrom, quietTo, quietHow, quietNone, quietWrong, save, settingsSaved, findAny, foundAlike
    case changePassword, changePasswordHow, passwordRefused, codeNow
    case export, exportHow, exportWarning, exportAs, exportsTaken
    case readAloud, sayBefore, sayAfter, stopFind, stopFindHow, sheets, sheetsHow, sheetLanguage, sheetNames
    case sheetCard, sheetHers, sheetConsent, sheetsHers, sheetsForms, sheetsBlank, print, printedBy, sheetStop
    case sheetDesk, sheetTelephone, sheetComplaint, sheetAnswer, answerYes, answerNo, answerLater, answerLess
    case sheetInterpreter, sheetWitness, sheetSignature, sheetDate, sheetLeftOut, sheetAttached, checkpointNewest
    case keptHow, stateCommand, sheetCode
    case authenticatorCode, nameTaken, nameWrong, accountNameHint, slipTitle, slipHandOver, slipCode
    case slipUntil, suspendedBy, operatorByCommand, invitedBy, invite, roleOf, changeAccount, suspend, anotherSlip,
        anotherSlipHow, keepTokens
    case programs, programsHow, tokenReads, tokenWrites, tokenUntil, tokenUsed, tokenUnused, endToken
    case practise, practiseHow, practiceWhat, practiceMark, practiceEnd, practiceDone, practiceDelete, madeUp
    case practiceStopHow, practiceStopNow, practiceStopDone, practiceStopDoneHow, practiceStopReal
    case language
    case byProgram
    case exportCase, exportCaseHow
    case ownTrail, ownTrailHow, ownTrailHolds, ownTrailWrong, trailProved, trailUnproved, trailWrong
    case checkpointsKept, verifyNow, bundle, bundleHow, bundleRunning, lookAgain, bundleFile, bundleHint
    case bundleTooLarge, verifyBundle, report, reportEntries, reportLetters, reportErased, reportFindings
    case ownTrailRunning, ownTrailUnread, faultVerifying
    case reportMore, verdictPass, verdictFail, verdictIncomplete, verdictUnchecked
    case importCases, importHow, importFrom, importFile, importFileHint, importDo, importDone, importKnown, importUnseen
    case importOpensFirst, importRecord, importTaken, importNotTaken, importConsent, importNever, importNoField
    case importNoCode, importUnknown, importNotReadable, importTooMuch, importNoKnownField, importTwice
    case importUnknownCode, importWrongType, importTooLong, importNotHere
}
