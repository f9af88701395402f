/* What the main() of every unit test ends with. */
#ifndef WHYRST_TESTS_SUITE_H
#define WHYRST_TESTS_SUITE_H

#include <check.h>

/* Runs the suite and frees it. Returns the exit status: 1 when a test failed. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
