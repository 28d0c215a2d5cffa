// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Where one checkpoint of a case stands at a moment, as far as one judge can tell.
///
/// - SeeAlso: Protocols/Procedure.md, "Time".
public struct Checkpoint: Hashable, Sendable {
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        case open, green
        /// Settled, but what it rests on counts no more: a home report or fitness note that grew old, a consent or permit
        /// that passed. It has to be done again.
        case lapsed
        /// This judge cannot read enough.
        case unknown
    }

    public var track: String
    /// The track's state, or every one that is possible, sorted.
    public var states: [String]
    /// The newest step on the track that stands, and when it happened.
    public var letter: Digest?
    public var since: Instant?
    public var standing: Standing
    /// Of a green one: the first moment at which it will have lapsed if nothing happens; absent where time alone does
    /// not turn it.
    public var until: Instant?
}
