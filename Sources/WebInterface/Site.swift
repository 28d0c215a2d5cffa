// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
public import Logging
import NIOPosix
public import Node
public import Procedure

/// The page of a node, whatever carries its requests: who may ask what, and one answer for each request.
///
/// - SeeAlso: Protocols/Web.md.
public struct Site: Sendable {
    let desk: CaseDesk
    let signIn: SignIn
    let settings: WebSettings
    let notices: NoticeSettings
    let clock: @Sendable () -> Instant
    let logger: Logger
    let files = Gate(WebLimits.filesAtOnce)
    let throttle = Throttle()
    let trail: TrailDesk
    private let desks: NIOThreadPool
    /// scrypt: two threads, so two at once.
    private let passwords: NIOThreadPool
    /// Searches, one after the other: the first reads every form, and no other page waits for that.
    let searches: NIOThreadPool

    public init(
        desk: CaseDesk, signIn: SignIn, settings: WebSettings, notices: NoticeSettings = NoticeSettings(),
        clock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.desk = desk
        trail = TrailDesk(directory: desk.store.directory)
        self.signIn = signIn
        self.settings = settings
        self.notices = notices
        self.clock = clock
        self.logger = logger
        desks = NIOThreadPool(numberOfThreads: 4)
        passwords = NIOThreadPool(numberOfThreads: WebLimits.passwordThreads)
        searches = NIOThreadPool(numberOfThreads: 1)
        searches.start()
        desks.start()
        passwords.start()
    }

    /// Ends the threads; requests after it fail.
    public func close() async throws {
        try await desks.shutdownGracefully()
        try await passwords.shutdownGracefully()
        try await searches.shutdownGracefully()
    }

    /// How much of a request's body is read: more where a file may come with a form.
    func bodyLimit(of request: WebRequest) -> Int {
        guard let (route, _) = Routes.find(request),
            Multipart.boundary(of: request.fields["content-type"] ?? "") != nil
        else { return WebLimits.formBytes }
        return WebLimits.formBytes + route.fileBytes
    }

    /// One request, one answer; never throws.
    public func answer(_ request: WebRequest) async -> WebResponse {
        var call = Call(site: self, request: request, now: clock())
        var response: WebResponse
        do {
            response =
                request.path.hasPrefix(APIRoutes.place) ? await answerProgram(call) : try await answered(&call)
        } catch {
            response = FaultPage(call: call, fault: fault(error)).response
        }
        Headers.put(on: &response, call: call)
        if request.fields["accept-encoding"]?.contains("gzip") == true, let body = Gzip.compress(response.body),
            body.count < response.body.count
        {
            response.body = body
            response.fields["content-encoding"] = "gzip"
        }
        if request.method == .head { response.body = [] }
        return response
    }

    private func answered(_ call: inout Call) async throws -> WebResponse {
        let host = call.request.fields["host"] ?? ""
        guard settings.answers(to: host) else { throw WebFault.badRequest }
        if let file = StaticFile.at(call.request.path), [.get, .head].contains(call.request.method) {
            return file.response
        }
        guard let (route, parameters) = Routes.find(call.request) else { throw WebFault.notFound }
        call.parameters = parameters
        let isForeign = call.request.isForeign(origin: settings.origin(host: host))
        // A page of ours that another site asks for is asked for by nobody.
        if !isForeign, let token = call.sessionToken {
            call.account = try await blocking { [signIn, now = call.now] in try signIn.account(of: token, at: now) }
        }
        if call.request.method == .post {
            // Of a file that is too large the fields before it have come: its own page says so.
            if let fault = call.request.fault, fault != .tooLarge || route.fileBytes == 0 { throw fault }
            call.form = try PostedForm(call.request)
            let isOurs = !isForeign && call.hasFormToken
            guard isOurs, call.account != nil || route.access == .open else {
                // Nothing typed is lost: a form whose session died may still save its own answer.
                if !isForeign, call.account == nil,
                    let late = try await blocking({ [call] in try DraftPage.saveLate(call) })
                {
                    return late
                }
                guard call.account == nil, route.access != .open else { throw WebFault.staleForm }
                return SignInPage(call: call).response(status: 401)
            }
        }
        guard let account = call.account else {
            guard route.access == .open else { return SignInPage(call: call).response(status: 401) }
            return try await run(route, call)
        }
        guard route.access.admits(account.role) else { throw WebFault.forbidden }
        return try await run(route, call)
    }

    private func run(_ route: Route, _ call: Call) async throws -> WebResponse {
        switch route.passwordWork {
        case .none where route.searches: return try await searches.runIfActive { try route.work(call) }
        case .none: return try await blocking { try route.work(call) }
        case .chooses:
            do { return try await inLine(route, call) } catch let fault as SignIn.Fault {
                return try await blocking { try route.refused(call, fault) }
            }
        case .checks: return try await heldBack(route, call) { try await inLine(route, call) }
        case .confirms: return try await heldBack(route, call) { try await blocking { try route.work(call) } }
        }
    }

    private func inLine(_ route: Route, _ call: Call) async throws -> WebResponse {
        try throttle.enter()
        defer { throttle.leave() }
        return try await passwords.runIfActive { try route.work(call) }
    }

    /// Held back first, in line after: who waits for a name's delay takes nobody's place.
    private func heldBack(
        _ route: Route, _ call: Call, _ work: () async throws -> WebResponse
    ) async throws -> WebResponse {
        // Who is signed in guesses at nobody else's.
        let name = route.access == .open ? call.form.value("name") : call.name
        let attempt = throttle.begin(name)
        do {
            if attempt.delaySeconds > 0 {
                try throttle.hold(name)
                defer { throttle.letGo(name) }
                try await Task.sleep(for: .seconds(attempt.delaySeconds))
            }
            let response = try await work()
            // A code that is right says nothing of the password: a sign-in alone ends the count.
            if route.passwordWork == .checks { throttle.succeeded(name) } else { throttle.takeBack(name) }
            return response
        } catch let fault as SignIn.Fault {
            if fault != .refused, fault != .badCode {
                throttle.takeBack(name)
            } else if attempt.count == WebLimits.alarmingFailures {
                try await blocking { [desk, now = call.now] in
                    try desk.store.write { transaction in
                        // What was typed there may be anything; only a name of ours is kept.
                        let isOurs = try transaction.account(name) != nil
                        try transaction.raise(Alarm(at: now, kind: .signIn, detail: isOurs ? name : nil))
                    }
                }
            }
            return try await blocking { try route.refused(call, fault) }
        } catch {
            throttle.takeBack(name)
            throw error
        }
    }

    /// On a thread that may wait for SQLite and seal.
    func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await desks.runIfActive(body)
    }

    private func fault(_ error: any Error) -> WebFault {
        switch error {
        case let fault as WebFault: return fault
        case let error as DeskError where error.code == .unknownCase || error.code == .unknownLetter: return .notFound
        case let error as DeskError where error.code == .unknownProfile: return .unavailable
        case let error as CaseFileError where error.isTemporary: return .unavailable
        default:
            // The kind alone: an error's words may hold what somebody typed.
            logger.error("web.failed", metadata: ["kind": "\(type(of: error))"])
            return .failed
        }
    }
}
