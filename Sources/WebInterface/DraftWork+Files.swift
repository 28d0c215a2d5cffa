// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Node
import Procedure
import Sealing

/// Files that answer a question: in pieces as the line carries them, or whole with the form.
extension DraftWork {
    /// Takes the next piece of a file.
    ///
    /// - Returns: where the piece after it begins: a browser whose line broke asks, and goes on from there.
    func takePiece() throws -> Int64 {
        let name = try incoming()
        return try call.desk.store.write { transaction in
            guard let draft = try transaction.draft(id), draft.letters.isEmpty else { throw WebFault.notFound }
            let here = try transaction.uploadedBytes(of: name, in: id)
            guard let piece = call.form.file, !piece.isEmpty, Int64(call.form.value("offset")) == here else {
                return here
            }
            guard piece.count <= WebLimits.pieceBytes, here + Int64(piece.count) <= WebLimits.fileBytes,
                try transaction.uploadedBytes(in: id) + Int64(piece.count) <= WebLimits.draftFileBytes
            else { throw WebFault.tooLarge }
            try transaction.addUpload(piece, of: name, in: draft)
            return here + Int64(piece.count)
        }
    }

    /// The form itself: its file is looked at, cleaned and kept; without a file the answer stays.
    ///
    /// - Throws: UploadedFile.Fault.
    func saveFile(_ question: Question, by account: String, isLate: Bool) throws {
        let store = call.desk.store
        if let same = otherFiles(than: question).first(where: { $0.file.name.hex == call.form.value("same") }) {
            return try save(question, same.file.values, by: account, isLate: isLate) { try tidy($0) }
        }
        if call.form.has("remove") || !call.form.value("choose").isEmpty {
            return try save(question, [], by: account, isLate: isLate) { try tidy($0) }
        }
        if call.request.fault == .tooLarge || (Int64(call.form.value("size")) ?? 0) > WebLimits.fileBytes {
            throw UploadedFile.Fault.tooLarge
        }
        var bytes = call.form.file ?? []
        let incoming = call.form.value("upload").isEmpty ? nil : try incoming()
        if let incoming {
            bytes = try store.read { transaction in
                var bytes: [UInt8] = []
                while let piece = try transaction.uploadPiece(at: Int64(bytes.count), of: incoming, in: id) {
                    bytes += piece
                }
                return bytes
            }
        }
        guard !bytes.isEmpty || incoming != nil else { return }
        let file: UploadedFile
        do { file = try UploadedFile(bytes) } catch {
            if let incoming { try store.write { try $0.removeUpload(incoming, in: id) } }
            throw error
        }
        guard let name = Digest(SecureRandom.bytes(32)) else { throw WebFault.failed }
        let kept = KeptFile(
            name: name, kind: file.kind, byteCount: Int64(file.bytes.count), digest: .sha256(file.bytes))
        try save(question, kept.values, by: account, isLate: isLate) { transaction in
            guard let draft = try transaction.draft(id) else { throw WebFault.notFound }
            for start in stride(from: 0, to: file.bytes.count, by: WebLimits.pieceBytes) {
                let end = min(start + WebLimits.pieceBytes, file.bytes.count)
                try transaction.addUpload(Array(file.bytes[start..<end]), of: name, in: draft)
            }
            try tidy(transaction)
            guard try transaction.uploadedBytes(in: id) <= WebLimits.draftFileBytes else { throw WebFault.tooLarge }
        }
    }

    /// The file that answers a question.
    ///
    /// - Throws: WebFault `.notFound`.
    func file(_ question: Question) throws -> (kind: UploadedFile.Kind, bytes: [UInt8]) {
        guard let kept = KeptFile(form.draft.content.answers[question.key]?.values ?? []) else {
            throw WebFault.notFound
        }
        return try call.desk.store.read { transaction in
            var bytes: [UInt8] = []
            while let piece = try transaction.uploadPiece(at: Int64(bytes.count), of: kept.name, in: id) {
                bytes += piece
            }
            return (kept.kind, bytes)
        }
    }

    /// Files that answer other questions of the draft: the scan of which a paper's fingerprint was taken can go with it.
    func otherFiles(than question: Question) -> [(question: Question, file: KeptFile)] {
        form.questions.compactMap { other in
            guard other.key != question.key, let file = KeptFile(form.draft.content.answers[other.key]?.values ?? [])
            else { return nil }
            return (other, file)
        }
    }

    /// "Photo, 240 kB".
    func text(of kept: KeptFile) -> String {
        call.say(
            .fileKept,
            ["kind": call.say(kept.kind.word), "size": words.labels.number(max(1, (kept.byteCount + 500) / 1_000))])
    }

    /// Only what an answer names stays: one file was put in another's place, or has come whole.
    private func tidy(_ transaction: CaseTransaction) throws {
        let answers = try transaction.draft(id)?.content.answers.values.map { $0 } ?? []
        let named = answers.flatMap { [$0.values, $0.other ?? []] }.compactMap { KeptFile($0)?.name }
        try transaction.keepUploads(Set(named), in: id)
    }

    /// The browser names a file by its digest; under the name that lies here nobody recognises it.
    private func incoming() throws -> Digest {
        guard let asked = Digest(hex: call.form.value("upload")),
            let name = Digest(
                HMACSHA256.code(
                    id.bytes + asked.bytes,
                    key: HKDFSHA256.derive(
                        from: try call.desk.store.keys.accountKey(), info: Array("kheya upload names".utf8), count: 32))
            )
        else { throw WebFault.badRequest }
        return name
    }
}
