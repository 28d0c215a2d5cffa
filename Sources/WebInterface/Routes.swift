// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Node

/// Who may ask for a page.
enum Access: Sendable, Hashable {
    /// Anybody, signed in or not.
    case open
    /// These roles.
    case roles(Set<Account.Role>)

    /// Those who work on cases.
    static let casework = Access.roles(Set(Account.Role.allCases.filter(\.worksOnCases)))
    /// Those who may see where cases stand.
    static let sight = Access.roles(Set(Account.Role.allCases.filter(\.seesCases)))
    static let supervision = Access.roles([.supervisor])
    static let people = Access.roles([.supervisor, .administrator])
    static let network = Access.roles([.caseworker, .supervisor, .administrator, .readOnly])
    static let trail = Access.roles([.supervisor, .administrator, .auditor])
    static let everyone = Access.roles(Set(Account.Role.allCases))

    func admits(_ role: Account.Role) -> Bool {
        switch self {
        case .open: true
        case .roles(let roles): roles.contains(role)
        }
    }
}

/// One page or one thing that can be done.
struct Route: Sendable {
    let method: WebRequest.Method
    /// `/cases/:case/do`: a name after a colon takes one segment.
    let pattern: String
    let access: Access
    /// What it does with a password: two at once, the rest in line.
    enum PasswordWork {
        case none, chooses, checks
        /// A code alone: held back after failures, and no scrypt.
        case confirms
    }
    var passwordWork = PasswordWork.none
    /// Its form may bring a file of so many bytes.
    var fileBytes = 0
    /// It may read all forms: on a thread of its own.
    var searches = false
    /// What is shown where password or code were wrong.
    var refused: @Sendable (Call, SignIn.Fault) throws -> WebResponse = {
        SignInPage(call: $0, fault: $1).response(status: 403)
    }
    let work: @Sendable (Call) throws -> WebResponse

    init(
        _ method: WebRequest.Method, _ pattern: String, _ access: Access, passwordWork: PasswordWork = .none,
        fileBytes: Int = 0, searches: Bool = false,
        refused: (@Sendable (Call, SignIn.Fault) throws -> WebResponse)? = nil,
        _ work: @escaping @Sendable (Call) throws -> WebResponse
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.passwordWork = passwordWork
        self.fileBytes = fileBytes
        self.searches = searches
        self.work = work
        if let refused { self.refused = refused }
    }
}

