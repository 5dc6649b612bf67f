"""The composite operators of neural networks.

Each is one step on the tape; the engine decomposes those that a backend does not claim.
"""
