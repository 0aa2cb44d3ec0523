"""The one exception for what a user can cause."""


class Refusal(Exception):
    """A sentence for the user, and the exit status that goes with it.

    Args:
        sentence: What happened, what the rule is, what to do next.
        status: 1 when the command was well formed but is refused; 2 when the command line alone is
            unacceptable (a bad name, not in a project).
    """

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
