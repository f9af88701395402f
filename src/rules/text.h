/* Placeholders in the texts of rules. */
#ifndef WHYRST_RULES_TEXT_H
#define WHYRST_RULES_TEXT_H

#include <stddef.h>

/* The first placeholder in text that does not exist, with its length; NULL when all do. */
const char *text_bad_placeholder(const char *text, size_t *length);

#endif
