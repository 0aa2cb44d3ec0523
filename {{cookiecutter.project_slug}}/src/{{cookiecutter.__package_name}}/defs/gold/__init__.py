"""Gold: business answers. Depends only on silver."""
