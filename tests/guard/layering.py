#!/usr/bin/env python3
"""The layers: risk <- config <- feeds <- gateway, and what risk/ may use at all.

usage: layering.py SOURCE_DIR [RISK_LIBRARY]
"""

import pathlib
import re
import subprocess
import sys

LAYERS = ["risk", "config", "feeds", "gateway"]

# What the decision may include of the standard library: no I/O, clock, thread, lock or exception,
# and no container that allocates as it is used.
RISK_HEADERS = {
    "algorithm", "array", "bit", "compare", "concepts", "cstddef", "cstdint", "cstdlib", "limits",
    "new", "span", "string_view", "type_traits", "utility", "vector",
    "cstdio",  # the last words of a broken invariant
}
# What one file of it alone may include and import: huge pages for the engine's memory, asked for as it is made.
RISK_EXCEPTIONS = {"risk/pool.cpp": ("sys/mman.h", "madvise")}
# float would make a decision depend on the machine, std::hash on the library.
RISK_WORDS = re.compile(r"\b(?:float|double|std::hash|throw|try|catch|std::function|std::string)\b")

# What its library may import: the last words, memory, arithmetic in 128 bits, and what the
# processor can do (vectors.cpp).
RISK_IMPORTS = re.compile(
    r"abort|fprintf|stderr|mem(?:cmp|cpy|move|set)|__u?(?:div|mod|divmod)ti[34]"
    r"|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__cpu_(?:model|indicator_init)"
    r"|std::__throw_\w+\(.*\)|std::terminate\(\)"
    r"|operator (?:new|delete)(?:\[\])?\(.*\)")
# The heap is for construction, validation, what is worked out off the shard, and the slow proof.
MAY_ALLOCATE = {"engine.cpp.o", "layout.cpp.o", "parameter_change.cpp.o", "parameters.cpp.o", "pool.cpp.o",
                "risk_table.cpp.o", "rules.cpp.o", "verify.cpp.o"}


def code_of(text):
    """The text without comments, strings and characters; line breaks stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)

    def blank(match):
        if match.group().startswith("'") and text[match.start() - 1].isalnum():
            return match.group()  # a digit separator
        return "\n" * match.group().count("\n")

    return token.sub(blank, text)


def include_problems(path, text):
    layer = path.split("/")[0]
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    for line in text.splitlines():
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        name = match.group(2)
        top = name.split("/")[0] if "/" in name else ""
        if match.group(1) == '"' and top not in allowed:
            yield f'{path}: may not include "{name}"'
        elif match.group(1) == "<" and (top in LAYERS or top in ("tests", "bench")):
            yield f"{path}: own headers are included with quotes: <{name}>"
        elif (match.group(1) == "<" and layer == "risk" and name not in RISK_HEADERS
              and name not in RISK_EXCEPTIONS.get(path, ())):
            yield f"{path}: may not include <{name}>"


def word_problems(path, text):
    if not path.startswith("risk/"):
        return
    for number, line in enumerate(code_of(text).splitlines(), 1):
        for match in RISK_WORDS.finditer(line):
            yield f"{path}:{number}: {match.group()} is not for risk/"


def import_problems(undefined, defined):
    """Of nm's lines "library:member:   U symbol" and "library:member:address T symbol"."""
    parts = re.compile(r"\S*?([^:/]+\.o):\s*(?:[0-9a-f]+\s+)?\w (.*)")
    own = {parts.match(line).group(2) for line in defined}
    for line in undefined:
        member, symbol = parts.match(line).groups()
        if symbol in own or symbol in RISK_EXCEPTIONS.get(f"risk/{member.removesuffix('.o')}", ()):
            continue
        if not RISK_IMPORTS.fullmatch(symbol):
            yield f"risk library, {member}: imports {symbol}"
        elif symbol.startswith("operator new") and member not in MAY_ALLOCATE:
            yield f"risk library, {member}: allocates"


def self_test():
    """The guard itself: what must be found, and what must not."""
    bad_includes = {
        "risk/a.h": '#include "config/load.h"',
        "risk/b.h": "#include <mutex>",
        "risk/c.h": "# include <unordered_map>",
        "risk/pool.h": "#include <sys/mman.h>",
        "risk/engine.cpp": "#include <sys/mman.h>",
        "config/a.cpp": '#include "feeds/feed_queue.h"',
        "config/c.cpp": '#include "deployment.h"',
        "feeds/a.h": '  #include "gateway/gate/gate.h"',
        "gateway/a.cpp": '#include "tests/support/seed.h"',
        "gateway/b.cpp": '#include "bench/worlds.h"',
        "gateway/c.cpp": "#include <tests/support/seed.h>",
    }
    good_includes = {
        "risk/a.h": '#include "risk/types.h"\n#include <vector>',
        "risk/pool.cpp": "#include <sys/mman.h>",
        "config/a.cpp": '#include "risk/types.h"\n#include <string>',
        "gateway/a.cpp": '#include "feeds/feed_queue.h"\n#include <boost/asio/buffer.hpp>',
    }
    for path, text in bad_includes.items():
        assert list(include_problems(path, text)), path
    for path, text in good_includes.items():
        assert not list(include_problems(path, text)), path
    assert list(word_problems("risk/a.h", "int x;\nlong double y;"))
    assert list(word_problems("risk/a.h", "std::hash<int> h;"))
    assert not list(word_problems("risk/a.h", "int x = 1'000;  // no float\n/* double */ int t;"))
    assert not list(word_problems("config/a.h", "double y;"))
    own = ["lib.a:engine.cpp.o:0000000000000010 T portcullis::risk::Engine::mark() const"]
    bad_imports = ["lib.a:engine.cpp.o:                  U clock_gettime",
                   "lib.a:engine.cpp.o:                  U pthread_mutex_lock",
                   "lib.a:engine.cpp.o:                  U madvise",
                   "lib.a:pool.cpp.o:                  U mmap",
                   "lib.a:decide.cpp.o:                  U operator new(unsigned long)"]
    good_imports = ["lib.a:engine.cpp.o:                  U operator new(unsigned long)",
                    "lib.a:verify.cpp.o:                  U portcullis::risk::Engine::mark() const",
                    "lib.a:pool.cpp.o:                  U madvise",
                    "lib.a:decide.cpp.o:                  U memcpy"]
    for line in bad_imports:
        assert list(import_problems([line], own)), line
    assert not list(import_problems(good_imports, own))


def nm(library, *options):
    lines = subprocess.run(["nm", "-CA", *options, library], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return [line for line in lines if re.search(r"\.o:", line)]


def main():
    self_test()
    root = pathlib.Path(sys.argv[1])
    files = [f for layer in LAYERS for f in sorted((root / layer).rglob("*"))
             if f.suffix in (".h", ".cpp")]
    problems = []
    for file in files:
        path = file.relative_to(root).as_posix()
        text = file.read_text()
        problems += include_problems(path, text)
        problems += word_problems(path, text)
    for layer in LAYERS:
        if not any(f.relative_to(root).parts[0] == layer for f in files):
            problems.append(f"{layer}/: no sources found")
    imports = []
    if len(sys.argv) > 2:
        imports = nm(sys.argv[2], "-u")
        problems += import_problems(imports, nm(sys.argv[2], "--defined-only"))
        if not any("operator new" in line for line in imports):
            problems.append("risk library: nm shows no imports")
    print(f"{len(files)} files, {len(imports)} imports of the risk library")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
