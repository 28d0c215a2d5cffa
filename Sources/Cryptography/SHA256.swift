// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// SHA-256, FIPS 180-4.
public enum SHA256 {
    public static let byteCount = 32

    /// 32 bytes. Never fails for input that fits in memory.
    public static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        unsafe withBytes(bytes) { buffer in
            unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
                guard
                    unsafe EVP_Digest(
                        buffer.baseAddress, buffer.count, out.baseAddress, nil, Algorithms.sha256.pointer, nil) == 1
                else {
                    preconditionFailure("SHA-256 failed")
                }
                count = byteCount
            }
        }
    }

    /// The same 32 bytes as four numbers, the first byte the highest: for trees of digests, without an array for each.
    public static func words(of bytes: some Collection<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let good = unsafe withUnsafeMutableBytes(of: &words) { out in
            unsafe withBytes(bytes) { buffer in
                unsafe EVP_Digest(
                    buffer.baseAddress, buffer.count, out.baseAddress?.assumingMemoryBound(to: UInt8.self), nil,
                    Algorithms.sha256.pointer, nil)
            }
        }
        guard good == 1 else { preconditionFailure("SHA-256 failed") }
        return (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }

    /// A digest of bytes that come in pieces: a long attachment, a file. One owner, used once.
    @safe public final class Stream {
        private let context: OpaquePointer  // <EVP_MD_CTX>

        public init() {
            guard let context = unsafe EVP_MD_CTX_new(),
                unsafe EVP_DigestInit_ex2(context, Algorithms.sha256.pointer, nil) == 1
            else {
                preconditionFailure("SHA-256 failed")
            }
            unsafe self.context = context
        }

        deinit { unsafe EVP_MD_CTX_free(context) }

        public func update(_ bytes: some Collection<UInt8>) {
            let good = unsafe withBytes(bytes) { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            precondition(good == 1, "a digest was used after it was finished")
        }

        /// 32 bytes, of what was added so far; more may follow.
        public func sofar() -> [UInt8] {
            let copy = Stream()
            precondition(unsafe EVP_MD_CTX_copy_ex(copy.context, context) == 1, "SHA-256 failed")
            return copy.finish()
        }

        /// 32 bytes; nothing may be added afterwards.
        public func finish() -> [UInt8] {
            unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
                let good = unsafe EVP_DigestFinal_ex(context, out.baseAddress, nil)
                precondition(good == 1, "a digest was used after it was finished")
                count = byteCount
            }
        }
    }
}
