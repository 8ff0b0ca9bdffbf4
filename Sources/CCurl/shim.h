// libcurl's variadic functions, which Swift does not import: the prefix `ccurl_`, the exact C name and the kind of
// the last argument.
#ifndef BIVOUAC_CCURL_H
#define BIVOUAC_CCURL_H

#include <curl/curl.h>

static inline CURLcode ccurl_easy_setopt_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_easy_setopt_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_easy_setopt_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_easy_setopt_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

typedef size_t (*ccurl_receiver)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_easy_setopt_receiver(CURL *handle, CURLoption option, ccurl_receiver value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_easy_getinfo_long(CURL *handle, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static inline CURLcode ccurl_easy_getinfo_string(CURL *handle, CURLINFO info, char **value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static const long ccurl_GLOBAL_DEFAULT = CURL_GLOBAL_DEFAULT;
static const long ccurl_SSLVERSION_TLSv1_2 = CURL_SSLVERSION_TLSv1_2;

#endif
