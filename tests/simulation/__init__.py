"""A job's way through a simulated AWS: the machine's own definition, the product's own tasks, a clock of numbers."""
