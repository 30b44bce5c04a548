"""What the tests of the doctor share."""

from parallel._doctor.finding import OK


def says(finding, mark, *words):
    """Is that its mark, and are these words in it? There is advice where it is not ok, and each is one line."""
    told = f"{finding.found} {finding.advice}"
    assert finding.mark == mark and all(word in told for word in words), finding
    assert (finding.mark == OK) == (finding.advice == "") and "\n" not in told
    return True
