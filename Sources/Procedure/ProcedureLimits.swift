// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a profile can make a judge hold or compute. Protocols/Procedure.md, "Limits".
public enum ProcedureLimits {
    /// A set of states is one word.
    public static let states = 64
    /// The lifecycle and the tracks: a set of them is one word too.
    public static let machines = 64
    public static let events = 4_096
    public static let guards = 1_024
    /// Parentheses and `not` inside each other: what the parser recurses over.
    public static let guardDepth = 16
    /// Comparisons of one guard with the guards it names written out: what one evaluation may cost. The largest of the
    /// repatriation profile has about 90.
    public static let guardAtoms = 1_000
}
