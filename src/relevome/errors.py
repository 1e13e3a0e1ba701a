"""The one error that users cause and users can mend."""


class InputError(ValueError):
    """Something the user gave is wrong.

    The message is one line: what was wrong, where (file, line, sequence id), what was expected and
    what to do. The command line prints it and exits with code 2; nothing else is printed. Line ends in
    what is cited become blanks, and other characters that nobody sees are written as escapes.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(map(_visible, " ".join(message.splitlines()))))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
