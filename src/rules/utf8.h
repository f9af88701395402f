/* What is well-formed UTF-8. */
#ifndef WHYRST_RULES_UTF8_H
#define WHYRST_RULES_UTF8_H

/* Bytes of the well-formed UTF-8 sequence at `text` (RFC 3629: no surrogates, no overlong forms,
 * nothing past U+10FFFF), or 0. A NUL ends a sequence by being no continuation byte. */
static inline unsigned utf8_length(const unsigned char *text)
{
    unsigned char first = text[0], low = 0x80, high = 0xbf;
    unsigned length;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (text[1] < low || text[1] > high)
        return 0;
    for (unsigned i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

#endif
