"""Recurrent layers over sequences."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.functional._recurrent import recur
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter
from portfire.nn.utils.rnn import PackedSequence, packed_steps, pad_steps

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

# mode as modules call it -> (cell, gates)
MODES = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "RNN_TANH": ("tanh", 1), "RNN_RELU": ("relu", 1)}


def _check_arguments(hidden_size: Any, num_layers: Any, dropout: Any, proj_size: int) -> None:
    if (
        isinstance(dropout, bool)
        or not isinstance(dropout, numbers.Number)
        or not (
            0 <= dropout <= 1  # type: ignore[operator]  # numbers.Number does not say that it compares
        )
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]  # as above
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            UserWarning,
            stacklevel=4,
        )
    if not isinstance(hidden_size, int):
        raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
    if hidden_size <= 0:
        raise ValueError("hidden_size must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` share: parameters, checks, layers and directions.

    Args:
        mode: ``"LSTM"``, ``"GRU"``, ``"RNN_TANH"`` or ``"RNN_RELU"``.
        input_size: features of the input.
        hidden_size: units of the state.
        num_layers: layers, each of which reads the states of the one before.
        bias: whether there are biases.
        batch_first: whether tensors are ``(N, L, F)`` instead of ``(L, N, F)``.
        dropout: probability of an element between layers to become zero in training.
        bidirectional: whether each layer also runs backwards in time.
        proj_size: for LSTM, size that the state is shrunk to.
        device: where the parameters live.
        dtype: their type.

    Raises:
        ValueError: for options that make no sense.

    Example:
        >>> import portfire
        >>> portfire.nn.RNNBase("GRU", 3, 4)
        RNNBase(3, 4)
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout) if isinstance(dropout, int | float) else dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        if input_size <= 0:
            raise ValueError("input_size must be greater than zero")
        _check_arguments(hidden_size, num_layers, dropout, proj_size)
        if mode not in MODES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                names = []
                for name, shape in self._shapes(layer).items():
                    empty = portfire.empty(shape, device=device, dtype=dtype)
                    self.register_parameter(name + suffix, Parameter(empty))
                    names.append(name + suffix)
                self._all_weights.append(names)
        self.reset_parameters()

    def _suffixes(self, layer: int) -> tuple[str, ...]:
        forward = f"_l{layer}"
        return (forward, forward + "_reverse") if self.bidirectional else (forward,)

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        gates = MODES[self.mode][1] * self.hidden_size
        state = self.proj_size or self.hidden_size
        features = self.input_size if layer == 0 else state * (1 + self.bidirectional)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, features),
            "weight_hh": (gates, state),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw all parameters from ``U(-k, k)`` with ``k = 1 / sqrt(hidden_size)``."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing; parameters need no common memory here."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        """Return the sizes, and the options that differ from the defaults, as printed."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        shown = (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        )
        for name, default in shown:
            value = getattr(self, name)
            if value != default:
                parts.append(f"{name}={value}")
        return ", ".join(parts)

    # Checks, by the names under which PyTorch's users know them

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise if an input does not fit."""
        weight = self.all_weights[0][0]
        if input.dtype is not weight.dtype and not portfire.is_autocast_enabled():
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        dims = 2 if batch_sizes is not None else 3
        if input.ndim != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.ndim}")
        if self.input_size != input.shape[-1]:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.shape[-1]}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return the shape of h."""
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.shape[0] if self.batch_first else input.shape[1]
        rows = self.num_layers * (1 + self.bidirectional)
        return rows, batch, self.proj_size or self.hidden_size

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raise if a first state has another shape."""
        if tuple(hx.shape) != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise if an input or its first state does not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Bring first states into the order of the packed sequences, or last ones back."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # Running

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run over the sequences, from the first states or from zeros.

        Args:
            input: the sequences, padded or packed.
            hx: the first states.

        Returns:
            The states of the last layer at all steps, and the last states of all layers.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.ndim not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {input.ndim}D instead"
            )
        batched = input.ndim == 3
        axis = 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(axis)
        if hx is not None:
            hx = self._with_batch(hx, batched)
            self.check_forward_args(x, hx, None)
        else:
            self.check_input(x, None)
        x = x.transpose(0, 1) if self.batch_first else x
        if not x.shape[0]:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        output, last = self._layers(x, self._split(hx), None)
        output = output.transpose(0, 1) if self.batch_first else output
        if batched:
            return output, self._state(last)
        return output.squeeze(axis), self._state([x.squeeze(1) for x in last])

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, sizes, order, back = input
        if hx is not None:
            hx = self.permute_hidden(hx, order)
            self.check_forward_args(data, hx, sizes)
        else:
            self.check_input(data, sizes)
        x, lengths = pad_steps(data, sizes)
        output, last = self._layers(x, self._split(hx), lengths)
        state = self.permute_hidden(self._state(last), back)
        return PackedSequence(packed_steps(output, sizes), sizes, order, back), state

    def _with_batch(self, hx: Tensor, batched: bool) -> Any:
        if hx.ndim != (3 if batched else 2):
            case = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {case} input, hx should also be {3 if batched else 2}-D but got "
                f"{hx.ndim}-D tensor"
            )
        return hx if batched else hx.unsqueeze(1)

    def _split(self, hx: Any) -> list[tuple[Tensor | None, ...]]:
        """The first states of each layer and direction."""
        count = self.num_layers * (1 + self.bidirectional)
        return [(None,)] * count if hx is None else [(hx[k],) for k in range(count)]

    def _state(self, last: list[Tensor]) -> Any:
        return last[0]

    def _layers(
        self, x: Tensor, first: list[tuple[Tensor | None, ...]], lengths: Tensor | None
    ) -> tuple[Tensor, list[Tensor]]:
        """The result, and the last states: h, and c where there is one, of all layers."""
        hidden, cells = [], []
        mode, _ = MODES[self.mode]
        directions = 1 + self.bidirectional
        for k, names in enumerate(self._all_weights):
            if k % directions == 0 and k and self.dropout and self.training:
                x = F.dropout(x, self.dropout)
            parameters = {name.partition("_l")[0]: getattr(self, name) for name in names}
            weights = tuple(
                parameters.get(name)
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
            )
            result, h, c = recur(x, first[k], weights, mode, bool(k % directions), lengths)
            hidden.append(h)
            cells.append(c)
            if not self.bidirectional:
                x = result
            elif k % 2 == 0:
                forward = result
            else:
                x = portfire.cat([forward, result], 2)
        states = [portfire.stack(hidden)]
        if mode == "lstm":
            states.append(portfire.stack([c for c in cells if c is not None]))
        return x, states


class RNN(RNNBase):
    r"""Run Elman's recurrent network over sequences.

    .. math:: h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        num_layers: layers, each of which reads the states of the one before.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether there are biases.
        batch_first: whether tensors are ``(N, L, F)`` instead of ``(L, N, F)``.
        dropout: probability of an element between layers to become zero in training.
        bidirectional: whether each layer also runs backwards in time.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(L, N, input_size)``, ``(N, L, input_size)`` with ``batch_first``,
          ``(L, input_size)``, or a packed sequence.
        - hx: ``(D * num_layers, N, hidden_size)`` with D directions; zeros by default.
        - output: ``(L, N, D * hidden_size)``, and the last states with the shape of ``hx``.

    Attributes:
        weight_ih_l0: ``(hidden_size, input_size)``; further layers and the other direction have
            names like ``weight_ih_l1_reverse``.
        weight_hh_l0: ``(hidden_size, hidden_size)``.
        bias_ih_l0: ``(hidden_size,)``.
        bias_hh_l0: ``(hidden_size,)``.

    Raises:
        ValueError: for another nonlinearity, and options that make no sense.
        RuntimeError: for inputs that do not fit.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.RNN(3, 4, num_layers=2)
        >>> output, h = layer(portfire.ones(5, 2, 3))
        >>> output.shape, h.shape
        (portfire.Size([5, 2, 4]), portfire.Size([2, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)


class GRU(RNNBase):
    r"""Run gated recurrent units over sequences.

    .. math::
        r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) n_t + z_t h_{t-1}

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        num_layers: layers, each of which reads the states of the one before.
        bias: whether there are biases.
        batch_first: whether tensors are ``(N, L, F)`` instead of ``(L, N, F)``.
        dropout: probability of an element between layers to become zero in training.
        bidirectional: whether each layer also runs backwards in time.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(L, N, input_size)``, ``(N, L, input_size)`` with ``batch_first``,
          ``(L, input_size)``, or a packed sequence.
        - hx: ``(D * num_layers, N, hidden_size)`` with D directions; zeros by default.
        - output: ``(L, N, D * hidden_size)``, and the last states with the shape of ``hx``.

    Attributes:
        weight_ih_l0: ``(3 * hidden_size, input_size)``: the gates r, z, n.
        weight_hh_l0: ``(3 * hidden_size, hidden_size)``.
        bias_ih_l0: ``(3 * hidden_size,)``.
        bias_hh_l0: ``(3 * hidden_size,)``.

    Raises:
        ValueError: for options that make no sense.
        RuntimeError: for inputs that do not fit.

    Note:
        The paper is https://arxiv.org/abs/1406.1078; the bias inside ``r_t (...)`` is PyTorch's.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.GRU(3, 4, bidirectional=True)
        >>> output, h = layer(portfire.ones(5, 2, 3))
        >>> output.shape, h.shape
        (portfire.Size([5, 2, 8]), portfire.Size([2, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    r"""Run long short-term memory over sequences.

    .. math::
        i_t, f_t, o_t &= \sigma(W_i x_t + b_i + W_h h_{t-1} + b_h) \\
        g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\
        c_t &= f_t c_{t-1} + i_t g_t \\
        h_t &= o_t \tanh(c_t)

    With ``proj_size``, ``h_t`` is multiplied with one more matrix, which makes it smaller.

    Args:
        input_size: features of the input.
        hidden_size: units of the state.
        num_layers: layers, each of which reads the states of the one before.
        bias: whether there are biases.
        batch_first: whether tensors are ``(N, L, F)`` instead of ``(L, N, F)``.
        dropout: probability of an element between layers to become zero in training.
        bidirectional: whether each layer also runs backwards in time.
        proj_size: size of the smaller ``h_t``; 0 for none.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(L, N, input_size)``, ``(N, L, input_size)`` with ``batch_first``,
          ``(L, input_size)``, or a packed sequence.
        - hx: h, ``(D * num_layers, N, hidden_size)`` with D directions, and c likewise; zeros by
          default.
        - output: ``(L, N, D * hidden_size)``, and the last h and c.

    Attributes:
        weight_ih_l0: ``(4 * hidden_size, input_size)``: the gates i, f, g, o.
        weight_hh_l0: ``(4 * hidden_size, hidden_size)``.
        bias_ih_l0: ``(4 * hidden_size,)``.
        bias_hh_l0: ``(4 * hidden_size,)``.
        weight_hr_l0: ``(proj_size, hidden_size)``, with ``proj_size``.

    Raises:
        ValueError: for options that make no sense.
        RuntimeError: for inputs that do not fit.

    Note:
        The papers are https://doi.org/10.1162/neco.1997.9.8.1735 and, with projections,
        https://arxiv.org/abs/1402.1128.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LSTM(3, 4, batch_first=True)
        >>> output, (h, c) = layer(portfire.ones(2, 5, 3))
        >>> output.shape, h.shape, c.shape
        (portfire.Size([2, 5, 4]), portfire.Size([1, 2, 4]), portfire.Size([1, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return the shape of c."""
        rows, batch, _ = self.get_expected_hidden_size(input, batch_sizes)
        return rows, batch, self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise if an input or its first states do not fit."""
        self.check_input(input, batch_sizes)
        h, c = self.get_expected_hidden_size, self.get_expected_cell_size
        for k, expected in enumerate((h(input, batch_sizes), c(input, batch_sizes))):
            text = f"Expected hidden[{k}] size {{}}, got {{}}"
            self.check_hidden_size(hidden[k], expected, text)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Bring first states into the order of the packed sequences, or last ones back."""
        if permutation is None:
            return hx
        return tuple(x.index_select(1, permutation) for x in hx)

    def _with_batch(self, hx: Any, batched: bool) -> Any:
        dims = 3 if batched else 2
        h, c = hx[0], hx[1]
        if h.ndim != dims or c.ndim != dims:
            case = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {case} input, hx and cx should also be {dims}-D but got ({h.ndim}-D, "
                f"{c.ndim}-D) tensors"
            )
        return (h, c) if batched else (h.unsqueeze(1), c.unsqueeze(1))

    def _split(self, hx: Any) -> list[tuple[Tensor | None, ...]]:
        count = self.num_layers * (1 + self.bidirectional)
        if hx is None:
            return [(None, None)] * count
        return [(hx[0][k], hx[1][k]) for k in range(count)]

    def _state(self, last: list[Tensor]) -> Any:
        return last[0], last[1]
