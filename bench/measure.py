"""Runs commands and says what they cost: CPU, wall time, peak memory."""

import os
import signal
import statistics
import threading
import time


class Sample:
    """One run of a command."""

    def __init__(self, cpu, wall, rss, status):
        self.cpu = cpu  # user and system time, seconds
        self.wall = wall  # seconds
        self.rss = rss  # peak resident set, bytes
        self.status = status  # exit status; negative: the signal that ended it


def run_once(argv, limit, stdout="/dev/null"):
    """Runs argv to its end, or for `limit` seconds, and returns its Sample.

    The kernel charges the memory of the process that starts a command to the command until it
    has replaced it, so a peak below this script's own (about 15 MiB) cannot be seen.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
    ]
    start = time.monotonic()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    alarm = threading.Timer(limit, os.kill, (pid, signal.SIGKILL))
    alarm.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    alarm.cancel()
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024,
                  os.waitstatus_to_exitcode(status))


class Job:
    """A command to measure, and what came of it."""

    def __init__(self, name, argv, slow=False, stdout="/dev/null"):
        self.name = name
        self.argv = argv
        self.slow = slow  # run it once (quick) or in the first rounds only
        self.stdout = stdout
        self.samples = []
        self.problem = None

    def median(self, field):
        return statistics.median(getattr(sample, field) for sample in self.samples)

    def ratio(self, other, field="cpu"):
        """The median of the ratios of runs that happened side by side."""
        pairs = list(zip(self.samples, other.samples))
        if not pairs:
            return None
        return statistics.median(getattr(a, field) / max(getattr(b, field), 1e-6)
                                 for a, b in pairs)


def round_robin(jobs, rounds, slow_rounds, limit):
    """Measures all jobs in turn, round after round, so that a change of the machine's mood
    touches all of them; a failing job is left out from then on. Before each run comes one that
    does not count, so that the memory it needs is at hand."""
    for number in range(rounds):
        for job in jobs:
            if job.problem or (job.slow and number >= slow_rounds):
                continue
            if not job.slow:
                run_once(job.argv, limit, job.stdout)
            sample = run_once(job.argv, limit, job.stdout)
            if sample.status == -signal.SIGKILL and sample.wall >= limit:
                job.problem = f"stopped after {limit:.0f} s"
            elif sample.status != 0:
                job.problem = f"failed with status {sample.status}"
            else:
                job.samples.append(sample)
    return {job.name: job for job in jobs if job.samples and not job.problem}
