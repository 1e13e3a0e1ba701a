"""The one error that users cause and users can mend."""


class InputError(ValueError):
    """Something the user gave is wrong.

    The message is one line: what was wrong, where (file, line, sequence id), what was expected and
    what to do. The command line prints it and exits with code 2; nothing else is printed.
    """
