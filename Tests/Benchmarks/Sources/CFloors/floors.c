// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#include "floors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

struct floors {
    X509 *root, *sign_certificate, *seal_certificate;
    EVP_PKEY *sign_key, *seal_key;
    STACK_OF(X509) *signers;
    X509_STORE *store;
    ASN1_OBJECT *content_type;
};

floors *floors_make(const uint8_t *root, size_t root_count, const uint8_t *sign_certificate, size_t sign_count,
                    const uint8_t *sign_key, size_t sign_key_count, const uint8_t *seal_certificate, size_t seal_count,
                    const uint8_t *seal_key, size_t seal_key_count, const char *content_type) {
    floors *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->root = d2i_X509(NULL, &root, (long)root_count);
    made->sign_certificate = d2i_X509(NULL, &sign_certificate, (long)sign_count);
    made->seal_certificate = d2i_X509(NULL, &seal_certificate, (long)seal_count);
    made->sign_key = d2i_AutoPrivateKey(NULL, &sign_key, (long)sign_key_count);
    made->seal_key = d2i_AutoPrivateKey(NULL, &seal_key, (long)seal_key_count);
    made->signers = sk_X509_new_null();
    made->store = X509_STORE_new();
    made->content_type = OBJ_txt2obj(content_type, 1);
    if (made->root && made->sign_certificate && made->seal_certificate && made->sign_key && made->seal_key
        && made->signers && made->store && made->content_type && sk_X509_push(made->signers, made->sign_certificate)
        && X509_STORE_add_cert(made->store, made->root))
        return made;
    floors_free(made);
    return NULL;
}

void floors_free(floors *floors) {
    if (!floors) return;
    sk_X509_free(floors->signers);
    X509_STORE_free(floors->store);
    X509_free(floors->root);
    X509_free(floors->sign_certificate);
    X509_free(floors->seal_certificate);
    EVP_PKEY_free(floors->sign_key);
    EVP_PKEY_free(floors->seal_key);
    ASN1_OBJECT_free(floors->content_type);
    free(floors);
}

/// Encodes and frees `cms`; keeps a copy if the caller wants one. 1 when all went well.
static int finish(CMS_ContentInfo *cms, int good, uint8_t *out, size_t room, size_t *made) {
    uint8_t *der = NULL;
    int count = good ? i2d_CMS_ContentInfo(cms, &der) : -1;
    CMS_ContentInfo_free(cms);
    if (count > 0 && out) {
        if ((size_t)count > room) count = -1;
        else memcpy(out, der, (size_t)count);
        if (made) *made = count > 0 ? (size_t)count : 0;
    }
    OPENSSL_free(der);
    return count > 0;
}

static BIO *reading(const uint8_t *data, size_t size) {
    return size > INT_MAX ? NULL : BIO_new_mem_buf(data, (int)size);
}

long floors_cms_sign(floors *floors, const uint8_t *data, size_t size, long count, uint8_t *out, size_t room,
                     size_t *made) {
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_USE_KEYID | CMS_CADES | CMS_NOSMIMECAP;
    for (long done = 0; done < count; done++) {
        BIO *input = reading(data, size);
        CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
        int good = input && cms && CMS_set1_eContentType(cms, floors->content_type)
            && CMS_add1_signer(cms, floors->sign_certificate, floors->sign_key, EVP_sha256(), flags)
            && CMS_final(cms, input, NULL, flags);
        BIO_free(input);
        if (!finish(cms, good, out, room, made)) return done;
    }
    return count;
}

/// Parses, verifies and copies the content out, as a caller of libcrypto has to.
static int verify(const uint8_t *file, size_t size, STACK_OF(X509) *signers, X509_STORE *store, unsigned flags) {
    const uint8_t *cursor = file;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &cursor, (long)size);
    BIO *output = BIO_new(BIO_s_mem());
    int good = cms && output && CMS_verify(cms, signers, store, NULL, output, CMS_BINARY | flags) == 1;
    char *bytes = NULL;
    if (good) good = BIO_get_mem_data(output, &bytes) > 0;
    BIO_free(output);
    CMS_ContentInfo_free(cms);
    return good;
}

long floors_cms_verify(floors *floors, const uint8_t *file, size_t size, long count) {
    for (long done = 0; done < count; done++)
        if (!verify(file, size, floors->signers, NULL, CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY)) return done;
    return count;
}

long floors_cms_verify_chain(floors *floors, const uint8_t *file, size_t size, int64_t at, long count) {
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(floors->store), (time_t)at);
    for (long done = 0; done < count; done++)
        if (!verify(file, size, NULL, floors->store, 0)) return done;
    return count;
}

