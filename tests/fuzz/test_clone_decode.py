"""A short run of the fuzzer; a long one is a matter of the same command by hand (README.md)."""

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

import seeds

FUZZER = Path(os.environ["XPAR_BUILD_DIR"]) / "fuzz/bin/clone_decode_fuzz"
SECONDS = 20


def fuzz(*arguments, folder):
    """Run it; its report, which is where a failure says what was wrong with which input."""
    command = [FUZZER, "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=5 * SECONDS
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    return done.stdout


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    assert seeds.write(folder) > 50
    return folder


def test_every_seed_is_read(corpus, tmp_path):
    files = sorted(corpus.iterdir())
    report = fuzz(*files, folder=tmp_path)
    assert len(re.findall("^Executed .*seed-", report, re.MULTILINE)) == len(files)


def test_hostile_records(corpus, tmp_path):
    seed = random.SystemRandom().randrange(1, 2**31)
    print(f"seed {seed}")
    report = fuzz(f"-seed={seed}", f"-max_total_time={SECONDS}", "-max_len=8192", corpus, folder=tmp_path)
    print(report[-2000:])
    assert int(re.search(r"Done (\d+) runs", report)[1]) > 100
    assert len(list(corpus.iterdir())) > 60, "nothing new was reached"
