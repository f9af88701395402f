"""Captures of many windows and batches: the same verdicts however their bytes come in."""
import gzip
import os
import subprocess
import unittest

from base import PROGRAM, CommandLine

GENERATOR = os.path.join(os.path.dirname(PROGRAM), "..", "bench", "bench-generate")
CAPTURES = [  # kind, packets, format
    ("mixed", 150000, "pcap"),
    ("mixed", 150000, "pcapng"),
    ("payload", 20000, "pcap"),
]


class Large(CommandLine):
    def generate(self, kind, packets, form):
        path = self.path("%s.%s" % (kind, form))
        subprocess.run([GENERATOR, kind, "--packets", str(packets), "--format", form, "-o", path],
                       stderr=subprocess.DEVNULL, check=True)
        return path

    def redirected(self, path):
        with open(path, "rb") as file:
            return subprocess.run([PROGRAM, "-q", "-T", "ndjson", "-"], stdin=file, stdout=subprocess.PIPE,
                                  check=True).stdout

    def test_same_verdicts_any_way(self):
        for kind, packets, form in CAPTURES:
            path = self.generate(kind, packets, form)
            data = self.read(os.path.basename(path))
            packed = self.write("packed.gz", gzip.compress(data, 1))
            mapped = self.run_it("-q", "-T", "ndjson", path).stdout
            self.assertGreater(mapped.count(b"\n"), 100)
            for way, lines in {
                "two threads": self.run_it("-q", "-T", "ndjson", "--threads", "2", path).stdout,
                "redirected": self.redirected(path),
                "piped": self.run_it("-q", "-T", "ndjson", "-", stdin=data).stdout,
                "inflated": self.run_it("-q", "-T", "ndjson", packed).stdout,
            }.items():
                self.assertTrue(lines == mapped, (kind, form, way))  # megabytes: not to be shown


if __name__ == "__main__":
    unittest.main()
