"""The main example: a small convolutional network learns handwritten digits."""
