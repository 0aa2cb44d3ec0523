"""Where raw data comes from: one module for each kind of source."""
