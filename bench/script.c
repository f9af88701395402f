#include "script.h"

#include <stddef.h>

#include "random.h"

struct script {
    const char *steps;
    uint32_t weight;
};

static const struct script ORDINARY[] = {
    {"sSaEfAFa", 380},                                   /* the client closes, then the server */
    {"sSaEfFa", 250},                                    /* FIN and ACK of the server in one */
    {"sSaEFafA", 170},                                   /* the server closes first */
    {"sSaEFfA", 100},                                    /* … and the client at once */
    {"sSaEkKEfFa", 40},                                  /* kept alive, used again */
    {"sSaEkKkKfFa", 20}, {"sSaEWEfFa", 25}, {"sss", 15}, /* nobody answers */
    {NULL, 0},
};

static const struct script RESETS[] = {
    {"sN", 190},        /* refused */
    {"sNsNsN", 20},     /* refused, and tried again as Windows does */
    {"sSaEx", 170},     /* the client aborts after the response */
    {"sSaEDxDr", 30},   /* … while data is on its way */
    {"sSaEdAX", 90},    /* the server closes without reading the request */
    {"sSaEdXdR", 40},   /* … and is sent more */
    {"sSaEfAx", 50},    /* closes, then aborts */
    {"sSaEfADr", 120},  /* data after the close */
    {"sSaEFadR", 80},   /* a request crosses the close of an idle connection */
    {"sSaEWdR", 40},    /* the server no longer knows the connection */
    {"sSr", 40},        /* half-open scan */
    {"sSaR", 20},       /* refused after the handshake */
    {"sSaEkkkkkx", 10}, /* keep-alive probes unanswered */
    {"sSadttttx", 10},  /* retransmissions unanswered */
    {"sSaEWdM", 30},    /* the middlebox forgot it */
    {"sSadIDr", 15},    /* forged */
    {NULL, 0},
};

const char *script_draw(uint64_t *random, bool reset)
{
    const struct script *scripts = reset ? RESETS : ORDINARY;
    uint32_t total = 0;
    for (const struct script *script = scripts; script->steps; script++)
        total += script->weight;
    uint32_t draw = random_below(random, total);
    while (draw >= scripts->weight)
        draw -= scripts++->weight;
    return scripts->steps;
}

bool script_from_server(char step)
{
    return step >= 'A' && step <= 'Z';
}
