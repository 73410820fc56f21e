"""A venue's own REST, for what has to work without a node: looking before the first order, and halting when all else
hangs. Nothing here decides anything. Facts are from the venue's public documentation."""
