"""What the tests of the command line share: the program, a directory, captures."""
import json
import os
import subprocess
import tempfile
import unittest

import packets

PROGRAM = os.environ.get("WHYRST_PROGRAM", "whyrst")
CLIENT, SERVER, OTHER = ("192.0.2.7", 40000), ("198.51.100.9", 8080), ("203.0.113.4", 443)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def capture(self, name="one.pcap", resets=1, at=0.0, server=SERVER):
        """A file with so many refused connections."""
        data = []
        for i in range(resets):
            client = (CLIENT[0], CLIENT[1] + i)
            data += packets.refused(client, server, at + i * 0.01)
        return self.write(name, packets.pcap(data))

    def run_it(self, *arguments, code=0, stdin=b"", env=None, **more):
        done = subprocess.run([PROGRAM, *arguments], input=stdin, stdout=more.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, env=dict(os.environ, **(env or {})), timeout=60, **more)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        return done

    def document(self, *arguments, code=0, **more):
        return json.loads(self.run_it(*arguments, code=code, **more).stdout)

    def refused(self, *arguments, says="", **more):
        """A run that must fail with exactly one clear line."""
        done = self.run_it(*arguments, code=2, **more)
        error = done.stderr.decode()
        self.assertEqual(done.stdout or b"", b"", arguments)
        self.assertTrue(error.startswith("whyrst: ") and error.count("\n") == 1, (arguments, error))
        self.assertIn(says, error)
        return error
