"""Options: what is accepted, what is refused, and in which words."""
import unittest

from base import CommandLine

CAUSES = ["port-not-listening", "so-linger-zero", "half-open-connection", "unread-receive-buffer",
          "firewall-reject", "accept-queue-overflow", "handshake-abandoned", "data-after-close",
          "keepalive-timeout", "retransmission-timeout", "middlebox-timeout", "injected-reset",
          "declared-reason", "unknown"]

REFUSED = [  # arguments, part of the message
    ([], "nothing to analyse"),
    (["--no-such-option"], "--no-such-option: unknown"),
    (["-X"], "-X: unknown"),
    (["-r"], "-r: its value is missing"),
    (["--rules"], "--rules: its value is missing"),
    (["--summary=x", "a"], "--summary=x"),
    (["-T", "xml", "a"], "json, ndjson, text, markdown, html"),
    (["--lang", "fr", "a"], "en, zh"),
    (["--fail-on", "nonsense", "a"], "retransmission-timeout"),
    (["--fail-on", "unknown,", "a"], "--fail-on"),
    (["--explain", "nonsense"], "middlebox-timeout"),
    (["-c", "0", "a"], "-c: '0'"),
    (["-c", "-1", "a"], "-c: '-1'"),
    (["-c", "9999999999999999999999", "a"], "-c"),
    (["-c", "12x", "a"], "'12x'"),
    (["-s", "x", "a"], "-s"),
    (["-B", "0", "-i", "lo"], "-B"),
    (["--threads", "0", "a"], "--threads"),
    (["--trace-mib", "0", "a"], "--trace-mib"),
    (["--connections", "", "a"], "--connections"),
    (["--duration", "0", "-i", "lo"], "--duration"),
    (["--duration", "5", "a"], "needs -i"),
    (["-i", "lo", "a"], "either an interface or files"),
    (["-i", "lo", "-i", "eth0"], "given twice"),
    (["-", "-"], "read only once"),
    (["-w", "-", "a"], "-w"),
    (["-w", "x", "--anonymize", "a"], "contradicts --anonymize"),
    (["-w", "x", "-o", "x", "a"], "two files"),
    (["-q", "-v", "a"], "contradict"),
    (["--list-rules", "a"], "leave it out"),
    (["--no-such-file"], "unknown"),
    (["/no/such/file"], "/no/such/file"),
    (["-i", "no-such-if0"], "no-such-if0"),
    (["-f", "no such filter", "CAPTURE"], "no such filter"),
    (["--rules", "/no/such/directory", "CAPTURE"], "/no/such/directory"),
    (["-Z", "no-such-user", "CAPTURE"], "no-such-user"),
    (["-o", "/no/such/directory/out", "CAPTURE"], "/no/such/directory/out"),
    (["-w", "/no/such/directory/out", "-o", "/dev/null", "CAPTURE"], "/no/such/directory/out"),
    (["-w", "CAPTURE", "CAPTURE"], "is the capture itself"),
    (["/"], "/"),
    (["/dev/null"], "/dev/null"),
]


class Usage(CommandLine):
    def test_refused(self):
        capture = self.capture()
        for arguments, says in REFUSED:
            with self.subTest(arguments=arguments):
                self.refused(*[capture if a == "CAPTURE" else a for a in arguments], says=says)

    def test_help_fits_a_screen_and_a_half(self):
        text = self.run_it("-h").stdout.decode()
        self.assertLessEqual(text.count("\n"), 45)
        self.assertLessEqual(max(map(len, text.split("\n"))), 95)
        for option in ("-r", "-i", "-f", "-c", "-s", "-p", "-B", "-D", "-n", "-T", "-o", "-w", "--rules",
                       "--list-rules", "--check-rules", "--explain", "--lang", "--summary", "--fail-on",
                       "--anonymize", "--duration", "-Z", "-l", "-q", "-v", "-V", "-h", "--threads",
                       "--trace-mib", "--connections"):
            self.assertIn(option, text)

    def test_help_wins_over_mistakes_after_it(self):
        self.assertEqual(self.run_it("--help", "-X").stdout, self.run_it("-h").stdout)

    def test_version(self):
        self.assertRegex(self.run_it("-V").stdout.decode(), r"^whyrst \d+\.\d+\.\d+")

    def test_options_follow_files(self):
        capture = self.capture()
        first = self.run_it("-T", "json", "--threads", "1", capture).stdout
        self.assertEqual(self.run_it(capture, "-T", "json", "--threads=1").stdout, first)
        self.assertEqual(self.run_it("-r", capture, "-n").stdout, first)

    def test_file_after_double_dash(self):
        self.refused("--", "--summary", says="--summary")

    def test_interfaces_are_listed(self):
        lines = self.run_it("-D").stdout.decode().split("\n")
        self.assertTrue(any(line.split(" ")[0] == "lo" for line in lines))

    def test_rules(self):
        self.assertRegex(self.run_it("--check-rules").stdout.decode(), r"\d+ rules, \d+ signatures OK")
        listing = self.run_it("--list-rules").stdout.decode()
        for scenario in ("1.1", "1.2", "1.3", "1.4"):
            self.assertIn(" %s " % scenario, listing)

    def test_every_cause_is_explained(self):
        for cause in CAUSES:
            for language in ("en", "zh"):
                text = self.run_it("--explain", cause, "--lang", language).stdout.decode()
                self.assertTrue(text.startswith(cause), text[:80])

    def test_bad_rules_are_all_named(self):
        self.write("so-linger-zero.json", b"{ \"cause\": \"so-linger-zero\", \"surprise\": 1 }")
        self.write("unknown.json", b"not json")
        for command in ("--check-rules", "--list-rules"):
            error = self.run_it(command, "--rules", self.directory.name, code=2).stderr.decode()
            self.assertIn("surprise", error)
            self.assertIn("unknown.json", error)

    def test_rules_from_the_environment(self):
        self.refused("--check-rules", env={"WHYRST_RULES": self.directory.name}, says=self.directory.name)


if __name__ == "__main__":
    unittest.main()
