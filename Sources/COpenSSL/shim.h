// OpenSSL's macros and typed stacks that Swift does not import: the prefix `openssl_` and the exact C name.
#ifndef BIVOUAC_COPENSSL_H
#define BIVOUAC_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#endif
