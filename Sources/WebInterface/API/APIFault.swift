// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Logging
import Node
import Procedure

/// Why a program is not answered what it asked. Protocols/WebAPI.md, "Errors". Nothing was changed.
struct APIFault: Error {
    enum Code: String {
        case badRequest = "bad-request"
        case unauthorized
        case forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        /// Somebody here has sent something in this case since it was read.
        case changed
        /// A case was opened under this key before.
        case repeated
        case tooLarge = "too-large"
        case unsupportedType = "unsupported-type"
        case unavailable
        case failed

        var status: Int {
            switch self {
            case .badRequest: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .changed, .repeated: 409
            case .tooLarge: 413
            case .unsupportedType: 415
            case .unavailable: 503
            case .failed: 500
            }
        }
    }

    private struct Body: Encodable {
        struct Content: Encodable {
            let code: String
            var `case`: String?
            var message: String?
            var event: String?
            var `guard`: String?
            var violations: [String]?
        }
        let error: Content
    }

    private let status: Int
    private let content: Body.Content
    private var allow: [WebRequest.Method] = []

    init(_ code: Code, _ message: String? = nil, allow: [WebRequest.Method] = []) {
        status = code.status
        content = .init(code: code.rawValue, message: message)
        self.allow = allow
    }

    /// - Parameter caseID: the case that is there already.
    init(_ code: Code, in caseID: CaseID) {
        status = code.status
        content = .init(code: code.rawValue, case: caseID.text)
    }

    init(_ error: any Error, _ call: Call) {
        switch error {
        case let fault as APIFault: self = fault
        case let error as LetterError: self.init(.badRequest, error.reason)
        case let error as DeskError: self.init(error, call)
        case let error as CaseFileError where error.isTemporary: self.init(.unavailable)
        default:
            // The kind alone: an error's words may hold what somebody sent.
            call.site.logger.error("api.failed", metadata: ["kind": "\(type(of: error))"])
            self.init(.failed)
        }
    }

    private init(_ error: DeskError, _ call: Call) {
        switch error.code {
        case .unknownCase, .unknownLetter: status = 404
        case .unknownAccount: status = 403
        case .formInvalid, .attachment, .fileNotTaken, .unknownMember, .signatureTyped: status = 422
        case .unknownProfile: status = 503
        case .refused, .cannotSeal, .mixedLanes, .noRecipient, .incomplete, .directoryExpired, .alreadyOpen,
            .notApproved,
            .nothingToApprove:
            status = 409
        }
        content = .init(
            code: error.code.rawValue, message: try? call.procedure().sentence(for: error),
            event: error.refusal?.event, guard: error.refusal?.guardName,
            violations: error.violations.isEmpty ? nil : error.findings)
    }

    var response: WebResponse {
        var response = WebResponse.json(status, Body(error: content))
        if status == 401 { response.fields["www-authenticate"] = "Bearer" }
        if !allow.isEmpty {
            let methods = Set(allow.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] })
            response.fields["allow"] = methods.sorted().joined(separator: ", ")
        }
        return response
    }
}
