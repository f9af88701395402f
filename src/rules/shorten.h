/* Takes the texts out of a JSON document: the JSON library, which reads it a character at a time,
 * would spend most of loading the rules on them. */
#ifndef WHYRST_RULES_SHORTEN_H
#define WHYRST_RULES_SHORTEN_H

#include <stdbool.h>
#include <stddef.h>

/* A document and the same one shortened. .json and .texts have room for the document's .size. */
struct shortening {
    const char *document; /* need not be valid JSON, nor text at all */
    size_t size;
    char *json; /* long strings stand in it as references */
    size_t json_size;
    char *texts; /* what they refer to, NUL-terminated one after the other */
    size_t texts_size;
};

/* False when the document has to be read as it is. Otherwise .json is valid if and only if the
 * document is, and means the same; of what is wrong in it only the document itself can tell. */
bool shorten(struct shortening *shortening);

/* What the value of a string in .json stands for: itself, or one of .texts. */
const char *shorten_text(const char *texts, const char *value);

#endif
