"""Research behind the defaults; run by hand, with ``scripts`` on PYTHONPATH, never by rules."""
