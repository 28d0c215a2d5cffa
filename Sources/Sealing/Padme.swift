// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Size classes: Padmé (Nikitin et al., PETS 2019). A length keeps only as many leading bits as its own length has,
/// so that at most 12 % are added and a length tells O(log log n) bits.
public enum Padme {
    /// The size class of `count` bytes: the smallest one that is not less.
    public static func size(_ count: Int) -> Int {
        guard count > 1 else { return max(count, 0) }
        let exponent = Int.bitWidth - 1 - count.leadingZeroBitCount  // floor(log2(count))
        let kept = Int.bitWidth - exponent.leadingZeroBitCount  // floor(log2(exponent)) + 1
        let mask = exponent > kept ? 1 << (exponent - kept) - 1 : 0
        return (count + mask) & ~mask
    }
}
