"""portfire beside other libraries: `python -m benchmarks`, see the README of this folder."""
