// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import HTTPTypes
internal import HummingbirdCore
internal import HummingbirdTLS
public import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
public import ServiceLifecycle

/// Carries browsers' requests to a Site: HTTP/1.1, plain on loopback or over TLS.
///
/// A page that cannot be served never keeps letters from being carried: what goes wrong here is logged and tried again.
public struct WebServer: Service {
    private let site: Site
    private let settings: WebSettings
    private let logger: Logger
    private let onRunning: (@Sendable (Int) async -> Void)?

    /// - Parameter onRunning: called with the port that it listens on.
    public init(site: Site, settings: WebSettings, logger: Logger, onRunning: (@Sendable (Int) async -> Void)? = nil) {
        self.site = site
        self.settings = settings
        self.logger = logger
        self.onRunning = onRunning
    }

    /// Serves until the service group shuts down gracefully or the task is cancelled.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await serve()
                    break
                } catch is CancellationError {
                    break
                } catch {
                    logger.error(
                        "web.not-listening", metadata: ["port": "\(settings.port)", "kind": "\(type(of: error))"])
                    try? await Task.sleep(for: .seconds(15))
                }
            }
        }
        try await site.close()
    }

    private func serve() async throws {
        let http = HTTP1Channel(
            responder: { [site] request, writer, _ in
                let response = await Self.answer(request, site: site)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(
                idleTimeout: .seconds(75),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8_192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64)))
        var quiet = logger
        quiet.logLevel = .critical
        let configuration = ServerConfiguration(address: .hostname(settings.address, port: settings.port), backlog: 128)
        @Sendable func running(_ channel: any Channel) async {
            let port = channel.localAddress?.port ?? 0
            logger.info("web.listening", metadata: ["port": "\(port)"])
            await onRunning?(port)
        }
        if let tls = try transport() {
            try await TLSChannel(http, configuration: tls).server(
                configuration: configuration, onServerRunning: running,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                logger: quiet
            ).run()
        } else {
            try await http.server(
                configuration: configuration, onServerRunning: running,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                logger: quiet
            ).run()
        }
    }

    private func transport() throws -> TLSChannelConfiguration? {
        guard let certificate = settings.certificate, let key = settings.key else { return nil }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        return TLSChannelConfiguration(tlsConfiguration: configuration)
    }

    private static func answer(_ request: Request, site: Site) async -> Response {
        var fields: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            // Several cookie fields are one list; of any other field that comes twice the last would be a guess.
            fields[name] = fields[name].map { $0 + (name == "cookie" ? "; " : ", ") + field.value } ?? field.value
        }
        if let authority = request.head.authority { fields["host"] = authority }
        let method = WebRequest.Method(rawValue: request.method.rawValue) ?? .other
        var asked = WebRequest(method, request.head.path ?? "/", fields: fields)
        let isLarge = fields["content-length"].flatMap { Int($0) }.map { $0 > WebLimits.formBytes } ?? (method == .post)
        var limit = site.bodyLimit(of: asked)
        let isFile = isLarge && limit > WebLimits.formBytes
        if isFile, !site.files.enter() { (limit, asked.fault) = (0, .tooMany) }
        defer { if isFile, asked.fault != .tooMany { site.files.leave() } }
        do { try await collect(request.body, limit, into: &asked) } catch {
            return Response(status: .badRequest, headers: [.connection: "close"])
        }
        return Response(await site.answer(asked))
    }

    /// Reads to the end even what is too large: a browser that is still sending reads no answer.
    private static func collect(_ body: RequestBody, _ limit: Int, into request: inout WebRequest) async throws {
        var count = 0
        for try await buffer in body {
            count += buffer.readableBytes
            guard count <= WebLimits.drainedBytes else { throw WebFault.tooLarge }
            request.body.append(contentsOf: buffer.readableBytesView.prefix(max(0, limit - request.body.count)))
            if count > limit, request.fault == nil { request.fault = .tooLarge }
        }
    }
}

extension Response {
    fileprivate init(_ response: WebResponse) {
        var fields = HTTPFields()
        for (name, value) in response.fields { if let name = HTTPField.Name(name) { fields[name] = value } }
        for cookie in response.cookies { fields.append(HTTPField(name: .setCookie, value: cookie)) }
        self.init(
            status: .init(code: response.status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
    }
}
