// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// A file as an answer of a draft names it: its pieces lie beside the draft.
struct KeptFile: Sendable, Hashable {
    /// Random: by it nobody recognises the file.
    let name: Digest
    let kind: UploadedFile.Kind
    let byteCount: Int64
    /// SHA-256 of the file as it will be sealed: a paper is known again by it.
    let digest: Digest

    init(name: Digest, kind: UploadedFile.Kind, byteCount: Int64, digest: Digest) {
        self.name = name
        self.kind = kind
        self.byteCount = byteCount
        self.digest = digest
    }

    /// - Returns: `nil` for values that name no file.
    init?(_ values: [String]) {
        guard values.count == 4, let name = Digest(hex: values[0]), let kind = UploadedFile.Kind(rawValue: values[1]),
            let byteCount = Int64(values[2]), let digest = Digest(hex: values[3])
        else { return nil }
        self.init(name: name, kind: kind, byteCount: byteCount, digest: digest)
    }

    var values: [String] { [name.hex, kind.rawValue, String(byteCount), digest.hex] }
}