/// Every page of the node. The table in Protocols/Web.md is this one; a test compares them and walks it for every role.
enum Routes {
    static let all: [Route] = [
        Route(.get, "/sign-in", .open, SignInPage.show),
        Route(.post, "/sign-in", .open, passwordWork: .checks, SignInPage.begin),
        Route(.post, "/language", .open, SignInPage.setLanguage),
        Route(.get, "/welcome", .open, WelcomePage.show),
        Route(.get, "/welcome/:language", .open, WelcomePage.scanned),
        Route(.post, "/welcome", .open, WelcomePage.open),
        Route(.post, "/welcome/accept", .open, passwordWork: .chooses, WelcomePage.accept),
        Route(.post, "/exit", .open, ExitPage.leave),
        Route(.get, "/left", .open, ExitPage.left),
        Route(.post, "/sign-out", .everyone, ExitPage.signOut),
        Route(.get, "/safety", .everyone, SafetyPage.show),
        Route(.get, "/settings", .everyone, SettingsPage.show),
        Route(.get, "/settings/changed", .everyone, SettingsPage.changed),
        Route(.post, "/settings/notices", .everyone, SettingsPage.setNotices),
        Route(
            .post, "/settings/password", .everyone, passwordWork: .checks, refused: SettingsPage.refused,
            SettingsPage.setPassword),
        Route(.post, "/settings/tokens", .everyone, SettingsPage.revokeToken),
        Route(.get, "/", .everyone, TodayPage.show),
        Route(.get, "/cases", .sight, CasesPage.show),
        Route(.post, "/cases", .sight, searches: true, CasesPage.find),
        Route(.get, "/cases/new", .casework, DraftPage.chooseOpening),
        Route(.post, "/cases/new", .casework, DraftPage.open),
        Route(.post, "/cases/import", .casework, fileBytes: ImportLimits.fileBytes, ImportPage.take),
        Route(.get, "/cases/:case", .sight, CasePage.show),
        Route(.get, "/cases/:case/board", .sight, BoardPage.show),
        Route(.get, "/cases/:case/consents", .sight, ConsentsPage.show),
        Route(.get, "/cases/:case/timeline", .sight, TimelinePage.show),
        Route(.get, "/cases/:case/sheets", .casework, SheetsPage.show),
        Route(.post, "/cases/:case/sheets", .casework, SheetsPage.make),
        Route(.post, "/cases/:case/form", .casework, FormPage.open),
        Route(.post, "/cases/:case/file", .casework, FormPage.file),
        Route(.post, "/cases/:case/acted", .casework, CasePage.markActedOn),
        Route(.get, "/cases/:case/export", .supervision, CaseExportPage.show),
        Route(.post, "/cases/:case/export", .supervision, CaseExportPage.take),
        Route(.get, "/cases/:case/stop", .sight, StopPage.show),
        Route(.post, "/cases/:case/stop", .sight, StopPage.record),
        Route(.post, "/cases/:case/do", .casework, DraftPage.take),
        Route(.get, "/stop", .sight, StopPage.choose),
        Route(.post, "/stop", .sight, StopPage.find),
        Route(.get, "/drafts", .casework, DraftsPage.show),
        Route(.get, "/drafts/:draft", .casework, DraftPage.show),
        Route(.get, "/drafts/:draft/check", .casework, SealPage.check),
        Route(.post, "/drafts/:draft/to", .casework, DraftPage.setRecipient),
        Route(.post, "/drafts/:draft/add", .casework, DraftPage.add),
        Route(
            .post, "/drafts/:draft/approve", .casework, passwordWork: .confirms, refused: SealPage.wrongCode,
            SealPage.approve),
        Route(.post, "/drafts/:draft/seal", .casework, SealPage.seal),
        Route(.post, "/drafts/:draft/discard", .casework, DraftPage.discard),
        Route(.get, "/drafts/:draft/stop", .casework, PracticeStopPage.show),
        Route(.post, "/drafts/:draft/stop", .casework, PracticeStopPage.record),
        Route(.get, "/drafts/:draft/:event/:field", .casework, DraftPage.ask),
        Route(.post, "/drafts/:draft/:event/:field", .casework, fileBytes: WebLimits.fileBytes, DraftPage.answer),
        Route(.get, "/drafts/:draft/:event/:field/file", .casework, DraftPage.file),
        Route(.get, "/offers", .sight, OffersPage.show),
        Route(.get, "/outbox", .sight, OutboxPage.show),
        Route(.get, "/members", .network, MembersPage.show),
        Route(.post, "/members", .casework, MembersPage.compared),
        Route(.get, "/audit", .trail, AuditPage.show),
        Route(.post, "/audit/verify", .trail, BundlePage.verifyOwn),
        Route(.post, "/audit/bundle", .trail, fileBytes: WebLimits.bundleBytes, BundlePage.take),
        Route(.get, "/people", .people, PeoplePage.show),
        Route(
            .post, "/people", .supervision, passwordWork: .confirms, refused: PeoplePage.refused, PeoplePage.invite),
        Route(
            .post, "/people/change", .supervision, passwordWork: .confirms, refused: PeoplePage.refused,
            PeoplePage.change),
        Route(.get, "/export", .supervision, ExportPage.show),
        Route(.post, "/export", .supervision, ExportPage.take),
    ]

    /// The route of a request, with what stands at its names. `HEAD` is asked as `GET`.
    static func find(_ request: WebRequest) -> (Route, [String: String])? {
        let method: WebRequest.Method = request.method == .head ? .get : request.method
        for route in all where route.method == method {
            if let parameters = match(route.pattern, request.path) { return (route, parameters) }
        }
        return nil
    }

    /// What stands in a path at the names of a pattern; `nil` where it is another path.
    static func match(_ pattern: String, _ path: String) -> [String: String]? {
        let (pattern, path) = (segments(pattern), segments(path))
        guard pattern.count == path.count else { return nil }
        var parameters: [String: String] = [:]
        let fits = zip(pattern, path).allSatisfy { part, segment in
            guard part.hasPrefix(":") else { return part == segment }
            parameters[String(part.dropFirst())] = segment
            return isName(segment)
        }
        return fits ? parameters : nil
    }

    /// References, ids, events, fields: nothing else stands in an address, nor in a `Location` that repeats one.
    private static func isName(_ segment: String) -> Bool {
        !segment.isEmpty
            && segment.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x2E || $0 == 0x5F
            }
    }

    private static func segments(_ path: String) -> [String] {
        path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}
