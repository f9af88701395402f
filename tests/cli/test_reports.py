"""Analyses: inputs, formats, exit codes, and what happens when something goes wrong."""
import gzip
import hashlib
import json
import os
import pty
import signal
import subprocess
import unittest

import packets
from base import CLIENT, OTHER, PROGRAM, SERVER, CommandLine


class Inputs(CommandLine):
    def test_one_file(self):
        path = self.capture(resets=3)
        document = self.document(path)
        self.assertEqual([r["frame"] for r in document["resets"]], [2, 4, 6])
        self.assertEqual([r["stream"] for r in document["resets"]], [0, 1, 2])
        self.assertEqual(document["inputs"][0]["sha256"], hashlib.sha256(self.read("one.pcap")).hexdigest())
        self.assertEqual(document["inputs"][0]["packets"], 6)
        self.assertEqual(document["summary"]["by_cause"], {"port-not-listening": 3})

    def test_standard_input_says_the_same(self):
        path = self.capture(resets=2)
        theirs, ours = self.document(path), self.document("-", stdin=self.read("one.pcap"))
        self.assertEqual(ours["resets"], theirs["resets"])
        self.assertEqual(ours["inputs"][0]["kind"], "stdin")

    def test_gzip_says_the_same(self):
        path = self.capture(resets=2)
        packed = self.write("one.pcap.gz", gzip.compress(self.read("one.pcap")))
        self.assertEqual(self.document(packed)["resets"], self.document(path)["resets"])

    def test_several_files_are_one_capture_in_time_order(self):
        late, early = self.capture("late.pcap", at=5.0), self.capture("early.pcap", server=OTHER)
        document = self.document(late, early)
        self.assertEqual([(r["input"], r["frame"]) for r in document["resets"]], [(1, 2), (0, 2)])

    def test_cut_file_is_analysed_as_far_as_it_goes(self):
        self.capture(resets=2)
        path = self.write("cut.pcap", self.read("one.pcap")[:-10])
        done = self.run_it(path)
        document = json.loads(done.stdout)
        self.assertTrue(document["inputs"][0]["truncated"])
        self.assertEqual(len(document["resets"]), 1)
        self.assertEqual([w["code"] for w in document["warnings"]], ["truncated"])
        self.assertIn(b"warning: ", done.stderr)
        self.assertEqual(self.run_it("-q", path).stderr, b"")

    def test_packet_limit(self):
        document = self.document("-c", "3", self.capture(resets=2))
        self.assertEqual((document["inputs"][0]["packets"], len(document["resets"])), (3, 1))

    def test_filter_keeps_frame_numbers(self):
        document = self.document("-f", "port 40001", self.capture(resets=3))
        self.assertEqual([r["frame"] for r in document["resets"]], [4])

    def test_nothing_in_it(self):
        done = self.run_it(self.write("empty.pcap", packets.pcap([])))
        self.assertEqual(json.loads(done.stdout)["resets"], [])


