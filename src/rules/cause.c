#include "whyrst/whyrst.h"

#include <string.h>

static const char *const cause_names[WHYRST_CAUSE_COUNT] = {
    [WHYRST_PORT_NOT_LISTENING] = "port-not-listening",
    [WHYRST_SO_LINGER_ZERO] = "so-linger-zero",
    [WHYRST_HALF_OPEN_CONNECTION] = "half-open-connection",
    [WHYRST_UNREAD_RECEIVE_BUFFER] = "unread-receive-buffer",
    [WHYRST_FIREWALL_REJECT] = "firewall-reject",
    [WHYRST_ACCEPT_QUEUE_OVERFLOW] = "accept-queue-overflow",
    [WHYRST_HANDSHAKE_ABANDONED] = "handshake-abandoned",
    [WHYRST_DATA_AFTER_CLOSE] = "data-after-close",
    [WHYRST_KEEPALIVE_TIMEOUT] = "keepalive-timeout",
    [WHYRST_RETRANSMISSION_TIMEOUT] = "retransmission-timeout",
    [WHYRST_MIDDLEBOX_TIMEOUT] = "middlebox-timeout",
    [WHYRST_INJECTED_RESET] = "injected-reset",
    [WHYRST_DECLARED_REASON] = "declared-reason",
    [WHYRST_UNKNOWN] = "unknown",
};

const char *whyrst_cause_name(enum whyrst_cause cause)
{
    return (unsigned)cause < WHYRST_CAUSE_COUNT ? cause_names[cause] : cause_names[WHYRST_UNKNOWN];
}

int whyrst_cause_find(const char *name)
{
    for (int i = 0; i < WHYRST_CAUSE_COUNT; i++)
        if (strcmp(cause_names[i], name) == 0)
            return i;
    return -1;
}
