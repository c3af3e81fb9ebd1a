#!/usr/bin/env python3
"""Installs what a package.json of the tests names into a folder of the build: install.py FOLDER [SET],
where SET is the folder of package.json, that of the foreign clients by default.

At the exact versions of package.json, and checked against the hashes of package-lock.json.
"""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    folder = pathlib.Path(sys.argv[1])
    source = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"these tests need {program}: `./run slow` and `./run browser` install it")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder / name)
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"]
    if subprocess.run(["npm", "ci", *quiet], cwd=folder).returncode != 0:
        sys.exit("npm could not install the packages: these tests need npm's registry")


if __name__ == "__main__":
    main()
