"""What can be changed, and by which method, depends on the packages: all tests of this folder run with the newest ones, too."""


def pytest_itemcollected(item):
    item.add_marker("packages")
