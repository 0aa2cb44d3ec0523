"""Bronze: raw data, as received. Depends on nothing but external sources."""
