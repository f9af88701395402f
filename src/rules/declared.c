#include <stdio.h>

#include "rules/verdict.h"

/* Diagnostic payload of a RST, draft-ietf-tcpm-rst-diagnostic-payload: magic, reason, enterprise.
 */
#define DIAGNOSTIC_MAGIC 0x33aa
#define DIAGNOSTIC_BYTES 8

static const char *const diagnostic_reasons[] = {
    [1] = "illegal option length",
    [2] = "desynchronized state",
    [3] = "new data after CLOSE",
    [4] = "ABORT called by the application",
    [5] = "unexpected ACK in a non-synchronized state",
    [6] = "unexpected SYN in the window",
    [7] = "security compartment mismatch",
    [8] = "malformed message",
    [9] = "not authorized",
    [10] = "resource limit exceeded",
    [11] = "network failure",
    [12] = "reset received from the peer",
    [13] = "destination unreachable",
    [14] = "connection timeout",
    [15] = "too much outstanding data",
    [16] = "unacceptable performance",
    [17] = "middlebox interference",
};

static const char *const mptcp_reasons[] = {
    "unspecified error",           "MPTCP-specific error",      "lack of resources",
    "administratively prohibited", "too much outstanding data", "unacceptable performance",
    "middlebox interference",
};

const char *declared_mptcp_text(unsigned reason)
{
    size_t count = sizeof(mptcp_reasons) / sizeof(mptcp_reasons[0]);
    return reason < count ? mptcp_reasons[reason] : "unassigned reason code";
}

static void declared_diagnostic(const uint8_t *payload, char *buf, size_t size)
{
    unsigned reason = (unsigned)payload[2] << 8 | payload[3];
    unsigned enterprise = (unsigned)payload[4] << 24 | (unsigned)payload[5] << 16 |
                          (unsigned)payload[6] << 8 | payload[7];
    size_t count = sizeof(diagnostic_reasons) / sizeof(diagnostic_reasons[0]);
    const char *text = enterprise == 0 && reason < count ? diagnostic_reasons[reason] : NULL;
    if (text != NULL)
        snprintf(buf, size, "the RST carries a diagnostic payload: reason %u, %s", reason, text);
    else
        snprintf(buf, size, "the RST carries a diagnostic payload: reason %u of enterprise %u",
                 reason, enterprise);
}

void declared_payload_text(const uint8_t *payload, size_t bytes, char *buf, size_t size)
{
    if (bytes == DIAGNOSTIC_BYTES && payload[0] == DIAGNOSTIC_MAGIC >> 8 &&
        payload[1] == (DIAGNOSTIC_MAGIC & 0xff)) {
        declared_diagnostic(payload, buf, size);
        return;
    }
    size_t printable = 0;
    while (printable < bytes && payload[printable] >= 0x20 && payload[printable] < 0x7f)
        printable++;
    if (printable >= 3)
        snprintf(buf, size, "the RST carries text: \"%.*s\"%s", (int)printable,
                 (const char *)payload, printable < bytes ? " and more" : "");
    else
        snprintf(buf, size, "the RST carries %zu bytes that are no text", bytes);
}
