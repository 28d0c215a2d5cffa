// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The few lines of libcrypto that Swift cannot say: variadic calls, macros, stacks.
#ifndef KOSSL_H
#define KOSSL_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/// A fresh P-256 key pair. The caller owns it; NULL leaves the reason in the error queue.
EVP_PKEY *_Nullable kossl_p256_generate(void);

/// Frees what libcrypto allocated (`OPENSSL_free` is a macro).
void kossl_free(void *_Nullable pointer);

// Stock CMS, the way `openssl cms` does it: the floor of the benchmarks, the second opinion of tests and self-test.
// Each result is a malloc'ed DER or content buffer in *out, freed with kossl_free; a count below 0 leaves the reason in the error queue.

/// SignedData: attached, signed attributes, key id, ESS signing-certificate-v2.
ptrdiff_t kossl_cms_sign(X509 *_Nonnull certificate, EVP_PKEY *_Nonnull key,
                         const char *_Nonnull content_type, const uint8_t *_Nonnull data, size_t count,
                         uint8_t *_Nullable *_Nonnull out);

/// Verifies signature and purpose; the signer's certificate has to chain to `root`. Time is `at`.
ptrdiff_t kossl_cms_verify(const uint8_t *_Nonnull file, size_t file_count, X509 *_Nonnull root, int64_t at,
                           uint8_t *_Nullable *_Nonnull out);

/// The same without a chain: only the signature and the digest, as `-noverify` does.
ptrdiff_t kossl_cms_verify_signature(const uint8_t *_Nonnull file, size_t file_count, uint8_t *_Nullable *_Nonnull out);

/// AuthEnvelopedData, AES-256-GCM, one ECDH recipient named by its key id.
ptrdiff_t kossl_cms_seal(X509 *_Nonnull recipient, const uint8_t *_Nonnull data, size_t count, uint8_t *_Nullable *_Nonnull out);

/// Whatever CMS_decrypt accepts.
ptrdiff_t kossl_cms_open(const uint8_t *_Nonnull file, size_t file_count, X509 *_Nonnull recipient, EVP_PKEY *_Nonnull key,
                         uint8_t *_Nullable *_Nonnull out);

/// Whether a PEM file holds a certificate, and none that cannot be read.
int kossl_ts_chain(const uint8_t *_Nonnull chain, size_t count);

/// Verifies an RFC 3161 response: granted, its imprint SHA-256 and `digest` (32 bytes), `nonce` the one in it unless NULL, signed by a
/// time-stamping certificate that chains to a certificate of `chain` (PEM) at the token's own time, which goes into *time (POSIX seconds).
/// 1 if all of that holds; 0 leaves what it can say in the error queue.
int kossl_ts_verify(const uint8_t *_Nonnull response, size_t count, const uint8_t *_Nonnull digest,
                    const uint8_t *_Nullable nonce, size_t nonce_count,
                    const uint8_t *_Nonnull chain, size_t chain_count, int64_t *_Nonnull time);

#endif
