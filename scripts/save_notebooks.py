#!/usr/bin/python3
"""Runs notebooks on the kernel of a build tree and saves them with their outputs, so that they can be read unexecuted.

Usage: scripts/save_notebooks.py [--build-dir DIR] [--timeout SECONDS] NOTEBOOK ...
Exit status: 0 if no cell raised, except cells tagged `raises-exception`, which may; 1 otherwise, and nothing is saved.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output

from notebook_run import Failure, Output, Session, Stream

ROOT = Path(__file__).resolve().parent.parent


def output_node(output: Output, number: int) -> Any:
    """An output as a notebook holds it."""
    if isinstance(output, Stream):
        return new_output("stream", name=output.name, text=output.text)
    if isinstance(output, Failure):
        return new_output("error", ename=output.ename, evalue=output.evalue, traceback=output.traceback)
    if output.result:
        return new_output("execute_result", data=output.data, execution_count=number)
    return new_output("display_data", data=output.data)


def run(path: Path, timeout: float) -> Any:
    """The notebook with new outputs; SystemExit when a cell raises that should not."""
    notebook = nbformat.read(path, as_version=4)
    ran: dict[int, tuple[Any, list[Output]]] = {}  # by the number a cell had
    with Session("xparallel", path.parent) as session:
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            done = session.run(cell.source, timeout)
            ran[done.number] = (cell, list(done.outputs))
            for number, output in done.late:
                # A display that was updated is in its cell's outputs already, and up to date there.
                if number in ran and not any(output is other for other in ran[number][1]):
                    ran[number][1].append(output)
            if done.failure is not None and "raises-exception" not in cell.metadata.get("tags", []):
                raise SystemExit(f"{path.name}: In [{done.number}] raised {done.failure.ename}: {done.failure.evalue}")
    for number, (cell, outputs) in ran.items():
        cell.execution_count = number
        cell.outputs = [output_node(output, number) for output in outputs]
    return notebook


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build")
    parser.add_argument("--timeout", type=float, default=120, help="seconds a cell may take")
    parser.add_argument("notebooks", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    os.environ["JUPYTER_PATH"] = str(options.build_dir.resolve() / "share/jupyter")
    for path in options.notebooks:
        notebook = run(path.resolve(), options.timeout)
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
