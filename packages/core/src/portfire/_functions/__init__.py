"""The functions of the public API, by family; each is a method of Tensor too where torch has it."""
