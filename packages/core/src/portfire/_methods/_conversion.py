"""The methods that convert, fill and draw."""

from __future__ import annotations

from portfire._functions import conversion, creation, random, sampling, sharing

__all__ = ["ConversionMethods"]


class ConversionMethods:
    """A table of methods: each is defined once, in `_functions`."""

    to = conversion.to
    type = conversion.type_
    cpu = conversion.cpu
    float, double, half = conversion.float_, conversion.double, conversion.half
    bfloat16 = conversion.bfloat16
    int, long, short, char = conversion.int_, conversion.long, conversion.short, conversion.char
    byte, bool = conversion.byte, conversion.bool_
    type_as = conversion.type_as
    new_zeros, new_ones = creation.new_zeros, creation.new_ones
    new_empty, new_full, new_tensor = creation.new_empty, creation.new_full, creation.new_tensor
    copy_, fill_, zero_, set_ = (
        conversion.copy_,
        conversion.fill_,
        conversion.zero_,
        conversion.set_,
    )
    uniform_, normal_ = random.uniform_, random.normal_
    bernoulli_, random_, bernoulli = random.bernoulli_, random.random_, random.bernoulli
    exponential_, cauchy_ = sampling.exponential_, sampling.cauchy_
    log_normal_, geometric_ = sampling.log_normal_, sampling.geometric_
    multinomial = sampling.multinomial
    __dlpack__, __dlpack_device__ = sharing.dlpack, sharing.dlpack_device
    __array_wrap__ = sharing.array_wrap
