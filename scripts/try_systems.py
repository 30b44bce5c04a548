#!/usr/bin/python3
"""Tries the project on other Debians: a fresh one of each, in a chroot, with `make demo` and `make test`.

It needs root and debootstrap; packages come from the server that this machine's apt uses. What is printed is one line
for each command; the rest is in BUILD/systems. The chroots are removed, but for those of --keep.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from suites import ROOT

SYSTEMS = {"trixie": "Debian 13", "testing": "Debian testing"}
COMMANDS = {"demo": "make demo", "test": "make test"}

# What a user who clones the project has; the rest is installed by make.
INCLUDED = "ca-certificates,git,make"
# So that the same servers are found and trusted.
COPIED = ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt", "etc/pip.conf")
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL")

Output = int | None


def mirror() -> str:
    """The server of Debian's packages that apt uses here."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    urls = [line.partition(" ")[0] for line in listed.splitlines() if line.endswith(" Debian")]
    if not urls:
        raise SystemExit("try_systems: apt has no packages of Debian here: apt-get update")
    return urls[0]


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """With the kernel's file systems, those below them included: shared memory and terminals."""
    places = [folder / name for name in ("proc", "sys", "dev")]
    try:
        for place in places:
            subprocess.run(["mount", "--rbind", f"/{place.name}", place], check=True)
            subprocess.run(["mount", "--make-rslave", place], check=True)
        yield
    finally:
        for place in places:
            subprocess.run(["umount", "--recursive", "--lazy", place], stderr=subprocess.DEVNULL)


def remove(folder: Path) -> None:
    """Not while anything is mounted there: it would be removed, too."""
    if any(str(folder) in line for line in Path("/proc/self/mountinfo").read_text().splitlines()):
        raise SystemExit(f"try_systems: something is mounted in {folder}; unmount it")
    shutil.rmtree(folder, ignore_errors=True)


def make_system(name: str, folder: Path, log: Path) -> None:
    remove(folder)
    folder.mkdir(parents=True)
    with log.open("wb") as output:
        command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", name, str(folder), mirror()]
        subprocess.run(command, stdout=output, stderr=output, check=True)
    # A mirror of testing may be some days behind, which apt takes for an attack.
    apt = folder / "etc/apt/apt.conf.d/90valid"
    apt.parent.mkdir(parents=True, exist_ok=True)
    apt.write_text('Acquire::Check-Valid-Until "false";\n')
    for path in COPIED:
        if Path("/", path).exists():
            shutil.copyfile(Path("/", path), folder / path)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder / "root/project"], check=True)


def run_in(folder: Path, command: str, log: Path) -> int:
    environment = {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"}
    environment |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    with log.open("wb") as output:
        line = [str(shutil.which("chroot")), str(folder), "/bin/sh", "-c", f"cd /root/project && exec {command}"]
        return subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def try_system(name: str, commands: Sequence[str], place: Path, keep: bool) -> bool:
    folder, is_well = place / name, True
    try:
        make_system(name, folder, place / f"{name}-debootstrap.log")
        with mounted(folder):
            for key in commands:
                log, began = place / f"{name}-{key}.log", time.monotonic()
                status = run_in(folder, COMMANDS[key], log)
                verdict = "ok" if status == 0 else f"FAILED with status {status}"
                took = f"{time.monotonic() - began:.0f} s"
                print(f"{SYSTEMS[name]:16}{COMMANDS[key]:12}{verdict}, {took}: {last_line(log)}", flush=True)
                is_well = is_well and status == 0
    except subprocess.CalledProcessError as error:
        print(f"{SYSTEMS[name]:16}not made: {' '.join(map(str, error.cmd))}: see {place}", flush=True)
        is_well = False
    if not keep:
        remove(folder)
    return is_well


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="try the project on other Debians", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="where BUILD/systems is made")
    parser.add_argument("--only", action="append", choices=tuple(SYSTEMS), help="this one (may be repeated)")
    parser.add_argument("--command", action="append", choices=tuple(COMMANDS), help="this one (may be repeated)")
    parser.add_argument("--keep", action="store_true", help="leave the chroots")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        parser.error("it needs root and debootstrap (apt-get install debootstrap)")
    place = options.build_dir.resolve() / "systems"
    place.mkdir(parents=True, exist_ok=True)
    wanted = options.only or list(SYSTEMS)
    ended = [try_system(name, options.command or list(COMMANDS), place, options.keep) for name in wanted]
    return 0 if all(ended) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
