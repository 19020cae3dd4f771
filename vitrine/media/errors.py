"""Every error that a user may read. `str(error)` is one sentence that says what to do.

    VitrineError
    ├── MalformedError      bytes or text from outside break their specification
    ├── UnsupportedError    well formed, but something Vitrine does not do
    ├── RefusedError        understood and declined: wrong key, over a limit
    ├── ConfigError         the configuration or the command line is wrong
    └── MisuseError         our own code called a core wrongly: a bug

Any other exception that leaves a core is a bug too.
"""


class VitrineError(Exception):
    """Base of the tree above."""


class MalformedError(VitrineError):
    """What came from outside breaks the rules of its format."""


class UnsupportedError(VitrineError):
    """What came from outside is legal, but outside of what Vitrine takes."""


class RefusedError(VitrineError):
    """A request was understood and declined."""


class ConfigError(VitrineError):
    """The configuration, or an argument of a command, is wrong."""


class MisuseError(VitrineError):
    """A core was called against its contract: a bug of ours, never of a peer."""
