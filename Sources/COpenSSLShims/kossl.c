// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#include "kossl.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
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

/// All certificates of a PEM file as anchors; NULL if there is none, or one that cannot be read.
static X509_STORE *anchors(const uint8_t *chain, size_t count) {
    X509_STORE *store = X509_STORE_new();
    BIO *input = reading(chain, count);
    int found = 0;
    X509 *certificate;
    while (store && input && (certificate = PEM_read_bio_X509(input, NULL, NULL, NULL))) {
        found += X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
    }
    BIO_free(input);
    // The end of the file is left in the queue as "no start line"; anything else is a damaged block.
    if (found && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
        ERR_clear_error();
        return store;
    }
    X509_STORE_free(store);
    return NULL;
}

int kossl_ts_chain(const uint8_t *chain, size_t count) {
    X509_STORE *store = anchors(chain, count);
    X509_STORE_free(store);
    return store != NULL;
}

/// The token's own time; 0 if it does not speak of this digest and nonce.
static int statement(TS_TST_INFO *info, const uint8_t *digest, const uint8_t *nonce, size_t nonce_count, int64_t *time) {
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const ASN1_OCTET_STRING *stamped = TS_MSG_IMPRINT_get_msg(imprint);
    if (OBJ_obj2nid(algorithm) != NID_sha256 || ASN1_STRING_length(stamped) != 32
        || memcmp(ASN1_STRING_get0_data(stamped), digest, 32))
        return 0;
    const ASN1_INTEGER *given = TS_TST_INFO_get_nonce(info);
    if (nonce && (!given || (size_t)ASN1_STRING_length(given) != nonce_count
                  || memcmp(ASN1_STRING_get0_data(given), nonce, nonce_count)))
        return 0;
    struct tm parts;
    if (!ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts)) return 0;
    *time = (int64_t)timegm(&parts);
    return 1;
}

int kossl_ts_verify(const uint8_t *bytes, size_t count, const uint8_t *digest, const uint8_t *nonce, size_t nonce_count,
                    const uint8_t *chain, size_t chain_count, int64_t *time) {
    const uint8_t *cursor = bytes;
    TS_RESP *response = count > LONG_MAX ? NULL : d2i_TS_RESP(NULL, &cursor, (long)count);
    TS_TST_INFO *info = response ? TS_RESP_get_tst_info(response) : NULL;
    X509_STORE *store = anchors(chain, chain_count);
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    int good = store && context && info && cursor == bytes + count && statement(info, digest, nonce, nonce_count, time);
    if (good) {
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)*time);
        TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_SIGNATURE);
        TS_VERIFY_CTX_set_store(context, store);
        store = NULL;  // the context's now
        good = TS_RESP_verify_response(context, response) == 1;
    }
    TS_VERIFY_CTX_free(context);
    X509_STORE_free(store);
    TS_RESP_free(response);
    return good;
}
