// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Letters
internal import MessageStore
internal import NIOCore

/// One HTTP answer.
struct Answer {
    var head: HTTPResponse
    var body: ResponseBody

    /// Every answer says: keep no copy, guess no type.
    private init(status: HTTPResponse.Status, type: String?, length: Int, body: ResponseBody) {
        var fields: HTTPFields = [.cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
        if let type { fields[.contentType] = type }
        if status != .noContent { fields[.contentLength] = String(length) }
        head = HTTPResponse(status: status, headerFields: fields)
        self.body = body
    }

    init(status: HTTPResponse.Status) { self.init(status: status, type: nil, length: 0, body: ResponseBody()) }

    init(json: [UInt8], status: HTTPResponse.Status = .ok) {
        self.init(
            status: status, type: MediaType.json, length: json.count,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }

    /// An answer of C2SP tlog-witness: its status, and a signature line or, with 409, the recorded size.
    init(witness status: Int, body: [UInt8]) {
        self.init(
            status: HTTPResponse.Status(code: status), type: status == 409 ? MediaType.size : MediaType.part,
            length: body.count, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    init(bytes: [UInt8]) {
        self.init(
            status: .ok, type: MediaType.part, length: bytes.count,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// - Parameter closes: ends the connection too, so that what follows of a body that nobody wants is not read.
    init(_ fault: ExchangeFault, closes: Bool) {
        self.init(json: fault.body, status: fault.status)
        if closes { head.headerFields[.connection] = "close" }
        if let seconds = fault.retryAfter { head.headerFields[.retryAfter] = String(seconds) }
    }

    /// How much of a part file is here: RFC-style fields, and 404 for nothing.
    init(state: PartState, isHead: Bool = false) {
        let (offset, isComplete): (Int, Bool)
        switch state {
        case .missing: (offset, isComplete) = (0, false)
        case .partial(let count): (offset, isComplete) = (count, false)
        case .stored(let count): (offset, isComplete) = (count, true)
        }
        self.init(status: isHead ? .ok : .noContent)
        head.headerFields[.uploadOffset] = String(offset)
        head.headerFields[.uploadComplete] = isComplete ? "?1" : "?0"
    }

    init(bytes: [UInt8], range: ContentRange) {
        self.init(
            status: .partialContent, type: MediaType.part, length: bytes.count,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        head.headerFields[.contentRange] = range.text
    }

    /// Written file by file: the archive never stands in memory as a whole beside its files.
    init(archive: BundleArchive) {
        self.init(
            status: .ok, type: MediaType.archive, length: archive.size,
            body: ResponseBody(contentLength: archive.size) { writer in
                for file in archive.files {
                    var bytes: [UInt8] = []
                    bytes.reserveCapacity(LetterArchive.size(ofFile: file.bytes.count))
                    LetterArchive.append(file.entry, file.bytes, to: &bytes)
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                try await writer.write(ByteBuffer(bytes: LetterArchive.end))
                try await writer.finish(nil)
            })
    }
}

extension HTTPField.Name {
    /// Bytes of a part file that are here, from its start.
    static let uploadOffset = constant("upload-offset")
    /// `?1` when the part file is whole, else `?0`.
    static let uploadComplete = constant("upload-complete")

    private static func constant(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("a constant that is no field name") }
        return name
    }
}
