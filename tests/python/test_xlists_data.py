"""xlists(): every xlist somebody holds, and what it holds."""

import parallel


def row_of(x):
    (row,) = [row for row in parallel.xlists() if row["id"] == f"x{x.id}"]
    return row


def test_what_is_told_of_an_xlist():
    x = parallel.xlist([b"x" * 1000] * 5, name="five")
    x.pop()
    row = row_of(x)
    assert list(row) == ["id", "name", "items", "pushed", "popped", "closed", "bytes", "reserved", "views"]
    assert (row["name"], row["items"], row["pushed"], row["popped"], row["closed"]) == ("five", 4, 5, 1, False)
    assert row["bytes"] >= 5000 and row["reserved"] >= 65536 and row["views"] == 0
    x.close()
    assert row_of(x)["closed"]


def test_the_name_of_a_variable(main_module):
    main_module.results = parallel.xlist()
    assert row_of(main_module.results)["name"] == "results"
    nameless = parallel.xlist()
    assert row_of(nameless)["name"] is None


def test_one_that_nobody_holds_is_not_told():
    x = parallel.xlist()
    known = f"x{x.id}"
    del x
    assert known not in [row["id"] for row in parallel.xlists()]


def test_by_number():
    held = [parallel.xlist() for _ in range(12)]
    numbers = [int(row["id"][1:]) for row in parallel.xlists()]
    assert numbers == sorted(numbers) and len(numbers) >= len(held)
