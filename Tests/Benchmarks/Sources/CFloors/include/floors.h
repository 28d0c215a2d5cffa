// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The floors: what libcrypto and the disk of this machine do in a plain loop, with nothing of Kheya around them.
///
/// Each function does `count` operations one after the other and returns how many succeeded; less than `count` is a failed measurement.
#ifndef FLOORS_H
#define FLOORS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct floors floors;

/// Keys and certificates as libcrypto holds them. All are DER: X.509 and PKCS#8. NULL when one is refused.
floors *_Nullable floors_make(const uint8_t *root, size_t root_count, const uint8_t *sign_certificate, size_t sign_count,
                              const uint8_t *sign_key, size_t sign_key_count, const uint8_t *seal_certificate, size_t seal_count,
                              const uint8_t *seal_key, size_t seal_key_count, const char *content_type);
void floors_free(floors *_Nullable floors);

// CMS, with the parameters of Protocols/Letter.md. What an operation makes is DER in memory, made and freed inside the loop;
// the last result is copied to `out` (at most `room` bytes) and its size to `made`, if they are not NULL.

/// CMS_sign: attached, signed attributes, key id, signing-certificate-v2.
long floors_cms_sign(floors *floors, const uint8_t *data, size_t size, long count, uint8_t *_Nullable out, size_t room,
                     size_t *_Nullable made);
/// CMS_verify with the certificate of a directory: no chain.
long floors_cms_verify(floors *floors, const uint8_t *file, size_t size, long count);
/// CMS_verify with the chain to the root, at the time `at`.
long floors_cms_verify_chain(floors *floors, const uint8_t *file, size_t size, int64_t at, long count);
/// CMS_encrypt: AuthEnvelopedData, AES-256-GCM, one ECDH recipient, X9.63 KDF with SHA-256.
long floors_cms_seal(floors *floors, const uint8_t *data, size_t size, long count, uint8_t *_Nullable out, size_t room,
                     size_t *_Nullable made);
/// CMS_decrypt.
long floors_cms_open(floors *floors, const uint8_t *file, size_t size, long count);

/// Raw ECDSA P-256 with SHA-256 over `data`.
long floors_ecdsa_sign(floors *floors, const uint8_t *data, size_t size, long count);
long floors_ecdsa_verify(floors *floors, const uint8_t *data, size_t size, long count);
/// SHA-256 of `data`.
long floors_sha256(const uint8_t *data, size_t size, long count);

/// Appends 4 KiB and calls fdatasync, `count` times, on a new file in `directory`, which is removed.
long floors_fdatasync(const char *directory, long count);

/// Writes `records` records of `size` bytes and calls fdatasync, again and again for `time` seconds, into a file of 64 MiB that was filled before,
/// in `directory`; removed. Returns how many records a second were durable, 0 for a failure.
double floors_group_commit(const char *directory, long records, size_t size, double time);
/// The file system's magic number (statfs), 0 when it cannot be read.
uint64_t floors_file_system(const char *directory);

/// The version of libcrypto, for the reader of the figures.
const char *floors_libcrypto(void);

/// CPU seconds of the calling thread.
double floors_thread_seconds(void);
/// CPU seconds of this process, all threads.
double floors_process_seconds(void);
/// Seconds of the monotonic clock.
double floors_now(void);

#pragma clang assume_nonnull end

#endif
