"""What can be changed, and by which method, depends on the packages: these tests run with the newest ones, too."""


def pytest_itemcollected(item):
    item.add_marker("packages")