class Outputs(CommandLine):
    def test_formats(self):
        path = self.capture()
        starts = {"json": b"{", "ndjson": b"{\"id\":1,", "text": b"", "markdown": b"#", "html": b"<!"}
        for name, start in starts.items():
            with self.subTest(format=name):
                out = self.run_it("-T", name, path).stdout
                self.assertTrue(out.lower().startswith(start), out[:40])
                self.assertIn(SERVER[0].encode(), out)
                self.assertIn(b"port-not-listening", out)

    def test_summary_has_no_resets_and_no_hash(self):
        document = self.document("--summary", self.capture(resets=2))
        self.assertNotIn("resets", document)
        self.assertEqual(document["summary"]["resets"], 2)
        self.assertIsNone(document["inputs"][0]["sha256"])

    def test_anonymize_leaves_no_address(self):
        path = self.capture(resets=2)
        for name in ("json", "ndjson", "text", "markdown", "html"):
            out = self.run_it("--anonymize", "-T", name, path).stdout.decode()
            self.assertNotIn(CLIENT[0], out)
            self.assertNotIn(SERVER[0], out)

    def test_chinese(self):
        english, chinese = (self.document("--lang", language, self.capture()) for language in ("en", "zh"))
        titles = [d["resets"][0]["verdict"]["title"] for d in (english, chinese)]
        self.assertTrue(titles[0].isascii() and not titles[1].isascii(), titles)

    def test_threads_and_runs_give_the_same_bytes(self):
        path = self.capture(resets=500)
        first = self.run_it(path).stdout
        for threads in ("1", "2", "8"):
            self.assertEqual(self.run_it("--threads", threads, path).stdout, first)

    def test_fail_on(self):
        path = self.capture()
        for names, code in (("any", 1), ("port-not-listening", 1), ("unknown,port-not-listening", 1),
                            ("so-linger-zero", 0)):
            self.assertEqual(len(self.document("--fail-on", names, path, code=code)["resets"]), 1)

    def test_output_file_replaces_only_when_complete(self):
        path = self.capture()
        self.write("out.json", b"before")
        os.chmod(self.path("out.json"), 0o640)
        self.run_it("-o", self.path("out.json"), path)
        self.assertEqual(self.read("out.json"), self.run_it(path).stdout)
        self.assertEqual(os.stat(self.path("out.json")).st_mode & 0o777, 0o640)
        self.write("out.json", b"before")
        self.refused("-o", self.path("out.json"), "--rules", "/no/such", path)
        self.assertEqual(self.read("out.json"), b"before")
        self.assertEqual(sorted(os.listdir(self.directory.name)), ["one.pcap", "out.json"])

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            error = self.run_it(self.capture(), code=2, stdout=full).stderr
        self.assertIn(b"standard output", error)
        self.assertEqual(error.count(b"\n"), 1)

    def test_reader_that_goes_away_is_no_error(self):
        process = subprocess.Popen([PROGRAM, "-T", "ndjson", self.capture(resets=3000)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(), 0)

    def test_terminal_gets_text_with_colours_unless_told(self):
        path = self.capture()
        for extra, colour in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            out = self.terminal(path, dict({"TERM": "xterm", "LC_ALL": "C.UTF-8"}, **extra))
            self.assertIn(b"port-not-listening", out)
            self.assertEqual(b"\x1b[" in out, colour, extra)

    def terminal(self, path, env):
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, path], stdout=theirs, stderr=subprocess.PIPE,
                                   env=dict(environment, **env))
        os.close(theirs)
        out = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # EIO: the other end is closed
                break
            if not chunk:
                break
            out += chunk
        os.close(ours)
        process.stderr.close()
        self.assertEqual(process.wait(), 0)
        return out

    def test_signal_ends_a_pipe_with_a_report(self):
        process = subprocess.Popen([PROGRAM, "-T", "ndjson", "-l", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.capture(resets=1)
        self.capture("later.pcap", resets=1, at=10.0, server=OTHER)
        process.stdin.write(self.read("one.pcap") + self.read("later.pcap")[24:])
        process.stdin.flush()
        self.assertEqual(json.loads(process.stdout.readline())["frame"], 2)  # before the end of the pipe
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
        self.assertEqual(json.loads(out)["frame"], 4)


class Extract(CommandLine):
    def test_only_reset_connections_with_the_verdict_as_comment(self):
        whole = packets.refused(CLIENT, SERVER) + [
            (1.0, packets.packet(CLIENT, OTHER, packets.SYN, 7, 0)),
            (1.1, packets.packet(OTHER, CLIENT, packets.SYN | packets.ACK, 9, 8))]
        path = self.write("mixed.pcap", packets.pcap(whole))
        document = self.document("-w", self.path("out.pcapng"), path)
        again = self.document(self.path("out.pcapng"))
        self.assertEqual(again["inputs"][0]["packets"], 2)
        self.assertEqual([r["verdict"] for r in again["resets"]], [r["verdict"] for r in document["resets"]])
        self.assertIn(b"whyrst: reset 1: port-not-listening", self.read("out.pcapng"))
        piped = self.run_it("-w", self.path("piped.pcapng"), "-", stdin=self.read("mixed.pcap"))
        self.assertEqual(json.loads(piped.stdout)["resets"], document["resets"])
        self.assertEqual(self.document(self.path("piped.pcapng"))["resets"], again["resets"])

    def test_filter_on_a_pipe_is_refused(self):
        self.capture()
        self.refused("-w", self.path("out.pcapng"), "-f", "tcp", "-", stdin=self.read("one.pcap"), says="-f")


if __name__ == "__main__":
    unittest.main()
