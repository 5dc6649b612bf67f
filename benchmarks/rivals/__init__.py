"""The rows in the words of libraries that do not have torch's names, jitted as their users would.

Each module has `SETUPS`: by the name of a row's function, `(device, **sizes) -> step`. A row that a
module lacks is not measured there.
"""
