"""Read the project: files, then modules, then names, then assets. Nothing is imported or run."""
