/* Where in a JSON text a value stands: the JSON library knows lines only for syntax errors. */
#ifndef WHYRST_RULES_POSITION_H
#define WHYRST_RULES_POSITION_H

#include <stddef.h>

/* A way down into a document, from its root: linked upwards so that it can live on the stack. */
struct position {
    const struct position *up; /* NULL: the root itself, whose other members mean nothing */
    const char *key;           /* member of an object, or NULL: */
    size_t index;              /* element of an array */
};

/* The line (from 1) of that key or element in text, which has to be valid JSON. Of a way that does
 * not exist, the line of the last step that does. */
unsigned position_line(const char *text, const struct position *position);

/* The way as text: signatures[2].facts["rst.shape"]. */
void position_format(const struct position *position, char *buf, size_t size);

#endif
