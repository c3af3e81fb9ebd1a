#!/usr/bin/env python3
"""The installed package: config/examples/embedding, built from an installed prefix alone, makes the decisions that
it says, and the installed program finds its examples good.

usage: embedding_test.py CMAKE BUILD_DIR CXX_COMPILER
"""

import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def figures(line):
    """equity, requirement and available"""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", line.split(": ", 1)[1])]


def main(cmake, build, compiler):
    with tempfile.TemporaryDirectory() as name:
        prefix = pathlib.Path(name) / "prefix"
        run(cmake, "--install", build, "--prefix", prefix)
        examples = prefix / "share" / "portcullis" / "examples"
        made = pathlib.Path(name) / "made"
        run(cmake, "-S", examples / "embedding", "-B", made, f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror")
        run(cmake, "--build", made)
        told = run(made / "embedding", examples / "demo").splitlines()
        if [line.split(":")[0] for line in told] != ["begun", "order 1 is forwarded as 1", "working", "filled",
                                                     "order 2 is refused"]:
            sys.exit("FAILED: it tells\n" + "\n".join(told))
        begun, working, filled = (figures(told[n]) for n in (0, 2, 3))
        # USDC may lose 2.5 % in the demo's scenarios.
        if begun != [10000, 250, 9750]:
            sys.exit(f"FAILED: it begins with {told[0]}")
        # What an open order costs is taken off too.
        if not (begun[1] < working[1] and working[2] < working[0] - working[1] and begun[1] < filled[1]
                and round(filled[0] - filled[1] - filled[2], 9) == 0):
            sys.exit("FAILED: these figures do not go together\n" + "\n".join(told))
        # 100 shares at 220, fees of 30 ppm.
        if filled[0] != 10000 - 100 * 220 * 30e-6:
            sys.exit(f"FAILED: the fee is missing: {told[3]}")
        if not run(prefix / "bin" / "portcullis", "check", "--config", examples / "demo").startswith("ok: "):
            sys.exit("FAILED: the installed example is not good")
    print("\n".join(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
