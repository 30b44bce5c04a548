#!/usr/bin/python3
"""Runs a notebook on the kernel of a build tree and prints its cells and their outputs as they come.

Usage: scripts/show_notebook.py [--build-dir DIR] [--timeout SECONDS] [--doctor] NOTEBOOK
Exit status: 0 if no cell raised, except cells tagged `raises-exception`, which may; 1 otherwise.
What --doctor finds on the machine is printed after the notebook, and changes nothing about that.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import nbformat
from jupyter_client.kernelspec import NoSuchKernel

import doctor_lines
import notebook_text as text
from notebook_run import CellTimeout, Failure, KernelDied, Output, Session, Shown, Stream

ROOT = Path(__file__).resolve().parent.parent


def terminal_style(stream: TextIO, environment: Mapping[str, str]) -> text.Style:
    """Colours for a terminal only, and never against NO_COLOR (no-color.org); lines that people can still read."""
    columns = shutil.get_terminal_size(fallback=(100, 24)).columns
    colour = stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return text.Style(width=min(max(columns, 40), 120), colour=colour)


def times(count: int) -> str:
    return "1 update" if count == 1 else f"{count} updates"


def output_lines(output: Output, number: int, style: text.Style) -> list[str]:
    """The lines of one output; `number` is that of the cell it belongs to."""
    indent = " " * len(f"In [{number}]: ")
    if isinstance(output, Stream):
        body = text.clean(output.text.removesuffix("\n"), style)
        mark = style.red("! ".rjust(len(indent))) if output.name == "stderr" else indent
        return text.gutter(body, style, mark, mark)
    if isinstance(output, Failure):
        body = "\n".join(output.traceback) or style.red(f"{output.ename}: {output.evalue}")
        return text.gutter(text.clean(body, style), style, indent)
    prompt = style.blue(f"Out[{number}]: ") if output.result else indent
    lines = text.gutter(text.clean(text.data_text(output.data), style), style, prompt)
    if output.updates:
        lines.append(indent + style.dim(f"(live: {times(output.updates)}, this is the latest state)"))
    return lines


def late_lines(number: int | None, output: Output, style: text.Style) -> list[str]:
    """An output that came after its cell had been printed, with the cell it belongs to."""
    origin = f"In [{number}]" if number else "the kernel"
    what = "display" if isinstance(output, Shown) else "output"
    return [style.dim(f"  -- meanwhile, {what} of {origin}:"), *output_lines(output, number or 0, style)]


class Printer:
    """Writes blocks of lines, one empty line between two, each flushed at once."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._started = False

    def block(self, lines: Iterable[str]) -> None:
        lines = list(lines)
        while lines and not lines[-1]:
            lines.pop()
        if lines:
            self._stream.write(("\n" if self._started else "") + "\n".join(lines) + "\n")
            self._stream.flush()
            self._started = True

    def following(self, lines: Iterable[str]) -> None:
        """Goes on with the last block."""
        for line in lines:
            self._stream.write(line + "\n")
        self._stream.flush()


def show(notebook: Any, session: Session, printer: Printer, style: text.Style, timeout: float) -> str | None:
    """Runs and prints all cells up to the first unexpected error, which it returns as a sentence; else None."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            printer.block(text.markdown_lines(cell.source, style))
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        number = session.next_number
        printer.block(text.code_lines(cell.source, number, style))
        try:
            done = session.run(cell.source, timeout)
        except (KernelDied, CellTimeout) as error:
            return f"In [{number}]: {error}"
        for output in done.outputs:
            printer.following(output_lines(output, number, style))
        for origin, output in done.late:
            printer.following(late_lines(origin, output, style))
        if done.failure and "raises-exception" not in cell.metadata.get("tags", ()):
            return f"In [{number}] raised {done.failure.ename}: {done.failure.evalue}"
    return None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="run a notebook and print it", allow_abbrev=False)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="the tree whose kernels come first")
    parser.add_argument("--kernel", default="xparallel", help="the kernel's name (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one cell (default: %(default)s)")
    parser.add_argument("--doctor", action="store_true", help="print what is missing on this machine, too")
    options = parser.parse_args(arguments)
    if not options.notebook.is_file():
        parser.error(f"there is no notebook {options.notebook}")

    # Output may hold what the terminal's encoding lacks, lone surrogates in any case.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # typeshed allows for other streams
    style = terminal_style(sys.stdout, os.environ)
    printer = Printer(sys.stdout)
    try:
        status = run(options, printer, style)
        if options.doctor:
            printer.block(doctor_lines.lines(doctor_lines.findings(options.build_dir), style))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status


def run(options: argparse.Namespace, printer: Printer, style: text.Style) -> int:
    """Shows the notebook; the exit status."""
    began = time.monotonic()
    notebook = nbformat.read(options.notebook, as_version=4)
    kernels = str(options.build_dir.resolve() / "share/jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [kernels, os.environ.get("JUPYTER_PATH")]))

    try:
        with Session(options.kernel, options.notebook.resolve().parent) as session:
            problem = show(notebook, session, printer, style, options.timeout)
            cells = session.next_number - 1
    except NoSuchKernel:
        print(f"there is no kernel {options.kernel} in {kernels}; `make build` makes it", file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    printer.block(
        [style.dim(f"{options.notebook.name}: {cells} cells in {seconds:.1f} s on the kernel {options.kernel}")]
    )
    if problem:
        print(f"{options.notebook.name} stopped: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
