// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#include "kossl.h"

#include <limits.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/x509_vfy.h>

EVP_PKEY *kossl_p256_generate(void) { return EVP_EC_gen("P-256"); }

void kossl_free(void *pointer) { OPENSSL_free(pointer); }

static BIO *reading(const uint8_t *bytes, size_t count) {
    return count > INT_MAX ? NULL : BIO_new_mem_buf(bytes, (int)count);
}

/// Copies what was written into `bio` and frees it.
static ptrdiff_t take(BIO *bio, int good, uint8_t **out) {
    ptrdiff_t result = -1;
    char *bytes = NULL;
    long count = bio ? BIO_get_mem_data(bio, &bytes) : -1;
    if (good && count >= 0 && (*out = OPENSSL_malloc(count ? (size_t)count : 1))) {
        if (count) memcpy(*out, bytes, (size_t)count);
        result = count;
    }
    BIO_free(bio);
    return result;
}

static ptrdiff_t encode(CMS_ContentInfo *cms, int good, uint8_t **out) {
    *out = NULL;
    ptrdiff_t count = good && cms ? i2d_CMS_ContentInfo(cms, out) : -1;
    CMS_ContentInfo_free(cms);
    return count;
}

static CMS_ContentInfo *decode(const uint8_t *file, size_t count) {
    BIO *input = reading(file, count);
    CMS_ContentInfo *cms = input ? d2i_CMS_bio(input, NULL) : NULL;
    BIO_free(input);
    return cms;
}

ptrdiff_t kossl_cms_sign(X509 *certificate, EVP_PKEY *key, const char *content_type,
                         const uint8_t *data, size_t count, uint8_t **out) {
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_USE_KEYID | CMS_CADES | CMS_NOSMIMECAP;
    ASN1_OBJECT *type = OBJ_txt2obj(content_type, 1);
    BIO *input = reading(data, count);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    int good = type && input && cms && CMS_set1_eContentType(cms, type)
        && CMS_add1_signer(cms, certificate, key, EVP_sha256(), flags) && CMS_final(cms, input, NULL, flags);
    BIO_free(input);
    ASN1_OBJECT_free(type);
    return encode(cms, good, out);
}

ptrdiff_t kossl_cms_verify(const uint8_t *file, size_t file_count, X509 *root, int64_t at, uint8_t **out) {
    CMS_ContentInfo *cms = decode(file, file_count);
    X509_STORE *store = X509_STORE_new();
    BIO *output = BIO_new(BIO_s_mem());
    int good = cms && store && output && X509_STORE_add_cert(store, root);
    if (good) {
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)at);
        good = CMS_verify(cms, NULL, store, NULL, output, CMS_BINARY) == 1;
    }
    X509_STORE_free(store);
    CMS_ContentInfo_free(cms);
    return take(output, good, out);
}

ptrdiff_t kossl_cms_verify_signature(const uint8_t *file, size_t file_count, uint8_t **out) {
    CMS_ContentInfo *cms = decode(file, file_count);
    BIO *output = BIO_new(BIO_s_mem());
    int good = cms && output && CMS_verify(cms, NULL, NULL, NULL, output, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
    CMS_ContentInfo_free(cms);
    return take(output, good, out);
}

ptrdiff_t kossl_cms_seal(X509 *recipient, const uint8_t *data, size_t count, uint8_t **out) {
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_USE_KEYID | CMS_KEY_PARAM;
    BIO *input = reading(data, count);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
    CMS_RecipientInfo *info = cms ? CMS_add1_recipient_cert(cms, recipient, flags) : NULL;
    EVP_PKEY_CTX *agreement = info ? CMS_RecipientInfo_get0_pkey_ctx(info) : NULL;
    // Without this line OpenSSL derives the key-wrap key with SHA-1.
    int good = input && agreement && EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) > 0
        && CMS_final(cms, input, NULL, flags);
    BIO_free(input);
    return encode(cms, good, out);
}

ptrdiff_t kossl_cms_open(const uint8_t *file, size_t file_count, X509 *recipient, EVP_PKEY *key, uint8_t **out) {
    CMS_ContentInfo *cms = decode(file, file_count);
    BIO *output = BIO_new(BIO_s_mem());
    int good = cms && output && CMS_decrypt(cms, key, recipient, NULL, output, CMS_BINARY) == 1;
    CMS_ContentInfo_free(cms);
    return take(output, good, out);
}
