#include <check.h>

#include "report/render.h"
#include "report_sample.h"
#include "suite.h"

struct shape {
    const char *file;
    struct report_options options;
    unsigned resets;
};

static const struct shape shapes[] = {
    {"full.json", {.format = REPORT_JSON}, 2},
    {"anonymous.json", {.format = REPORT_JSON, .anonymize = true}, 2},
    {"summary.json", {.format = REPORT_JSON, .summary = true}, 2},
    {"chinese.json", {.format = REPORT_JSON, .language = WHYRST_ZH}, 2},
    {"empty.json", {.format = REPORT_JSON}, 0},
    {"lines.ndjson", {.format = REPORT_NDJSON}, 2},
    {"flushed.ndjson", {.format = REPORT_NDJSON, .line_flush = true}, 2},
    {"summary.ndjson", {.format = REPORT_NDJSON, .summary = true}, 2},
    {"empty.ndjson", {.format = REPORT_NDJSON}, 0},
    {"full.txt", {.format = REPORT_TEXT, .utf8 = true}, 2},
    {"color.txt", {.format = REPORT_TEXT, .utf8 = true, .color = true}, 2},
    {"ascii.txt", {.format = REPORT_TEXT, .width = 80}, 2},
    {"narrow.txt", {.format = REPORT_TEXT, .width = 10}, 2},
    {"chinese.txt", {.format = REPORT_TEXT, .utf8 = true, .language = WHYRST_ZH}, 2},
    {"empty.txt", {.format = REPORT_TEXT}, 0},
    {"full.md", {.format = REPORT_MARKDOWN}, 2},
    {"anonymous.md", {.format = REPORT_MARKDOWN, .anonymize = true}, 2},
    {"summary.md", {.format = REPORT_MARKDOWN, .summary = true}, 2},
    {"full.html", {.format = REPORT_HTML}, 2},
    {"chinese.html", {.format = REPORT_HTML, .language = WHYRST_ZH}, 2},
    {"anonymous.html", {.format = REPORT_HTML, .anonymize = true}, 2},
    {"empty.html", {.format = REPORT_HTML}, 0},
};

#define SHAPE_COUNT (int)(sizeof(shapes) / sizeof(shapes[0]))

static struct report_document shape_document(const struct shape *shape,
                                             struct whyrst_service services[12])
{
    struct report_document document = sample_document(shape->resets ? services : NULL);
    sample_services(services);
    if (!shape->resets)
        memset(&document.counts, 0, sizeof(document.counts));
    return document;
}

/* Renders the sample resets; `limit` > 0 makes them leave memory early. */
static int render(const struct shape *shape, size_t limit, struct sample_sink *sink,
                  struct whyrst_error *error)
{
    static struct whyrst_reset reset;
    struct whyrst_service services[12];
    struct report_document document = shape_document(shape, services);
    struct report *report =
        report_open(&shape->options, (struct report_sink){sample_write, sink}, error);
    if (!report)
        return -1;
    if (limit)
        report->out_limit = limit;
    int result = 0;
    for (unsigned i = 0; i < shape->resets; i++) {
        if (i)
            sample_hostile(&reset);
        else
            sample_reset(&reset);
        result |= report_reset(report, &reset, error);
    }
    return result | report_close(report, &document, error);
}

static struct sample_sink rendered(const char *file)
{
    struct whyrst_error error = {""};
    struct sample_sink sink = {0};
    for (int i = 0; i < SHAPE_COUNT; i++) {
        if (strcmp(shapes[i].file, file) != 0)
            continue;
        ck_assert_msg(render(&shapes[i], 0, &sink, &error) == 0, "%s", error.text);
        return sink;
    }
    ck_abort_msg("no shape %s", file);
    return sink;
}

static void assert_contains(const char *file, const char *text, bool wanted)
{
    struct sample_sink sink = rendered(file);
    bool found = sink.bytes && strstr(sink.bytes, text);
    ck_assert_msg(found == wanted, "%s: %s \"%s\" in\n%.2000s", file, wanted ? "no" : "unexpected",
                  text, sink.bytes ? sink.bytes : "(nothing)");
    free(sink.bytes);
}

START_TEST(same_bytes_whatever_the_spool)
{
    struct sample_sink first = {0}, again = {0}, spooled = {0};
    struct whyrst_error error = {""};
    ck_assert_int_eq(render(&shapes[_i], 0, &first, &error), 0);
    ck_assert_int_eq(render(&shapes[_i], 0, &again, &error), 0);
    ck_assert_int_eq(render(&shapes[_i], 1, &spooled, &error), 0);
    ck_assert_uint_eq(first.count, again.count);
    ck_assert_uint_eq(first.count, spooled.count);
    if (first.count) { /* an empty NDJSON report is nothing at all */
        ck_assert_mem_eq(first.bytes, again.bytes, first.count);
        ck_assert_mem_eq(first.bytes, spooled.bytes, first.count);
    }
    free(first.bytes);
    free(again.bytes);
    free(spooled.bytes);
}
END_TEST

