"""Lets ``pytest --pyargs portfire.testing.conformance`` know its options.

pytest reads the options before it finds a package's conftest, so they come by an entry point. This
module stays outside of ``portfire``, so that the tests of others do not import it.
"""

from __future__ import annotations

from typing import Any

SUITE = ("portfire.testing.conformance", "portfire/testing/conformance")


def pytest_load_initial_conftests(early_config: Any, parser: Any, args: list[str]) -> None:
    """Load the suite's plugin, only when the suite is what is run."""
    if any(suite in str(argument).replace("\\", "/") for argument in args for suite in SUITE):
        from portfire.testing.conformance import plugin

        plugin.add_options(parser)
        early_config.pluginmanager.register(plugin, "portfire-conformance")
