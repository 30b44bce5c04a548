"""Its place puts this folder on the path of the tests below: what several of them share is imported from here."""


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "packages: it depends on packages like numpy or IPython, and runs with their newest releases, too"
    )
    config.addinivalue_line("markers", "sample: shows that the module works, and runs in every Python that there is")
    config.addinivalue_line("markers", "measures: it compares times, and runs when nothing runs beside it")
