"""What is raised when data cannot be stored or found."""


class StorageError(Exception):
    """One sentence about where data is stored, and what to do."""

    def __init__(self, sentence: str, *, retry_may_help: bool = False) -> None:
        """Keep the sentence, and whether a retry of the step may succeed."""
        super().__init__(sentence)
        self.retry_may_help = retry_may_help
