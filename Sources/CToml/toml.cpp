#include "CToml.h"

#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <toml++/toml.h>

#include <algorithm>
#include <string_view>

namespace {

void describe(ctoml_error &error, std::string_view message, const toml::source_position &place) {
    auto length = std::min(message.size(), sizeof error.message - 1);
    std::copy_n(message.data(), length, error.message);
    error.message[length] = '\0';
    error.line = place.line;
    error.column = place.column;
}

/// The first node that lies deeper than `depth`, or null.
const toml::node *too_deep(const toml::node &node, unsigned depth) {
    if (auto table = node.as_table()) {
        if (depth == 0) return &node;
        for (auto &&[key, child] : *table)
            if (auto found = too_deep(child, depth - 1)) return found;
    } else if (auto array = node.as_array()) {
        if (depth == 0) return &node;
        for (auto &child : *array)
            if (auto found = too_deep(child, depth - 1)) return found;
    }
    return nullptr;
}

struct walk {
    void (*visit)(void *context, const ctoml_node *node);
    void *context;

    void report(const toml::node &node, const toml::key *key) const {
        ctoml_node out = {};
        auto place = (key ? key->source() : node.source()).begin;
        out.line = place.line;
        out.column = place.column;
        if (key) {
            out.key = key->data();
            out.key_length = key->length();
        }
        if (auto table = node.as_table()) {
            out.kind = CTOML_TABLE;
            out.children = table->size();
            visit(context, &out);
            for (auto &&[name, child] : *table) report(child, &name);
        } else if (auto array = node.as_array()) {
            out.kind = CTOML_ARRAY;
            out.children = array->size();
            visit(context, &out);
            for (auto &child : *array) report(child, nullptr);
        } else {
            scalar(node, out);
            visit(context, &out);
        }
    }

    static void scalar(const toml::node &node, ctoml_node &out) {
        if (auto text = node.as_string()) {
            out.kind = CTOML_STRING;
            out.text = text->get().data();
            out.text_length = text->get().size();
        } else if (auto integer = node.as_integer()) {
            out.kind = CTOML_INTEGER;
            out.integer = integer->get();
        } else if (auto boolean = node.as_boolean()) {
            out.kind = CTOML_BOOLEAN;
            out.integer = boolean->get();
        } else {
            out.kind = node.is_floating_point() ? CTOML_FLOAT : CTOML_DATE;
        }
    }
};

}  // namespace

int ctoml_walk(const char *document, size_t length, unsigned depth,
               void (*visit)(void *context, const ctoml_node *node), void *context, ctoml_error *error) {
    auto result = toml::parse(std::string_view(document, length));
    if (!result) {
        describe(*error, result.error().description(), result.error().source().begin);
        return -1;
    }
    if (auto node = too_deep(result.table(), depth)) {
        describe(*error, "nested too deep", node->source().begin);
        return -1;
    }
    walk{visit, context}.report(result.table(), nullptr);
    return 0;
}
