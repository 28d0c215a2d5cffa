// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile

/// Who may ask for a page.
enum Access: Sendable, Hashable {
    /// Anybody, signed in or not.
    case open
    /// These roles.
    case roles(Set<Account.Role>)

    /// Those who work on cases.
    static let casework = Access.roles([.caseworker, .supervisor])
    /// Those who may see where cases stand.
    static let sight = Access.roles([.caseworker, .supervisor, .readOnly])
    static let people = Access.roles([.supervisor, .administrator])
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
    /// Its work derives a key from a password: two at once, the rest in line.
    var checksPassword = false
    let work: @Sendable (Call) throws -> WebResponse

    init(
        _ method: WebRequest.Method, _ pattern: String, _ access: Access, checksPassword: Bool = false,
        _ work: @escaping @Sendable (Call) throws -> WebResponse
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.checksPassword = checksPassword
        self.work = work
    }
}

/// Every page of the node. The table in Protocols/Web.md is this one; a test compares them and walks it for every role.
enum Routes {
    static let all: [Route] = [
        Route(.get, "/sign-in", .open, SignInPage.show),
        Route(.post, "/sign-in", .open, checksPassword: true, SignInPage.begin),
        Route(.post, "/language", .open, SignInPage.setLanguage),
        Route(.get, "/welcome", .open, WelcomePage.show),
        Route(.post, "/welcome", .open, WelcomePage.open),
        Route(.post, "/welcome/accept", .open, checksPassword: true, WelcomePage.accept),
        Route(.post, "/exit", .open, ExitPage.leave),
        Route(.get, "/left", .open, ExitPage.left),
        Route(.post, "/sign-out", .everyone, ExitPage.signOut),
        Route(.get, "/safety", .everyone, SafetyPage.show),
        Route(.get, "/", .everyone, TodayPage.show),
        Route(.get, "/people", .people, PeoplePage.show),
    ]

    /// The route of a request, with what stands at its names. `HEAD` is asked as `GET`.
    static func find(_ request: WebRequest) -> (Route, [String: String])? {
        let method: WebRequest.Method = request.method == .head ? .get : request.method
        let path = segments(request.path)
        for route in all where route.method == method {
            let pattern = segments(route.pattern)
            guard pattern.count == path.count else { continue }
            var parameters: [String: String] = [:]
            let fits = zip(pattern, path).allSatisfy { part, segment in
                guard part.hasPrefix(":") else { return part == segment }
                parameters[String(part.dropFirst())] = segment
                return !segment.isEmpty
            }
            if fits { return (route, parameters) }
        }
        return nil
    }

    private static func segments(_ path: String) -> [String] {
        path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}
