// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters

/// One operation of the HTTP API.
struct APIRoute: Sendable {
    let method: WebRequest.Method
    let pattern: String
    /// Of the account for which the token stands: as on the page.
    let access: Access
    let scope: APIToken.Scope
    let work: @Sendable (Call) throws -> WebResponse

    init(
        _ method: WebRequest.Method, _ pattern: String, _ access: Access, _ scope: APIToken.Scope,
        _ work: @escaping @Sendable (Call) throws -> WebResponse
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.scope = scope
        self.work = work
    }
}

/// Every operation of the HTTP API. Protocols/WebAPI.openapi.json lists the same; a test compares them.
enum APIRoutes {
    /// Where they all begin.
    static let place = "/api/"

    static let all: [APIRoute] = [
        APIRoute(.get, "/api/v1/cases", .sight, .read) { try CaseAPI.list($0, after: nil) },
        APIRoute(.post, "/api/v1/cases", .casework, .write, StepAPI.open),
        APIRoute(.get, "/api/v1/cases/after/:case", .sight, .read) { try CaseAPI.list($0, after: $0.caseInAddress()) },
        APIRoute(.get, "/api/v1/cases/:case", .sight, .read, CaseAPI.show),
        APIRoute(.get, "/api/v1/cases/:case/possible", .sight, .read, CaseAPI.possible),
        APIRoute(.get, "/api/v1/cases/:case/letters", .sight, .read, LetterAPI.ofCase),
        APIRoute(.post, "/api/v1/cases/:case/steps", .casework, .write, StepAPI.perform),
        APIRoute(.post, "/api/v1/cases/:case/export", .supervision, .read, CaseExportPage.program),
        APIRoute(.post, "/api/v1/cases/:case/forms/:form", .casework, .read, LetterAPI.form),
        APIRoute(.get, "/api/v1/inbox", .sight, .read, LetterAPI.inbox),
        APIRoute(.get, "/api/v1/letters/:letter", .sight, .read, LetterAPI.show),
        APIRoute(.post, "/api/v1/letters/:letter/acted", .casework, .write, LetterAPI.acted),
    ]
}

extension Call {
    /// The case that stands in the address by its whole pseudonym.
    func caseInAddress() throws(APIFault) -> CaseID {
        guard let caseID = CaseID(parameters["case"] ?? "") else { throw APIFault(.notFound) }
        return caseID
    }
}

extension Site {
    /// One request of a program, one answer in JSON; never throws.
    func answerProgram(_ request: Call) async -> WebResponse {
        do {
            guard settings.answers(to: request.request.fields["host"] ?? "") else { throw APIFault(.badRequest) }
            if let fault = request.request.fault { throw APIFault(fault == .tooLarge ? .tooLarge : .badRequest) }
            let asked = request.request
            let here = APIRoutes.all.compactMap { route in
                Routes.match(route.pattern, asked.path).map { (route, $0) }
            }
            // `/cases/after/…` is nearer than `/cases/:case/…`.
            guard let nearest = here.first?.0.pattern else { throw APIFault(.notFound) }
            let method: WebRequest.Method = asked.method == .head ? .get : asked.method
            guard let (route, parameters) = here.first(where: { $0.0.pattern == nearest && $0.0.method == method })
            else { throw APIFault(.methodNotAllowed, allow: here.filter { $0.0.pattern == nearest }.map(\.0.method)) }
            var call = request
            call.parameters = parameters
            return try await blocking { [signIn, call] in
                var call = call
                guard let token = APIToken.secret(in: asked.fields["authorization"]),
                    let (account, program) = try signIn.holder(of: token, at: call.now)
                else { throw APIFault(.unauthorized) }
                guard route.access.admits(account.role), program.scope.admits(route.scope) else {
                    throw APIFault(.forbidden)
                }
                call.account = account
                call.program = program.id
                return try route.work(call)
            }
        } catch {
            return APIFault(error, request).response
        }
    }
}
