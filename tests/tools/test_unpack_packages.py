"""scripts/unpack-packages, with a pretended apt that has packages made here, and the real dpkg-deb."""

import subprocess

import pytest


class Archive:
    """A folder of packages, and a PATH whose apt-get downloads from it."""

    def __init__(self, folder, script):
        self._script, self._folder = script, folder
        self.dir, self.list, self.log = folder / "the headers", folder / "list.txt", folder / "log"
        (folder / "bin").mkdir()
        apt = folder / "bin/apt-get"
        apt.write_text(
            "#!/bin/sh\n"
            f'echo "$*" >> {self.log}\n'
            'while [ "$1" != download ]; do shift; done; shift\n'
            f'for name; do cp "{folder}/$name.deb" ./"$name"_1.0_all.deb || exit 100; done\n'
        )
        apt.chmod(0o755)
        cache = folder / "bin/apt-cache"
        cache.write_text(f'#!/bin/sh\ntest -e "{folder}/$2.deb"\n')
        cache.chmod(0o755)

    def package(self, name, files):
        """Make one; a value that is a path is a link to it."""
        tree = self._folder / f"tree-{name}"
        for path, content in {"DEBIAN/control": self._control(name), **files}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            if content.startswith("-> "):
                (tree / path).symlink_to(content[3:])
            else:
                (tree / path).write_text(content)
        command = ["dpkg-deb", "--build", "--root-owner-group", tree, self._folder / f"{name}.deb"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _control(self, name):
        return f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n"

    def unpack(self, *names):
        self.list.write_text("# why\n" + "".join(f"{name}   # and why\n" for name in names))
        path = f"{self._folder / 'bin'}:/usr/bin:/bin"
        command = [str(self._script), str(self.dir), str(self.list)]
        return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=60)


@pytest.fixture
def archive(root, tmp_path):
    return Archive(tmp_path, root / "scripts/unpack-packages")


def test_files_are_unpacked_once(archive):
    archive.package("alpha-dev", {"usr/include/alpha.h": "alpha"})
    archive.package("beta-dev", {"usr/include/beta.h": "beta"})
    assert archive.unpack("alpha-dev", "beta-dev").returncode == 0
    assert (archive.dir / "usr/include/alpha.h").read_text() == "alpha"
    assert (archive.dir / "usr/include/beta.h").read_text() == "beta"
    done = archive.unpack("alpha-dev", "beta-dev")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(archive.log.read_text().splitlines()) == 1
    assert archive.unpack("alpha-dev").returncode == 0
    assert not (archive.dir / "usr/include/beta.h").exists()


def test_of_several_names_the_first_that_there_is(archive):
    archive.package("alpha-dev", {"usr/include/alpha.h": "alpha"})
    assert archive.unpack("new-dev | alpha-dev | old-dev", "none-dev | -").returncode == 0
    assert (archive.dir / "usr/include/alpha.h").exists()


def test_a_library_is_the_one_that_is_installed(archive, tmp_path):
    """A real one, which every system has, stands for it: libc.so.6."""
    folder = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True).stdout.strip()
    archive.package("c-dev", {f"usr/lib/{folder}/libc.so": "-> libc.so.6"})
    done = archive.unpack("c-dev")
    assert done.returncode == 0, done.stderr
    link = archive.dir / f"usr/lib/{folder}/libc.so"
    assert link.exists() and str(link.resolve()).endswith(f"/{folder}/libc.so.6")


def test_a_library_that_is_not_installed_is_an_error_and_tried_again(archive):
    archive.package("none-dev", {"usr/lib/libnosuchthing.so": "-> libnosuchthing.so.1"})
    for _ in range(2):
        done = archive.unpack("none-dev")
        assert done.returncode == 1 and "libnosuchthing.so has no library" in done.stderr
    assert len(archive.log.read_text().splitlines()) == 2


def test_a_failing_download_says_what_to_do(archive):
    done = archive.unpack("unknown-dev")
    assert done.returncode == 1 and "apt-get update" in done.stderr
    assert not (archive.dir / "unpacked").exists()