long floors_cms_seal(floors *floors, const uint8_t *data, size_t size, long count, uint8_t *out, size_t room,
                     size_t *made) {
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_USE_KEYID | CMS_KEY_PARAM;
    for (long done = 0; done < count; done++) {
        BIO *input = reading(data, size);
        CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
        CMS_RecipientInfo *info = cms ? CMS_add1_recipient_cert(cms, floors->seal_certificate, flags) : NULL;
        EVP_PKEY_CTX *agreement = info ? CMS_RecipientInfo_get0_pkey_ctx(info) : NULL;
        // Without this line OpenSSL derives the key-wrap key with SHA-1.
        int good = input && agreement && EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) > 0
            && CMS_final(cms, input, NULL, flags);
        BIO_free(input);
        if (!finish(cms, good, out, room, made)) return done;
    }
    return count;
}

long floors_cms_open(floors *floors, const uint8_t *file, size_t size, long count) {
    for (long done = 0; done < count; done++) {
        const uint8_t *cursor = file;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &cursor, (long)size);
        BIO *output = BIO_new(BIO_s_mem());
        int good = cms && output
            && CMS_decrypt(cms, floors->seal_key, floors->seal_certificate, NULL, output, CMS_BINARY) == 1;
        char *bytes = NULL;
        if (good) good = BIO_get_mem_data(output, &bytes) > 0;
        BIO_free(output);
        CMS_ContentInfo_free(cms);
        if (!good) return done;
    }
    return count;
}

long floors_ecdsa_sign(floors *floors, const uint8_t *data, size_t size, long count) {
    for (long done = 0; done < count; done++) {
        uint8_t signature[80];
        size_t room = sizeof signature;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int good = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, floors->sign_key) == 1
            && EVP_DigestSign(context, signature, &room, data, size) == 1;
        EVP_MD_CTX_free(context);
        if (!good) return done;
    }
    return count;
}

long floors_ecdsa_verify(floors *floors, const uint8_t *data, size_t size, long count) {
    uint8_t signature[80];
    size_t signature_size = sizeof signature;
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    int made = signing && EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, floors->sign_key) == 1
        && EVP_DigestSign(signing, signature, &signature_size, data, size) == 1;
    EVP_MD_CTX_free(signing);
    if (!made) return 0;
    EVP_PKEY *key = X509_get0_pubkey(floors->sign_certificate);
    for (long done = 0; done < count; done++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int good = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1
            && EVP_DigestVerify(context, signature, signature_size, data, size) == 1;
        EVP_MD_CTX_free(context);
        if (!good) return done;
    }
    return count;
}

long floors_sha256(const uint8_t *data, size_t size, long count) {
    for (long done = 0; done < count; done++) {
        uint8_t digest[32];
        unsigned room = sizeof digest;
        if (EVP_Digest(data, size, digest, &room, EVP_sha256(), NULL) != 1) return done;
    }
    return count;
}

long floors_fdatasync(const char *directory, long count) {
    char path[4096], block[4096];
    memset(block, 0x5A, sizeof block);
    if (snprintf(path, sizeof path, "%s/sync-floor-XXXXXX", directory) >= (int)sizeof path) return 0;
    int file = mkstemp(path);
    if (file < 0) return 0;
    unlink(path);
    long done = 0;
    while (done < count && write(file, block, sizeof block) == (ssize_t)sizeof block && fdatasync(file) == 0) done++;
    close(file);
    return done;
}

uint64_t floors_file_system(const char *directory) {
    struct statfs status;
    return statfs(directory, &status) == 0 ? (uint64_t)status.f_type : 0;
}

const char *floors_libcrypto(void) { return OpenSSL_version(OPENSSL_VERSION); }

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double floors_thread_seconds(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }
double floors_process_seconds(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
double floors_now(void) { return seconds(CLOCK_MONOTONIC); }

double floors_group_commit(const char *directory, long records, size_t size, double time) {
    enum { room = 64 << 20 };
    char path[4096];
    if (snprintf(path, sizeof path, "%s/group-floor-XXXXXX", directory) >= (int)sizeof path) return 0;
    int file = mkstemp(path);
    if (file < 0) return 0;
    unlink(path);
    size_t group = (size_t)records * size;
    char *block = malloc(room);
    long done = 0;
    double elapsed = 0;
    if (block && group <= room) {
        memset(block, 0x5A, room);
        int good = pwrite(file, block, room, 0) == room && fsync(file) == 0;
        double start = floors_now();
        off_t at = 0;
        while (good && elapsed < time) {
            if (at + (off_t)group > room) at = 0;
            good = pwrite(file, block, group, at) == (ssize_t)group && fdatasync(file) == 0;
            at += (off_t)group;
            if (good) done += records;
            elapsed = floors_now() - start;
        }
        if (!good) done = 0;
    }
    free(block);
    close(file);
    return done > 0 ? (double)done / elapsed : 0;
}
