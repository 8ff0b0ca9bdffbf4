// A TOML document (https://toml.io/en/v1.0.0), read by toml++ and reported node by node.
#ifndef BIVOUAC_CTOML_H
#define BIVOUAC_CTOML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ctoml_kind {
    CTOML_TABLE,
    CTOML_ARRAY,
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_DATE,
};

/// One node of the document, in the order of a walk that visits a parent before its children. The pointers
/// hold until the callback returns; neither text ends in NUL.
struct ctoml_node {
    enum ctoml_kind kind;
    /// How many children follow: entries of a table, elements of an array.
    size_t children;
    /// The name in the enclosing table; null for the document and the elements of arrays.
    const char *key;
    size_t key_length;
    /// The value of a string.
    const char *text;
    size_t text_length;
    /// The value of an integer, 0 or 1 of a boolean.
    int64_t integer;
    /// Where the key stands, or the value if it has none; from 1.
    uint32_t line;
    uint32_t column;
};

/// What is wrong with a text that is not TOML, and where.
struct ctoml_error {
    char message[256];
    uint32_t line;
    uint32_t column;
};

/// Reads the document and reports every node to `visit`. Returns 0, or -1 with `error` filled in and nothing
/// reported. A document nested deeper than `depth` is an error; bounding its length is the caller's part.
int ctoml_walk(const char *document, size_t length, unsigned depth,
               void (*visit)(void *context, const struct ctoml_node *node), void *context,
               struct ctoml_error *error);

#ifdef __cplusplus
}
#endif

#endif
