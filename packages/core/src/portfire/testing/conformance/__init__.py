"""Does a backend keep the contract? ``pytest --pyargs portfire.testing.conformance --device NAME``.

The suite runs every operator record on the device, in every dtype that the device says it has, and
compares values, gradients and errors with the records; then the rules of the contract itself, and a
short training. It prints a table of what the device supports.

What a backend is known to fail can be listed in a file, one test and one reason a line::

    test_operators.py::test_value[erf-float16]  # the library's erf has only single precision

and given as ``--expected-failures FILE``. The list is strict: a test in it that passes is a
failure, and so is a line that names no test.
"""
