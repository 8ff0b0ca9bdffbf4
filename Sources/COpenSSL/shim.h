// OpenSSL's macros and typed stacks that Swift does not import: the prefix `openssl_` and the exact C name.
#ifndef BIVOUAC_COPENSSL_H
#define BIVOUAC_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static inline int openssl_sk_X509_num(const STACK_OF(X509) *stack) { return sk_X509_num(stack); }

static inline X509 *openssl_sk_X509_value(const STACK_OF(X509) *stack, int index) {
    return sk_X509_value(stack, index);
}

static inline void openssl_sk_X509_pop_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline int openssl_sk_CMS_SignerInfo_num(const STACK_OF(CMS_SignerInfo) *stack) {
    return sk_CMS_SignerInfo_num(stack);
}

static inline CMS_SignerInfo *openssl_sk_CMS_SignerInfo_value(
    const STACK_OF(CMS_SignerInfo) *stack, int index) {
    return sk_CMS_SignerInfo_value(stack, index);
}

static inline int openssl_sk_GENERAL_NAME_num(const GENERAL_NAMES *stack) {
    return sk_GENERAL_NAME_num(stack);
}

static inline const GENERAL_NAME *openssl_sk_GENERAL_NAME_value(const GENERAL_NAMES *stack, int index) {
    return sk_GENERAL_NAME_value(stack, index);
}

static inline void openssl_OPENSSL_free(void *memory) { OPENSSL_free(memory); }

// An empty passphrase stands in for the callback that would ask the terminal for one.
static inline X509 *openssl_PEM_read_bio_X509(BIO *source) {
    return PEM_read_bio_X509(source, NULL, NULL, (void *)"");
}

static inline X509_CRL *openssl_PEM_read_bio_X509_CRL(BIO *source) {
    return PEM_read_bio_X509_CRL(source, NULL, NULL, (void *)"");
}

// The only SHA-512 of OpenSSL whose state can be kept and taken up again by another process; deprecated since 3.0
// in favour of EVP, which hides its state.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline int openssl_SHA512_Init(SHA512_CTX *state) { return SHA512_Init(state); }
static inline int openssl_SHA512_Update(SHA512_CTX *state, const void *bytes, size_t count) {
    return SHA512_Update(state, bytes, count);
}
static inline int openssl_SHA512_Final(unsigned char *digest, SHA512_CTX *state) {
    return SHA512_Final(digest, state);
}
#pragma clang diagnostic pop

#endif
