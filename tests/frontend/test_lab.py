"""A notebook's life in JupyterLab: launched, run, interrupted, restarted, saved, opened again."""

import json
import time

from playwright.sync_api import expect

from lab import Lab, Notebook

# A work that pushes item-00, item-01 … for three seconds.
PUSHING = """\
import time
steps = xlist(name='steps')
display(steps)
def push_slowly():
    for n in range(30):
        steps.push(f'item-{n:02}')
        time.sleep(0.1)
work = parallel.submit_work(push_slowly)
"""


def test_a_live_view_changes_while_its_cell_runs(notebook: Notebook):
    notebook.run(0, PUSHING + "parallel.run()")
    view = notebook.output(0)
    for item in ("item-03", "item-15"):
        expect(view).to_contain_text(item)
        assert notebook.is_running(0), "the view has changed only at the end"
        assert "steps" in view.inner_text() and "item-29" not in view.inner_text()
    notebook.lab.picture("view-running")
    notebook.wait_for_end(0)
    expect(view).to_contain_text("item-29")
    notebook.lab.picture("view-done")


def test_a_live_view_changes_after_its_cell(notebook: Notebook):
    notebook.run(0, PUSHING + "print('over')")
    notebook.wait_for_end(0)
    view = notebook.output(0)
    assert "item-29" not in view.inner_text()
    notebook.run(1, "'another ' + 'cell'")
    expect(notebook.output(1)).to_contain_text("another cell")
    assert "item-29" not in view.inner_text(), "it is to grow while other cells run"
    notebook.lab.picture("view-background")
    expect(view).to_contain_text("item-29")
    notebook.wait_until_idle()
    notebook.lab.picture("view-background-done")


def test_output_of_works_is_under_their_cell(notebook: Notebook):
    notebook.run(
        0,
        "import time\ndef tell():\n    time.sleep(1.5)\n    print('from the work')\n    display({'shown': 'by it'})\n"
        "work = parallel.submit_work(tell)\nprint('submitted')",
    )
    expect(notebook.output(0)).to_contain_text("submitted")
    notebook.run(1, "print('second cell')\nwork.result()\nprint('it has ended')")
    expect(notebook.output(1)).to_contain_text("it has ended")
    expect(notebook.output(0)).to_contain_text("from the work")
    expect(notebook.output(0)).to_contain_text("by it")
    assert "from the work" not in notebook.texts(1)
    notebook.lab.picture("output-of-works")


def test_interrupt(notebook: Notebook):
    notebook.run(0, PUSHING.replace("range(30)", "range(100_000)") + "parallel.run()")
    expect(notebook.output(0)).to_contain_text("item-02")
    began = time.monotonic()
    notebook.button("interrupt")
    notebook.wait_for_end(0)
    assert time.monotonic() - began < 10
    expect(notebook.output(0)).to_contain_text("KeyboardInterrupt")
    notebook.lab.picture("interrupted")
    notebook.run(1, "work.state, len(steps) > 2")
    expect(notebook.output(1)).to_contain_text("('cancelled', True)")


def test_restart(notebook: Notebook):
    notebook.run(0, PUSHING.replace("range(30)", "range(100_000)") + "kept = 1")
    notebook.wait_for_end(0)
    expect(notebook.output(0)).to_contain_text("item-02")
    notebook.button("restart")
    notebook.lab.accept("Restart Kernel?")
    notebook.run(1, "'kept' in globals()")
    expect(notebook.output(1)).to_contain_text("False")
    expect(notebook.cell(1).locator(".jp-InputPrompt")).to_have_text("[1]:")
    notebook.lab.picture("restarted")


def test_saved_and_opened_again(lab: Lab):
    notebook = lab.launch("Python (parallel)")
    notebook.run(0, PUSHING.replace("0.1", "0.01") + "parallel.run()")
    notebook.wait_for_end(0)
    expect(notebook.output(0)).to_contain_text("item-29")
    notebook.save()
    file = notebook.file
    [output] = json.loads(file.read_text())["cells"][0]["outputs"]
    assert "item-29" in str(output["data"]["text/html"]) and "running" not in str(output["data"])
    for session in lab.server.sessions():
        if session["path"] == file.name:
            lab.server.get(f"api/sessions/{session['id']}", method="DELETE")
    again = lab.open(file.name)
    expect(again.output(0)).to_contain_text("steps")
    expect(again.output(0)).to_contain_text("item-29")
    lab.picture("opened-again")
    again.run(1, "1 + 1")
    expect(again.output(1)).to_contain_text("2")
