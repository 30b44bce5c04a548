"""JupyterLab as `make lab` starts it, and its pages as somebody in front of a browser uses them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("XPAR_BUILD_DIR", ROOT / "build"))
PICTURES = BUILD / "frontend/screenshots"

# The most that anything a test waits for may take on a small, busy machine.
SECONDS = 40

_TAB = "#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current"
_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Server:
    """A JupyterLab server of scripts/lab, on a folder of its own. A context manager: nothing is left of it."""

    def __init__(self, folder: Path):
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        self._token = secrets.token_hex(16)
        self._log = folder / "lab.log"
        tree = folder / "tree"  # a build tree as far as scripts/lab looks: the user's settings and state stay untouched
        tree.mkdir()
        (tree / "share").symlink_to(BUILD / "share")
        command = [ROOT / "scripts/lab", tree, sys.executable, "--no-browser", "--ServerApp.port=0", self.notebooks]
        environment = {
            **os.environ,
            "LAB_VENV": sys.prefix,
            "JUPYTER_TOKEN": self._token,
            "IPYTHONDIR": str(folder / "ipython"),
            "WIDGETS": str(Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._runtime = tree / "lab/runtime"
        self._address = ""

    def __enter__(self) -> Server:
        try:
            end = time.monotonic() + SECONDS
            while not self._is_up():
                assert self._process.poll() is None and time.monotonic() < end, f"no server: {self.log}"
                time.sleep(0.05)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exception) -> None:
        for kernel in self.get("api/kernels"):
            self.get(f"api/kernels/{kernel['id']}", method="DELETE")
        self._end()

    def _is_up(self) -> bool:
        """The server's file says where it listens, once it does."""
        for file in self._runtime.glob("jpserver-*.json"):
            with contextlib.suppress(OSError, ValueError):
                self._address = json.loads(file.read_text())["url"]
                self.get("api/status")
                return True
        return False

    def _end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def log(self) -> str:
        """What the server and its kernels wrote for the operator."""
        return self._log.read_text(errors="replace")

    def get(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own interface."""
        request = urllib.request.Request(
            self._address + path, method=method, headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def sessions(self) -> list[dict]:
        """The notebooks that have kernels."""
        return self.get("api/sessions")

    def address(self, path: str) -> str:
        """Of a page, with what lets a browser in."""
        return f"{self._address}{path}{'&' if '?' in path else '?'}token={self._token}"


class Lab:
    """One browser page with JupyterLab in it."""

    def __init__(self, server: Server, page: Page):
        self.server = server
        self.page = page

    def open_launcher(self) -> None:
        """Bring a launcher to the front; what is open stays."""
        if self.page.url == "about:blank":
            self._go("lab?reset")
        self.page.locator("#jp-main-dock-panel .lm-TabBar-addButton").click()
        expect(self.page.locator(".jp-LauncherCard:visible").first).to_be_visible()

    def launch(self, name: str) -> Notebook:
        """A new notebook, by a click on the kernel's card in the launcher."""
        self.page.locator(f'.jp-LauncherCard:visible[data-category="Notebook"][title="{name}"]').click()
        return self._notebook()

    def open(self, file: str) -> Notebook:
        """A notebook that there is."""
        self._go(f"lab/tree/{file}?reset")
        return self._notebook()

    def _go(self, path: str) -> None:
        self.page.goto(self.server.address(path))
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        expect(self.page.locator("#jp-main-dock-panel")).to_be_visible()

    def _notebook(self) -> Notebook:
        notebook = Notebook(self)
        expect(notebook.cell(0).locator(".cm-content")).to_be_visible()
        notebook.wait_for_kernel()
        return notebook

    def accept(self, title: str) -> None:
        """Press the button of a dialog that means yes."""
        dialog = self.page.locator(".jp-Dialog", has_text=re.compile(re.escape(title), re.IGNORECASE))
        dialog.locator("button.jp-mod-accept").click()
        dialog.wait_for(state="detached")

    def picture(self, name: str) -> None:
        """Keep what is to be seen, for somebody to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


class Notebook:
    """The notebook that is in front."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self._page = lab.page
        self._panel = lab.page.locator(".jp-NotebookPanel:visible")

    @property
    def file(self) -> Path:
        """Where it is stored."""
        title = self._page.locator(f"{_TAB} .lm-TabBar-tabLabel")
        return self.lab.server.notebooks / title.inner_text()

    def cell(self, index: int) -> Locator:
        """A code cell."""
        return self._panel.locator(".jp-CodeCell").nth(index)

    def run(self, index: int, code: str) -> None:
        """Type a cell over what it was and press Shift+Enter; its end is not waited for."""
        editor = self.cell(index).locator(".cm-content")
        editor.click()
        self._page.keyboard.press("Control+A")
        self._page.keyboard.insert_text(code)
        expect(editor).to_contain_text(code.rstrip().splitlines()[-1].strip())
        self._page.keyboard.press("Shift+Enter")

    def output(self, index: int) -> Locator:
        """Everything under a cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def is_running(self, index: int) -> bool:
        """Does the cell's prompt have a star?"""
        return "*" in self.cell(index).locator(".jp-InputPrompt").inner_text()

    def wait_for_end(self, index: int) -> None:
        """Until the cell has its number."""
        expect(self.cell(index).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def wait_for_kernel(self) -> None:
        """Until the page is connected to a kernel, which says that it is idle.

        Before, cells do not run, without a word, and the page itself says "idle" already.
        """
        end = time.monotonic() + SECONDS
        while not self._is_connected():
            assert time.monotonic() < end, f"{self.file.name} has got no kernel"
            self._page.wait_for_timeout(50)
        self.wait_until_idle()

    def _is_connected(self) -> bool:
        name = self.file.name
        return any(one["path"] == name and one["kernel"]["connections"] for one in self.lab.server.sessions())

    def wait_until_idle(self) -> None:
        """Until the kernel is, by the line at the bottom."""
        expect(self._page.locator("#jp-main-statusbar")).to_contain_text("| Idle")

    def button(self, name: str) -> None:
        """Press a button of the toolbar."""
        self._panel.locator(f'.jp-Toolbar [data-jp-item-name="{name}"]').first.click()

    def save(self) -> None:
        """Save it for the first time: under the name it has, which is asked for."""
        self._page.keyboard.press("Control+S")
        self.lab.accept("Rename file")
        expect(self._page.locator(_TAB)).not_to_contain_class("jp-mod-dirty")

    def texts(self, index: int) -> str:
        """The text of everything under a cell, without colours."""
        return _TERMINAL_COLOURS.sub("", self.output(index).inner_text())
