"""Optimizers in NumPy, as their formulas stand: generators that take gradients and give parameters.

They know nothing of portfire; each keeps its state in local variables.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

Rule = Generator[Any, Any, None]


def adamax(
    p: Any, lr: float = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0
) -> Rule:
    m, u = np.zeros_like(p), np.zeros_like(p)
    t = 0
    while True:
        g = (yield p) + weight_decay * p
        t += 1
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, np.abs(g) + eps)
        p = p - lr / (1 - betas[0] ** t) * m / u


def nadam(
    p: Any,
    lr: float = 2e-3,
    betas: Any = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
) -> Rule:
    m, v, product, t = np.zeros_like(p), np.zeros_like(p), 1.0, 0
    while True:
        g = yield p
        t += 1
        if decoupled_weight_decay:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
        now = betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        then = betas[0] * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        product *= now
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        mean = then * m / (1 - product * then) + (1 - now) * g / (1 - product)
        p = p - lr * mean / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def radam(
    p: Any,
    lr: float = 1e-3,
    betas: Any = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0,
    decoupled_weight_decay: bool = False,
) -> Rule:
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    limit = 2 / (1 - betas[1]) - 1
    while True:
        g = yield p
        t += 1
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        mean = m / (1 - betas[0] ** t)
        length = limit - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if length > 5:
            r = ((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length)
            mean = mean * np.sqrt(r) * np.sqrt(1 - betas[1] ** t) / (np.sqrt(v) + eps)
        p = p - lr * mean


def adagrad(
    p: Any,
    lr: float = 1e-2,
    lr_decay: float = 0,
    weight_decay: float = 0,
    initial_accumulator_value: float = 0,
    eps: float = 1e-10,
) -> Rule:
    s, t = np.full_like(p, initial_accumulator_value), 0
    while True:
        g = (yield p) + weight_decay * p
        t += 1
        s = s + g**2
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s) + eps)


def adadelta(
    p: Any, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0
) -> Rule:
    v, u = np.zeros_like(p), np.zeros_like(p)
    while True:
        g = (yield p) + weight_decay * p
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p = p - lr * d


def rmsprop(
    p: Any,
    lr: float = 1e-2,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0,
    momentum: float = 0,
    centered: bool = False,
) -> Rule:
    v, mean, b = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    while True:
        g = (yield p) + weight_decay * p
        v = alpha * v + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - mean**2 if centered else v) + eps)
        p = p - lr * b


def rprop(p: Any, lr: float = 1e-2, etas: Any = (0.5, 1.2), step_sizes: Any = (1e-6, 50)) -> Rule:
    before, size = np.zeros_like(p), np.full_like(p, lr)
    while True:
        g = (yield p).copy()
        factor = np.select([g * before > 0, g * before < 0], [etas[1], etas[0]], 1.0)
        size = np.clip(size * factor, *step_sizes)
        g[g * before < 0] = 0
        p = p - np.sign(g) * size
        before = g


def asgd(
    p: Any,
    lr: float = 1e-2,
    lambd: float = 1e-4,
    alpha: float = 0.75,
    t0: float = 1e6,
    weight_decay: float = 0,
) -> Rule:
    eta, t = lr, 0
    while True:
        g = (yield p) + weight_decay * p
        t += 1
        p = p * (1 - lambd * eta) - eta * g
        eta = lr / (1 + lambd * lr * t) ** alpha


def adafactor(
    p: Any,
    lr: float = 1e-2,
    beta2_decay: float = -0.8,
    eps: Any = (2.0**-52, 1e-3),
    d: float = 1.0,
    weight_decay: float = 0,
) -> Rule:
    row, column, t = np.zeros(p.shape[0]), np.zeros(p.shape[1]), 0
    while True:
        g = yield p
        t += 1
        share = t**beta2_decay
        row = (1 - share) * row + share * (g**2).mean(1)
        column = (1 - share) * column + share * (g**2).mean(0)
        second = np.outer(row, column) / max(row.mean(), eps[0])
        u = g / np.maximum(np.sqrt(second), eps[0])
        size = max(eps[1], np.sqrt((p**2).mean())) * min(lr, 1 / np.sqrt(t))
        p = p * (1 - lr * weight_decay) - size * u / max(1, np.sqrt((u**2).mean()) / d)


def muon(
    p: Any,
    lr: float = 1e-3,
    weight_decay: float = 0.1,
    momentum: float = 0.95,
    nesterov: bool = True,
    adjust_lr_fn: str = "original",
) -> Rule:
    b = np.zeros_like(p)
    rows, columns = p.shape
    factor = {
        "original": np.sqrt(max(1, rows / columns)),
        "match_rms_adamw": 0.2 * np.sqrt(max(rows, columns)),
    }[adjust_lr_fn]
    while True:
        g = yield p
        b = momentum * b + (1 - momentum) * g
        # The iteration is a polynomial of the singular values.
        u, s, v = np.linalg.svd((1 - momentum) * g + momentum * b if nesterov else b, False)
        s = s / np.sqrt((s**2).sum())
        for _ in range(5):
            s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
        p = p * (1 - lr * weight_decay) - lr * factor * (u * s) @ v
