"""The side-by-side runs: which servers, which loads, which bars, which table. `../compare.py` is the command."""
