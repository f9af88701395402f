#!/usr/bin/env python3
"""Installs a build into an empty prefix and uses what is there.

    check_install.py BUILD_DIRECTORY

The installed program finds its rules from any directory, also after the prefix has moved; the
library is found by pkg-config, links from C with nothing else, and exports its own names only.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise SystemExit("%s: exit status %d\n%s" % (" ".join(command), done.returncode, done.stdout))
    return done.stdout


def check_program(prefix, elsewhere):
    environment = {"PATH": os.path.join(prefix, "bin") + ":/usr/bin:/bin"}
    listing = run("whyrst", "--check-rules", cwd=elsewhere, env=environment)
    if not listing.startswith(os.path.join(prefix, "")) and "/bin/../share/whyrst/rules" not in listing:
        raise SystemExit("the installed program does not use the installed rules: " + listing)
    for sample in sorted(glob.glob(os.path.join(TOP, "samples", "*.pcap")))[:1]:
        run("whyrst", "-T", "text", os.path.abspath(sample), cwd=elsewhere, env=environment)


def check_library(prefix, elsewhere):
    libdirs = [os.path.dirname(path) for path in
               glob.glob(os.path.join(prefix, "lib*", "**", "libwhyrst.so"), recursive=True)]
    if len(libdirs) != 1:
        raise SystemExit("libwhyrst.so is installed %d times" % len(libdirs))
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(libdirs[0], "pkgconfig"),
                       LD_LIBRARY_PATH=libdirs[0])
    flags = run("pkg-config", "--cflags", "--libs", "whyrst", env=environment).split()
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", "example",
        os.path.join(HERE, "example.c"), *flags, cwd=elsewhere)
    run("./example", os.path.join(prefix, "share", "whyrst", "rules"), cwd=elsewhere, env=environment)
    symbols = run("nm", "-D", "--defined-only", "--format=posix", os.path.join(libdirs[0], "libwhyrst.so"))
    foreign = [line for line in symbols.splitlines() if line and not line.startswith("whyrst_")]
    if foreign:
        raise SystemExit("exported beside whyrst_…: %s" % ", ".join(foreign[:10]))


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        prefix, elsewhere = os.path.join(directory, "prefix"), os.path.join(directory, "elsewhere")
        os.mkdir(elsewhere)
        run("cmake", "--install", arguments[0], "--prefix", prefix)
        check_program(prefix, elsewhere)
        moved = os.path.join(directory, "moved")
        shutil.copytree(prefix, moved, symlinks=True)
        check_program(moved, elsewhere)
        check_library(prefix, elsewhere)
    print("install: program, rules and library work from an empty prefix")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
