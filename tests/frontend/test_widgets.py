"""ipywidgets in JupyterLab: comms between a browser and Python, both ways."""

import re

from playwright.sync_api import expect

from lab import Notebook

# Installed where the kernel looks only from now on, as `%pip install ipywidgets` in a cell does it.
INSTALL = "import os, sys; sys.path.append(os.environ['WIDGETS'])"


def test_a_slider_there_and_back(notebook: Notebook):
    notebook.run(
        0,
        f"{INSTALL}\nimport ipywidgets\nslider = ipywidgets.IntSlider(value=3, max=50, description='amount')\n"
        "told = ipywidgets.Label()\n"
        "slider.observe(lambda change: setattr(told, 'value', f'Python has {change.new}'), 'value')\n"
        "display(slider, told)",
    )
    view = notebook.output(0)
    readout = view.locator(".widget-readout")
    expect(readout).to_have_text("3")

    view.locator(".noUi-handle").focus()
    for _ in range(4):
        notebook.lab.page.keyboard.press("ArrowRight")
    expect(view).to_contain_text("Python has 7")  # browser to Python, and what Python made of it to the browser
    notebook.run(1, "slider.value")
    expect(notebook.output(1)).to_contain_text("7")

    notebook.run(2, "slider.value = 42")
    expect(readout).to_have_text("42")
    expect(view).to_contain_text("Python has 42")
    notebook.lab.picture("slider")


def test_a_slider_moves_while_work_runs(notebook: Notebook):
    notebook.run(
        0,
        f"{INSTALL}\nimport ipywidgets, time\nbar = ipywidgets.IntProgress(max=20)\ndone = xlist(name='done')\n"
        "display(bar, done)\n"
        "def step(n):\n    time.sleep(0.05)\n    done.push(n)\n    return n\n"
        "def note(n):\n    bar.value += 1\n"
        "for n in range(20):\n    parallel.submit_work(step, n, callback=note)\n"
        "parallel.run()\nprint('the bar is at', bar.value)",
    )
    notebook.wait_for_end(0)
    expect(notebook.output(0)).to_contain_text("the bar is at 20")
    expect(notebook.output(0).locator(".progress-bar")).to_have_attribute("style", re.compile("width: 100%"))
    notebook.lab.picture("progress")


def test_the_output_widget_takes_output(notebook: Notebook):
    """The front end takes what is printed and displayed inside, and tells Python so."""
    notebook.run(
        0,
        f"{INSTALL}\nimport ipywidgets\nbox = ipywidgets.Output(layout={{'border': '1px solid'}})\ndisplay(box)\n"
        "with box:\n    print('inside the box')\n    display({'and': 'this'})\nprint('below it')",
    )
    expect(notebook.output(0)).to_contain_text(re.compile("inside the box.*'and': 'this'.*below it", re.DOTALL))
    # It tells Python of each output by a message of its own, the last of which a cell that is run at once overtakes.
    for n in range(20):
        notebook.run(1, f"{n}, [output['output_type'] for output in box.outputs], 'below' in str(box.outputs)")
        expect(notebook.output(1)).to_contain_text(f"({n}, ")
        if "display_data" in notebook.output(1).inner_text():
            break
    expect(notebook.output(1)).to_contain_text(f"({n}, ['stream', 'display_data'], False)")
    notebook.lab.picture("output-widget")
