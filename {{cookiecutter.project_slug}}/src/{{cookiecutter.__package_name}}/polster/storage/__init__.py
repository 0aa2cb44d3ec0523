"""How frames become files and back: the I/O manager, and the stores that it writes to."""
