"""scripts/make-venv, with a pretended Python whose environments have a pretended pip."""

import subprocess

import pytest


class Place:
    """A folder with that Python, a list, and what was done."""

    def __init__(self, folder, script):
        self._script = script
        self._log = folder / "log"
        self.venv = folder / "the venv"
        self.list = folder / "list.txt"
        self.list.write_text("alpha>=1\n")
        self._python = folder / "python"
        self.pip("exit 0")

    def pip(self, end):
        """What pip does once it has noted its arguments."""
        self._python.write_text(
            "#!/bin/sh\n"
            f'echo "$*" >> {self._log}\n'
            'mkdir -p "$3/bin"\n'
            f'printf \'#!/bin/sh\\necho pip "$*" >> {self._log}; {end}\\n\' > "$3/bin/pip"\n'
            'chmod +x "$3/bin/pip"\n'
        )
        self._python.chmod(0o755)

    def make(self):
        """Run the script; its end, and the lines that were noted."""
        self._log.write_text("")
        command = [str(self._script), str(self.venv), str(self._python), str(self.list)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done, self._log.read_text().splitlines()


@pytest.fixture
def place(root, tmp_path):
    return Place(tmp_path, root / "scripts/make-venv")


def test_made_once(place):
    done, log = place.make()
    assert done.returncode == 0 and str(place.list) in done.stdout
    assert log[0] == f"-m venv {place.venv}" and log[1].endswith(f"--requirement {place.list}") and len(log) == 2
    done, log = place.make()
    assert (done.returncode, done.stdout, log) == (0, "", [])


def test_made_again_for_another_list(place):
    place.make()
    (place.venv / "old").touch()
    place.list.write_text("alpha>=1\nbeta\n")
    assert len(place.make()[1]) == 2
    assert not (place.venv / "old").exists()
    assert place.make()[1] == []


def test_what_failed_is_made_again(place):
    place.pip("exit 3")
    assert place.make()[0].returncode == 3
    place.pip("exit 0")
    done, log = place.make()
    assert done.returncode == 0 and len(log) == 2


def test_usage(place):
    done = subprocess.run([str(place._script)], capture_output=True, text=True)
    assert done.returncode == 2 and "usage" in done.stderr
