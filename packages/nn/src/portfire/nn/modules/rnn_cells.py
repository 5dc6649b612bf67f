"""Single time steps of recurrent layers."""

from __future__ import annotations

import math
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import init
from portfire.nn.functional._recurrent import recur
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What `RNNCell`, `LSTMCell` and `GRUCell` share: parameters and checks.

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        bias: whether there are biases.
        num_chunks: gates of ``hidden_size`` units.
        device: where the parameters live.
        dtype: their type.

    Example:
        >>> import portfire
        >>> isinstance(portfire.nn.GRUCell(3, 4), portfire.nn.RNNCellBase)
        True
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(portfire.empty((gates, input_size), **place))
        self.weight_hh = Parameter(portfire.empty((gates, hidden_size), **place))
        for name in ("bias_ih", "bias_hh"):
            offset = Parameter(portfire.empty((gates,), **place)) if bias else None
            self.register_parameter(name, offset)
        self.reset_parameters()

    def extra_repr(self) -> str:
        """Return the sizes, and the options that differ from the defaults, as printed."""
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def reset_parameters(self) -> None:
        """Draw all parameters from ``U(-k, k)`` with ``k = 1 / sqrt(hidden_size)``."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _step(
        self, input: Tensor, states: tuple[Tensor, ...] | None, mode: str
    ) -> tuple[Tensor, ...]:
        """Check the operands, and run a sequence of one step."""
        self._check_dims("input", input)
        for k, state in enumerate(states or ()):
            self._check_dims("hidden" if mode != "lstm" else f"hx[{k}]", state)
        batched = input.ndim == 2
        x = input if batched else input.unsqueeze(0)
        if states is not None and not batched:
            states = tuple(state.unsqueeze(0) if state.ndim == 1 else state for state in states)
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        for k, state in enumerate(states or ()):
            if state.shape[0] != x.shape[0]:
                raise RuntimeError(
                    f"Input batch size {x.shape[0]} doesn't match hidden{k} batch size "
                    f"{state.shape[0]}"
                )
            if state.shape[-1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{k} has inconsistent hidden_size: got {state.shape[-1]}, expected "
                    f"{self.hidden_size}"
                )
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        _, h, c = recur(x.unsqueeze(0), states or (None, None), weights, mode)
        found = (h,) if c is None else (h, c)
        return found if batched else tuple(state.squeeze(0) for state in found)

    def _check_dims(self, name: str, x: Tensor) -> None:
        if x.ndim not in (1, 2):
            raise ValueError(
                f"{self._get_name()}: Expected {name} to be 1D or 2D, got {x.ndim}D instead"
            )


class RNNCell(RNNCellBase):
    r"""Take one step of Elman's recurrent network.

    .. math:: h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        bias: whether there are biases.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, input_size)`` or ``(input_size,)``.
        - hx: ``(N, hidden_size)`` or ``(hidden_size,)``; zeros by default.
        - output: that of ``hx``.

    Attributes:
        weight_ih: ``(hidden_size, input_size)``.
        weight_hh: ``(hidden_size, hidden_size)``.
        bias_ih: ``(hidden_size,)``.
        bias_hh: ``(hidden_size,)``.

    Raises:
        RuntimeError: for another nonlinearity, at the call, and sizes that do not fit.
        ValueError: for wrong numbers of dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.RNNCell(3, 4)(portfire.ones(2, 3)).shape
        portfire.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(input, None if hx is None else (hx,), self.nonlinearity)[0]


class LSTMCell(RNNCellBase):
    r"""Take one step of long short-term memory.

    .. math::
        i, f, o &= \sigma(W_{i} x + b_{i} + W_{h} h + b_{h}) \\
        g &= \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}) \\
        c' &= f c + i g \\
        h' &= o \tanh(c')

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        bias: whether there are biases.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, input_size)`` or ``(input_size,)``.
        - hx: h and c, each ``(N, hidden_size)`` or ``(hidden_size,)``; zeros by default.
        - output: the next h and c.

    Attributes:
        weight_ih: ``(4 * hidden_size, input_size)``: the gates i, f, g, o.
        weight_hh: ``(4 * hidden_size, hidden_size)``.
        bias_ih: ``(4 * hidden_size,)``.
        bias_hh: ``(4 * hidden_size,)``.

    Raises:
        RuntimeError: for sizes that do not fit.
        TypeError: if ``hx`` is one tensor.
        ValueError: for wrong numbers of dimensions.

    Example:
        >>> import portfire
        >>> h, c = portfire.nn.LSTMCell(3, 4)(portfire.ones(2, 3))
        >>> h.shape, c.shape
        (portfire.Size([2, 4]), portfire.Size([2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next h and c."""
        if isinstance(hx, Tensor):
            raise TypeError(
                "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor"
            )
        h, c = self._step(input, None if hx is None else (hx[0], hx[1]), "lstm")
        return h, c


class GRUCell(RNNCellBase):
    r"""Take one step of a gated recurrent unit.

    .. math::
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) \\
        n &= \tanh(W_{in} x + b_{in} + r (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) n + z h

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        bias: whether there are biases.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, input_size)`` or ``(input_size,)``.
        - hx: ``(N, hidden_size)`` or ``(hidden_size,)``; zeros by default.
        - output: that of ``hx``.

    Attributes:
        weight_ih: ``(3 * hidden_size, input_size)``: the gates r, z, n.
        weight_hh: ``(3 * hidden_size, hidden_size)``.
        bias_ih: ``(3 * hidden_size,)``.
        bias_hh: ``(3 * hidden_size,)``.

    Raises:
        RuntimeError: for sizes that do not fit.
        ValueError: for wrong numbers of dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.GRUCell(3, 4)(portfire.ones(2, 3)).shape
        portfire.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state."""
        return self._step(input, None if hx is None else (hx,), "gru")[0]
