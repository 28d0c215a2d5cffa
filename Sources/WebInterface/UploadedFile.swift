// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Node

/// A photo or a scan as the node keeps it: looked at, and without what a picture hides.
struct UploadedFile: Sendable {
    enum Kind: String, Sendable {
        case jpeg, png, pdf

        var contentType: String { self == .pdf ? "application/pdf" : "image/\(rawValue)" }
        var word: Word { self == .pdf ? .fileScan : .filePhoto }

        /// What the first bytes say; nobody is asked.
        init?(_ head: [UInt8]) {
            if head.starts(with: [0xFF, 0xD8, 0xFF]) {
                self = .jpeg
            } else if head.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
                self = .png
            } else if head.starts(with: Array("%PDF-".utf8)) {
                self = .pdf
            } else {
                return nil
            }
        }
    }

    /// Why a file is not taken; the answer that stood there stays.
    enum Fault: Error, Sendable, Hashable {
        case tooLarge, damaged, empty
        /// A picture of a format that hides where it was taken, and that nobody here can clean.
        case format(String)
        /// Neither a photo nor a PDF, whatever its name says.
        case kind

        func text(_ call: Call) -> String {
            switch self {
            case .tooLarge: call.say(.fileTooLarge)
            case .damaged: call.say(.fileDamaged)
            case .empty: call.say(.fileEmpty)
            case .format(let format): call.say(.fileFormat, ["format": format])
            case .kind: call.say(.fileKind)
            }
        }
    }

    let kind: Kind
    let bytes: [UInt8]

    init(_ file: [UInt8]) throws(Fault) {
        guard !file.isEmpty else { throw .empty }
        guard file.count <= WebLimits.fileBytes else { throw .tooLarge }
        do {
            if let picture = try Picture(cleaning: file) {
                (kind, bytes) = (picture.format == .png ? .png : .jpeg, picture.bytes)
                return
            }
        } catch {
            switch error {
            case .tooLarge: throw .tooLarge
            case .damaged: throw .damaged
            case .cannotClean(let format): throw .format(format)
            case .notTaken: throw .kind
            }
        }
        guard Kind(file) == .pdf else { throw .kind }
        guard file.suffix(1_024).firstRange(of: "%%EOF".utf8) != nil else { throw .damaged }
        (kind, bytes) = (.pdf, file)
    }
}
