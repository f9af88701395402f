/* The packet pattern of a signature, "... < D > .* > R.", and the machine that runs it backwards
 * from the RST.
 *
 *   <  the packets that follow are the peer's      >  the resetter's; holds until the next mark
 *   S S. . D F. R R.                               packets, as in enum packet_kind
 *   ? * +                                          suffixes: optional, any number, one or more
 *   ...                                            first only: whatever came before
 *
 * Without "..." the pattern starts at the connection's first packet. A worked example, the pattern
 * above on the line  < S  > S.  < .  < D  > .  > R.  read from its end:
 *
 *   > R.  fits the last token          > .   fits ".*"
 *   < D   fits "D": all tokens are used up, and "..." takes the rest: yes */
#ifndef WHYRST_RULES_PATTERN_H
#define WHYRST_RULES_PATTERN_H

#include "rules/ruleset.h"

#define PATTERN_MAX_TOKENS 31
#define PATTERN_PACKETS    16 /* values of a packet_line entry */

/* All sets of bits are by token, the last of the text (the RST) being bit 0. */
struct pattern {
    uint32_t fits[PATTERN_PACKETS]; /* the tokens a packet fits */
    uint32_t repeated;              /* * or + */
    uint32_t optional;              /* ? or * */
    uint32_t accept;                /* the bit after the first token of the text */
    bool anchored;                  /* no leading "..." */
};

/* -1 with a message when the text is no pattern. */
int pattern_compile(struct pattern *pattern, const char *text, struct whyrst_error *error);

/* Yes, no, or maybe when the line is cut off and what is there fits the pattern's end. Takes a few
 * operations a packet whatever the pattern: all its ways through the line are followed at once. */
enum rule_answer pattern_match(const struct pattern *pattern, const struct packet_line *line);

#endif
