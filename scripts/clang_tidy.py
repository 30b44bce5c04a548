#!/usr/bin/python3
"""Runs clang-tidy on the C++ files of a build tree, and only on those that may have changed since they last passed.

A full run takes a minute or two of all processors, nearly all of it for parsing headers. A file that passes is
remembered in BUILD/lint/clang-tidy with a hash of all that its result depends on: clang-tidy's version, the settings
(.clang-tidy in its folder and above), its compile command, and its own text and that of every header it includes,
system headers too. clang-tidy itself says which those are (-H), so the tree has to be configured but not built. A
file with findings is looked at each time. Not noticed: a new header that would be found before one of the same name.

Prints what clang-tidy finds; the exit status is 1 if that is anything, 2 if the check could not be done.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = re.compile(r"^\.+ (.+)$", re.MULTILINE)


class CannotCheck(Exception):
    """What the check needs is missing; the text says what."""


@dataclass(frozen=True)
class Source:
    """A C++ file and how it is compiled: more than one command if several targets have it."""

    path: Path
    directory: Path
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    unchanged: bool
    findings: str = ""  # none: it passes


def read_sources(build: Path) -> dict[Path, Source]:
    """What the build tree compiles, by the files' paths."""
    database = build / "compile_commands.json"
    try:
        entries = json.loads(database.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CannotCheck(
            f"{database} is missing: {build} is no configured build tree; run `make build` first"
        ) from None
    sources: dict[Path, Source] = {}
    for entry in entries:
        directory = Path(entry["directory"])
        path = Path(os.path.normpath(directory / entry["file"]))
        command = entry.get("command") or " ".join(entry["arguments"])
        before = sources[path].commands if path in sources else ()
        sources[path] = Source(path, directory, (*before, command))
    return sources


def choose(sources: dict[Path, Source], files: Sequence[Path]) -> list[Source]:
    """The sources that are `files`, or all."""
    paths = [Path(os.path.abspath(file)) for file in files]
    for path in paths:
        if path not in sources:
            raise CannotCheck(
                f"{path} is no file that the build tree compiles (headers are checked where they are used)"
            )
    return [sources[path] for path in paths or sorted(sources)]


def read_version(clang_tidy: str) -> str:
    try:
        return subprocess.run([clang_tidy, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotCheck(f"{clang_tidy} does not run: {error}") from None


# Most headers are included by most files.
@functools.cache
def real_path(path: str) -> str:
    return os.path.realpath(path)


@functools.cache
def hash_of(path: str) -> str:
    """The hash of a file's content; of a missing file, nothing."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


class Checker:
    """Checks single files; several threads may do so."""

    def __init__(self, clang_tidy: str, build: Path) -> None:
        self.clang_tidy = clang_tidy
        self.build = build
        self.version = read_version(clang_tidy)

    def check(self, source: Source) -> Result:
        memory = self.build / "lint/clang-tidy" / source.path.relative_to("/")
        if self._passed_before(source, memory):
            return Result(unchanged=True)
        began_ns = time.time_ns()
        command = [self.clang_tidy, "-p", str(self.build), "--quiet", "--extra-arg=-H", str(source.path)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode != 0 or done.stdout.strip():
            memory.unlink(missing_ok=True)
            return Result(unchanged=False, findings=done.stdout.strip() or HEADER.sub("", done.stderr).strip())
        self._remember(source, memory, HEADER.findall(done.stderr), began_ns)
        return Result(unchanged=False)

    def _fingerprint(self, source: Source, headers: Iterable[str]) -> str:
        settings = (str(folder / ".clang-tidy") for folder in source.path.parents)
        files = [str(source.path), *settings, *headers]
        facts = [self.version, *source.commands, *(f"{hash_of(file)} {file}" for file in files)]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def _passed_before(self, source: Source, memory: Path) -> bool:
        try:
            fingerprint, *headers = memory.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return False
        return fingerprint == self._fingerprint(source, headers)

    def _remember(self, source: Source, memory: Path, told: Iterable[str], began_ns: int) -> None:
        headers = sorted({real_path(str(source.directory / header)) for header in told})
        # Every file includes something: where nothing is told, clang-tidy did not understand the question.
        if not headers or newest_ns([str(source.path), *headers]) >= began_ns:
            return  # or what has been looked at may not be what is there now
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text("\n".join([self._fingerprint(source, headers), *headers]) + "\n", encoding="utf-8")


def newest_ns(files: Iterable[str]) -> int:
    """When the last change of one of `files` was."""
    return max(os.stat(file).st_mtime_ns for file in files)


def check_all(checker: Checker, sources: Sequence[Source]) -> bool:
    """Checks side by side, prints what is found, and says whether that is nothing."""
    counts: Counter[str] = Counter()
    executor = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        for result in executor.map(checker.check, sources):
            counts["unchanged"] += result.unchanged
            if result.findings:
                counts["failed"] += 1
                print(result.findings, flush=True)
    finally:
        executor.shutdown(cancel_futures=True)
    print(f"{len(sources)} files, {counts['unchanged']} unchanged since they passed, {counts['failed']} with findings")
    return counts["failed"] == 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="run clang-tidy on what has changed", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="a configured build tree")
    parser.add_argument("--clang-tidy", default="clang-tidy", metavar="PATH", help="the program to run")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="C++ files; by default all of the tree")
    options = parser.parse_args(arguments)
    build = options.build_dir.resolve()
    try:
        sources = choose(read_sources(build), options.files)
        return 0 if check_all(Checker(options.clang_tidy, build), sources) else 1
    except CannotCheck as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