/* Wherever the sink fails, the error comes back and nothing more is written. */
START_TEST(sink_failure)
{
    struct sample_sink whole = {0};
    struct whyrst_error error = {""};
    ck_assert_int_eq(render(&shapes[_i], 0, &whole, &error), 0);
    for (size_t after = 1; after < whole.count; after += 97) {
        for (size_t limit = 0; limit < 2; limit++) {
            struct sample_sink sink = {.fail_after = after};
            error.text[0] = '\0';
            ck_assert_int_eq(render(&shapes[_i], limit, &sink, &error), -1);
            ck_assert_str_eq(error.text, "out.json: No space left on device");
            ck_assert_uint_le(sink.count, after);
            free(sink.bytes);
        }
    }
    free(whole.bytes);
}
END_TEST

START_TEST(spool_without_a_place)
{
    struct sample_sink sink = {0};
    struct whyrst_error error = {""};
    const char *old = getenv("TMPDIR");
    char *saved = old ? strdup(old) : NULL;
    setenv("TMPDIR", "/nonexistent/whyrst", 1);
    ck_assert_int_eq(render(&shapes[0], 1, &sink, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent/whyrst: cannot make"));
    ck_assert_uint_eq(sink.count, 0);
    if (saved)
        setenv("TMPDIR", saved, 1);
    else
        unsetenv("TMPDIR");
    free(saved);
}
END_TEST

START_TEST(a_live_line_at_once)
{
    static struct whyrst_reset reset;
    struct sample_sink sink = {0};
    struct whyrst_error error = {""};
    struct report_options options = {.format = _i, .line_flush = true};
    struct report *report =
        report_open(&options, (struct report_sink){sample_write, &sink}, &error);
    ck_assert_ptr_nonnull(report);
    sample_reset(&reset);
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_int_eq(report_reset(report, &reset, &error), 0);
        ck_assert_uint_eq(sink.writes, i);
        ck_assert_int_eq(sink.bytes[sink.count - 1], '\n');
    }
    struct report_document document = sample_document(NULL);
    ck_assert_int_eq(report_close(report, &document, &error), 0);
    free(sink.bytes);
}
END_TEST

static const struct {
    const char *file, *text;
    bool wanted;
} contents[] = {
    {"full.json",
     "\"time\":\"2014-07-16T15:45:34.494439000Z\",\"stream\":0,\"community_id\":\"1:", true},
    {"full.json",
     "\"client\":{\"ip\":\"192.0.2.1\",\"port\":51234},\"server\":{\"ip\":\"192.0.2.2\",\"port\":"
     "8080}",
     true},
    {"full.json", "\"certainty\":\"likely\",\"confidence\":0.667,", true},
    {"full.json", "{\"cause\":\"so-linger-zero\",\"confidence\":0.333,", true},
    {"full.json", "{\"fact\":\"peer.fin_seen\",\"value\":false,\"frames\":[],", true},
    {"full.json", "{\"fact\":\"rst.shape\",\"value\":\"active\",\"frames\":[4,6],", true},
    {"full.json", "\"value\":2.125,", true},
    {"full.json",
     "\"impact\":{\"benign\":false,\"bytes_unacknowledged\":null,\"bytes_unanswered\":61,", true},
    {"full.json", "\"confirm\":[\"ss -ltn 'sport = :8080'\",", true},
    {"full.json",
     "{\"frame\":2,\"offset\":0.000029017,\"from\":\"server\",\"flags\":\"S.\",\"seq\":0,\"ack\":1,"
     "\"len\":0,\"win\":64240,\"ttl\":64}",
     true},
    {"full.json",
     "\"notation\":\"< S > S. < . < D > . > "
     "R.\",\"followups\":{\"count\":2,\"frames\":[7,9]},\"wireshark_filter\":\"tcp.stream == "
     "0\",\"kernel\":null}",
     true},
    {"full.json",
     "quote \\\" back \\\\ tab \\t bell \\u0007 bad \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd <script>",
     true},
    {"full.json", "\"time\":\"1677-09-21T00:12:43.145224192Z\"", true},
    {"full.json", "\"frame\":1,\"input\":1,", true},
    {"full.json",
     "\"rst_payload\":{\"hex\":\"4e6f206c6f63616c00ff3c623e\",\"text\":\"No local..<b>\"}", true},
    {"full.json",
     "\"kernel\":{\"reason\":\"TCP_ABORT_ON_CLOSE\",\"state\":null,\"pid\":null,\"comm\":\"\\\"<x>"
     "\\\"\"}",
     true},
    {"full.json", "\"sequence_gap_after\":3", true},
    {"full.json", "\"service\":\"[fe80::9]:80\"", true},
    {"full.json", "\"by_cause\":{\"unread-receive-buffer\":1,\"unknown\":1}", true},
    {"summary.json", "\"resets\":[", false},
    {"empty.json", "\"resets\":[],", true},
    {"summary.ndjson", "{\"schema_version\":\"1.0\",", true},
    {"lines.ndjson", "schema_version", false},
    {"full.txt", "The server reset it: Closed with unread data in the receive buffer", true},
    {"full.txt", "unread-receive-buffer · scenario 1.4 · likely, 67 %", true},
    {"full.txt", "A middlebox reset it, in the server's name: ", true},
    {"full.txt", "◀━━━", true},
    {"full.txt", "and 2 more", true},
    {"full.txt", "tcp.stream == 0", true},
    {"full.txt", "this RST", true},
    {"full.txt", "\x1b", false},
    {"color.txt", "\x1b[31m end", false},
    {"chinese.txt", "服务器重置了连接：", true},
    {"ascii.txt", "<======", true},
    {"ascii.txt", "\xe2\x94\x80", false},
    {"empty.txt", "No TCP connection was reset", true},
    {"full.md", "## \\#1 The server reset it: Closed with unread data in the receive buffer\n",
     true},
    {"full.md", "**unread-receive-buffer**, scenario 1.4, likely, 67 %", true},
    {"full.md", "quote \" back \\\\ tab   bell   bad ", true},
    {"full.md", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \\| \\` esc  \\[31m end", true},
    {"full.md", "\x1b", false},
    {"full.md", "| 192.0.2.2:8080 | 12 | 1000 | 0 | unread-receive-buffer 12 |", true},
    {"full.md", "    ss -ltn 'sport = :8080'\n", true},
    {"summary.md", "## ", false},
    {"anonymous.md", "192.0.2.", false},
    {"full.html", "<script", false},
    {"full.html", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; | ` esc", true},
    {"full.html", "\x1b", false},
    {"full.html", "://", false},
    {"full.html", "<details open><summary>#1 <b>The server reset it: Closed with", true},
    {"full.html", "<pre>ss -ltn &#39;sport = :8080&#39;</pre>", true},
    {"full.html", "</body>\n</html>\n", true},
    {"chinese.html", "<html lang=\"zh\">", true},
    {"anonymous.html", "192.0.2.", false},
    {"empty.html", "No TCP connection was reset", true},
    {"anonymous.json", "192.0.2.", false},
    {"anonymous.json", "2001:db8::1", false},
    {"anonymous.json",
     "\"client\":{\"ip\":\"240.0.0.1\",\"port\":51234},\"server\":{\"ip\":\"240.0.0.2\",\"port\":"
     "8080}",
     true},
    {"anonymous.json",
     "\"client\":{\"ip\":\"100::1\",\"port\":65535},\"server\":{\"ip\":\"100::2\"", true},
    {"anonymous.json", "The server 240.0.0.2:8080 closed its socket", true},
    {"anonymous.json", "\"240.0.0.1 sent 61 bytes unanswered\"", true},
    {"anonymous.json", "capture of 240.0.0.1.pcap", true},
    {"anonymous.json", "\"service\":\"240.0.0.2:8080\"", true},
    {"anonymous.json", "\"hex\"", false},
};

START_TEST(content)
{
    assert_contains(contents[_i].file, contents[_i].text, contents[_i].wanted);
}
END_TEST

START_TEST(format_names)
{
    ck_assert_int_eq(report_format_find("json"), REPORT_JSON);
    ck_assert_int_eq(report_format_find("html"), REPORT_HTML);
    ck_assert_int_eq(report_format_find("JSON"), -1);
    ck_assert_int_eq(report_format_find(""), -1);
}
END_TEST

/* For check_schema.py and for eyes: every shape into a directory. */
static int samples_write(const char *directory)
{
    for (int i = 0; i < SHAPE_COUNT; i++) {
        char path[4096];
        struct sample_sink sink = {0};
        struct whyrst_error error = {""};
        snprintf(path, sizeof(path), "%s/%s", directory, shapes[i].file);
        FILE *file = render(&shapes[i], 0, &sink, &error) == 0 ? fopen(path, "wb") : NULL;
        if (!file || fwrite(sink.bytes ? sink.bytes : "", 1, sink.count, file) != sink.count ||
            fclose(file) != 0) {
            fprintf(stderr, "%s: %s\n", path, error.text);
            return 1;
        }
        free(sink.bytes);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return samples_write(argv[1]);
    TCase *tests = tcase_create("report");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, same_bytes_whatever_the_spool, 0, SHAPE_COUNT);
    tcase_add_loop_test(tests, sink_failure, 0, SHAPE_COUNT);
    tcase_add_test(tests, spool_without_a_place);
    tcase_add_loop_test(tests, a_live_line_at_once, REPORT_NDJSON, REPORT_TEXT + 1);
    tcase_add_loop_test(tests, content, 0, (int)(sizeof(contents) / sizeof(contents[0])));
    tcase_add_test(tests, format_names);
    Suite *suite = suite_create("report");
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
