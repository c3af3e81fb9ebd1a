#!/usr/bin/env python3
"""Installs the foreign clients into a folder of the build: install.py FOLDER.

At the exact versions of package.json, and checked against the hashes of package-lock.json.
"""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    folder = pathlib.Path(sys.argv[1])
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"the tests with a foreign peer need {program}: `./run slow` installs it")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
    if subprocess.run(["npm", "ci", *quiet], cwd=folder).returncode != 0:
        sys.exit("npm could not install the packages: the tests with a foreign peer need npm's registry")


if __name__ == "__main__":
    main()
