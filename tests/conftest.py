"""Its place puts this folder on the path of the tests below: what several of them share is imported from here."""
