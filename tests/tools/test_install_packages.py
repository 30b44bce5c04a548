"""scripts/install-packages, on pretended systems: a PATH that holds only what a test puts there."""

import shutil
import subprocess

import pytest

# The tools of the script that every system has.
TOOLS = ("sh", "sed", "grep", "tr", "dirname", "env", "sort", "head")


class System:
    """A folder of programs, and what the script did with them."""

    def __init__(self, folder, script):
        self._script = script
        self._bin = folder / "bin"
        self._bin.mkdir()
        self._log = folder / "log"
        self._list = folder / "list.txt"
        self._list.write_text("# why\nalpha\nbeta   # and why\n\ngamma\n")
        for tool in TOOLS:
            (self._bin / tool).symlink_to(shutil.which(tool))

    def program(self, name, body):
        path = self._bin / name
        path.write_text(f"#!{shutil.which('sh')}\n{body}\n")
        path.chmod(0o755)

    def list(self, *entries):
        self._list.write_text("".join(f"{entry}\n" for entry in entries))

    def debian(self, installed, user=0, apt_status=0, simulated="", known=("alpha", "beta", "gamma")):
        """`known`: what apt has packages of."""
        self.program("apt-cache", f"case ' {' '.join(known)} ' in *\" $2 \"*) exit 0;; esac; exit 100")
        answers = "\n".join(f"echo '{name} {status}'" for name, status in installed.items())
        self.program("dpkg-query", f"{answers}\nexit 1")  # 1: some name is unknown to dpkg
        simulate = f"case \"$*\" in *--simulate*) printf '%s' '{simulated}';; esac"
        self.program("apt-get", f'echo "apt-get $*" >> {self._log}; {simulate}; exit {apt_status}')
        self.program("id", f"echo {user}")

    def sudo(self):
        self.program("sudo", f'echo sudo >> {self._log}; exec "$@"')

    def run(self, *options, **environment):
        command = [str(self._bin / "sh"), str(self._script), *options, str(self._list)]
        return subprocess.run(command, env={"PATH": str(self._bin), **environment}, capture_output=True, text=True)

    def log(self):
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def system(root, tmp_path):
    return System(tmp_path, root / "scripts/install-packages")


OPTIONS = "-q -o Dpkg::Use-Pty=0"


def test_nothing_missing(system):
    system.debian({"alpha": "installed", "beta": "installed", "gamma": "installed"})
    done = system.run()
    assert (done.returncode, done.stdout, done.stderr, system.log()) == (0, "", "", [])


def test_installs_only_what_is_missing(system):
    system.debian({"alpha": "config-files", "beta": "installed"})
    done = system.run()
    assert done.returncode == 0, done.stderr
    assert "alpha gamma" in done.stdout
    assert system.log() == [
        f"apt-get {OPTIONS} update",
        f"apt-get {OPTIONS} install -y --no-install-recommends alpha gamma",
    ]


SIMULATED = (
    "NOTE: This is only a simulation!\n"
    "Inst gamma (2.0 Debian:12 [amd64])\n"
    "Inst libgamma [1.0] (2.0 Debian:12 [amd64]) []\n"
    "Remv oldgamma [1.0]\n"
    "Conf gamma (2.0 Debian:12 [amd64])\n"
)


def test_keeps_what_is_there(system):
    system.debian({"alpha": "installed", "beta": "installed"}, simulated=SIMULATED)
    done = system.run("--keep")
    assert done.returncode == 1
    assert "apt-get install --only-upgrade libgamma oldgamma" in done.stderr
    assert not any(" -y " in line for line in system.log())


def test_keeping_installs_where_nothing_is_upgraded(system):
    new = "".join(line + "\n" for line in SIMULATED.splitlines() if "gamma (" in line)
    system.debian({"alpha": "installed", "beta": "installed"}, simulated=new)
    assert system.run("--keep").returncode == 0
    assert system.log()[-1].endswith("install -y --no-install-recommends gamma")


def test_no_package_at_all_is_installed(system):
    system.debian({})
    assert system.run().returncode == 0
    assert system.log()[-1].endswith("alpha beta gamma")


def test_uses_sudo_for_other_users(system):
    system.debian({}, user=1000)
    system.sudo()
    assert system.run().returncode == 0
    assert system.log().count("sudo") == 2


def test_neither_root_nor_sudo(system):
    system.debian({"alpha": "installed"}, user=1000)
    done = system.run()
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends beta gamma" in done.stderr
    assert system.log() == []


def test_a_failing_apt_is_reported(system):
    system.debian({}, apt_status=100)
    done = system.run()
    assert done.returncode == 1
    assert "apt-get update failed" in done.stderr
    assert len(system.log()) == 1


def test_the_first_name_that_the_release_has(system):
    system.list("new | alpha | old", "beta")
    system.debian({})
    assert system.run().returncode == 0
    assert system.log()[-1].endswith("--no-install-recommends alpha beta")


def test_any_of_the_names_is_enough(system):
    system.list("new | alpha", "beta")
    system.debian({"alpha": "installed", "beta": "installed"}, known=("new", "alpha", "beta"))
    assert system.run().returncode == 0 and system.log() == []


def test_what_a_release_need_not_have(system):
    system.list("old | -", "beta")
    system.debian({"beta": "installed"})
    assert system.run().returncode == 0 and system.log() == []  # it has none: nothing to do, and nobody is asked
    system.debian({})
    assert system.run().returncode == 0
    assert system.log()[-1].endswith("--no-install-recommends beta")
    system.debian({"beta": "installed"}, known=("old",))
    assert system.run().returncode == 0
    assert system.log()[-1].endswith("--no-install-recommends old")


def test_what_no_release_calls_so(system):
    system.list("new | old")
    system.debian({})
    done = system.run()
    assert done.returncode == 1 and "this release has no package new or old" in done.stderr


def test_without_apt(system):
    done = system.run()
    assert done.returncode == 1
    assert "environment.yml" in done.stderr


def test_inside_a_conda_environment(system):
    assert system.run(CONDA_PREFIX="/opt/conda").returncode == 0


def test_the_projects_lists_are_sound(root):
    lists = sorted((root / "scripts").glob("packages*.txt"))
    lines = [line.split("#")[0].strip() for one in lists for line in one.read_text().splitlines()]
    names = [name.strip() for line in lines if line for name in line.split("|") if name.strip() != "-"]
    assert len(lists) == 5 and len(names) > 30
    assert len(set(names)) == len(names), "a package is in two lists"
    assert all(" " not in name for name in names)
