"""``python -m portfire``: what is installed, which devices there are, and what is wrong.

The output is meant to be pasted into a bug report. The exit status is 0 if there is a device and
nothing is broken, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys

from portfire import _doctor, _doctor_text


def main(arguments: list[str] | None = None) -> int:
    """Run the doctor and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m portfire",
        description="Show what is installed of portfire, its devices, and what is wrong.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    facts = _doctor.examine()
    if options.json:
        print(json.dumps(facts, indent=2, default=str))
    else:
        _doctor_text.show(facts)
    return 0 if _doctor.is_healthy(facts) else 1


if __name__ == "__main__":
    sys.exit(main())
