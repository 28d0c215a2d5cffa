// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// The content of a part of kind `steps`: salt (32) ‖ canonical JSON of ``SealedSteps``.
///
/// The same bytes go to every recipient, each under a seal of its own, and the slip names their digest: what one was
/// told, all were told.
public enum SealedStepsContent {
    /// - Parameter salt: 32 random bytes, one for the letter.
    public static func make(_ steps: SealedSteps, salt: [UInt8]) -> (content: [UInt8], digest: Digest) {
        precondition(salt.count == SealedPart.saltBytes, "a salt of 32 bytes")
        let content = salt + steps.json()
        return (content, .sha256(content))
    }

    /// - Parameter digest: the slip's `sealed`.
    /// - Throws: ``SealingError`` `.partCannotOpen` when it is another content than the slip's, `.slipMalformed`
    ///   when it is no list of steps.
    public static func read(_ content: [UInt8], digest: Digest) throws(SealingError) -> SealedSteps {
        guard content.count > SealedPart.saltBytes, Digest.sha256(content) == digest else {
            throw SealingError(.partCannotOpen, "other sealed steps than the slip's")
        }
        do {
            return try SealedSteps.read(Array(content.dropFirst(SealedPart.saltBytes)))
        } catch {
            throw SealingError(error)
        }
    }
}
