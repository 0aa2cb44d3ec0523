"""Silver: clean, validated data. Depends only on bronze."""
