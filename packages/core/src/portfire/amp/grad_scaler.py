"""`GradScaler`: losses are multiplied before the backward pass, gradients divided after it."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable
from typing import Any

import portfire
from portfire import Tensor

__all__ = ["GradScaler"]

_READY, _UNSCALED, _STEPPED = range(3)
_NEVER_SCALED = (
    "Attempted {} but _scale is None.  This may indicate your script did not use "
    "scaler.scale(loss or outputs) earlier in the iteration."
)


class GradScaler:
    """Multiply losses so that small gradients of float16 do not vanish, and divide them again.

    A step whose gradients are not all finite is left out, and the factor becomes smaller; after
    many good steps it grows.

    Args:
        device: the type of device that the training runs on.
        init_scale: the first factor.
        growth_factor: what it is multiplied by after ``growth_interval`` good steps.
        backoff_factor: what it is multiplied by after a bad one.
        growth_interval: how many good steps in a row that takes.
        enabled: False to do nothing at all.

    Raises:
        AssertionError: for factors on the wrong side of 1.

    Note:
        The host reads whether the gradients are finite, so `step` waits for the backward pass.

    Example:
        >>> import portfire
        >>> w = portfire.ones(1, requires_grad=True)
        >>> optimizer = portfire.optim.SGD([w], lr=0.5)
        >>> scaler = portfire.amp.GradScaler("cpu", init_scale=1024.0)
        >>> scaler.scale((w * w).sum()).backward()
        >>> w.grad
        tensor([2048.])
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> w
        tensor([0.], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "opencl",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        from portfire import plugins

        specs = plugins.backend_specs()
        if enabled and (device not in specs or not specs[device].count()):
            warnings.warn(
                f"GradScaler is enabled, but {device} is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._device = device
        self._enabled = enabled
        if not enabled:
            return
        _check(growth_factor > 1.0, "The growth factor must be > 1.0.")
        _check(backoff_factor < 1.0, "The backoff factor must be < 1.0.")
        self._init_scale = init_scale
        self._scale: float | None = None  # until the first loss
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._forget()

    def _forget(self) -> None:
        # What became of each optimizer since the last update: its stage, and whether all is finite.
        self._stages: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._finite: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()

    def scale(self, outputs: Any) -> Any:
        """Multiply a loss, or each tensor of a list or tuple, by the factor.

        Args:
            outputs: a tensor or an iterable of them.

        Raises:
            ValueError: for anything else.

        Example:
            >>> import portfire
            >>> portfire.amp.GradScaler("cpu", init_scale=8.0).scale(portfire.tensor(2.0))
            tensor(16.)
        """
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._scale = float(self._init_scale)
        if isinstance(outputs, Tensor):
            # The factor may be beyond float16, so a single number is scaled in float32.
            narrow = outputs.ndim == 0 and outputs.dtype.itemsize < 4
            return (outputs.float() if narrow else outputs) * self._scale
        if isinstance(outputs, Iterable):
            scaled = (self.scale(output) for output in outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer by the factor, for example to clip them.

        Args:
            optimizer: whose gradients.

        Raises:
            RuntimeError: when they were divided already since the last `update`.
            ValueError: for gradients of float16.

        Example:
            >>> import portfire
            >>> w = portfire.ones(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> scaler = portfire.amp.GradScaler("cpu")
            >>> scaler.scale((w * w).sum()).backward()
            >>> scaler.unscale_(optimizer)
            >>> w.grad
            tensor([2.])
        """
        if not self._enabled:
            return
        _check(self._scale is not None, _NEVER_SCALED.format("unscale_"))
        stage = self._stages.get(optimizer, _READY)
        if stage == _UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if stage == _STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        params = [param for group in optimizer.param_groups for param in group["params"]]
        grads = [param.grad for param in params if param.grad is not None]
        if any(grad.dtype is portfire.float16 for grad in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        inverse = 1.0 / float(self._scale or 1.0)
        with portfire.no_grad():
            # One question to the device for all gradients.
            finite = [grad.isfinite().all() for grad in grads]
            for grad in grads:
                grad.mul_(inverse)
            if grads:
                together = portfire.stack([one.to(finite[0].device) for one in finite]).all()
                self._finite[optimizer] = bool(together.item())
        self._stages[optimizer] = _UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Divide the gradients if nobody did, and let the optimizer step if they are finite.

        Args:
            optimizer: which to step.
            args: for its ``step``.
            kwargs: likewise.

        Returns:
            What its ``step`` returns; None where it is left out.

        Raises:
            RuntimeError: for a closure, or a second step since the last `update`.
            AssertionError: if there are no gradients.

        Example:
            >>> import portfire
            >>> w = portfire.ones(1, requires_grad=True)
            >>> optimizer = portfire.optim.SGD([w], lr=0.5)
            >>> scaler = portfire.amp.GradScaler("cpu")
            >>> scaler.scale((w / 0).sum()).backward()
            >>> scaler.step(optimizer)
            >>> w
            tensor([1.], requires_grad=True)
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        stage = self._stages.get(optimizer, _READY)
        if stage == _STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if stage == _READY:
            self.unscale_(optimizer)
        _check(optimizer in self._finite, "No inf checks were recorded for this optimizer.")
        result = optimizer.step(*args, **kwargs) if self._finite[optimizer] else None
        self._stages[optimizer] = _STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adjust the factor after a step, or set it.

        Args:
            new_scale: the new factor; found from the last steps if None.

        Raises:
            AssertionError: if there was no step since the last time.

        Example:
            >>> import portfire
            >>> scaler = portfire.amp.GradScaler("cpu")
            >>> _ = scaler.scale(portfire.ones(1))
            >>> scaler.update(2.0)
            >>> scaler.get_scale()
            2.0
        """
        if not self._enabled:
            return
        _check(self._scale is not None, _NEVER_SCALED.format("update"))
        if new_scale is not None:
            self._scale = float(new_scale)
        else:
            _check(bool(self._finite), "No inf checks were recorded prior to update.")
            self._adjust(all(self._finite.values()))
        self._forget()

    def _adjust(self, good: bool) -> None:
        scale = float(self._scale or 1.0)
        self._growth_tracker = self._growth_tracker + 1 if good else 0
        if not good:
            self._scale = scale * self._backoff_factor
        elif self._growth_tracker == self._growth_interval:
            self._growth_tracker = 0
            # A factor beyond float32 would make every gradient infinite.
            if scale * self._growth_factor <= portfire.finfo(portfire.float32).max:
                self._scale = scale * self._growth_factor

    def get_scale(self) -> float:
        """Return the factor; 1.0 where the scaler is disabled."""
        if not self._enabled:
            return 1.0
        return float(self._init_scale if self._scale is None else self._scale)

    def get_growth_factor(self) -> float:
        """Return what the factor is multiplied by after many good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by after many good steps."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return what the factor is multiplied by after a bad step."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by after a bad step."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return after how many good steps the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many good steps the factor grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Return whether the scaler does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Return the factor and its rules; nothing where the scaler is disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale = float(self._init_scale)
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
