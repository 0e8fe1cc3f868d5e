"""Who runs this process, as the operating system has it."""

from __future__ import annotations

import getpass
import os


def os_user() -> str:
    """Returns the name of the user that runs this process; empty when the system has none."""
    try:
        import pwd  # noqa: PLC0415 - Windows has none

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        pass
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
