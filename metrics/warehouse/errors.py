"""What can go wrong with the warehouse.

WarehouseError
├── SettingsError            a setting that cannot be used
│   └── DatabaseUrlError        a database URL that cannot be used
├── WarehouseNotBuiltError   nothing was loaded yet
│   └── WarehouseOutdatedError  built by another version of Bellwether
├── WarehouseBusyError       another process is writing
├── WarehouseReadOnlyError   a database that Bellwether reads and never writes
└── WarehouseUnreachableError  the database does not answer
"""

from __future__ import annotations

_LOAD_ANEW = (
    "Run: bellwether load --shipped (with --fresh if you loaded files of your own; load those again afterwards)."
)
_COPY = "Copy the tables of this version to it: docs/operators.md says how."


class WarehouseError(Exception):
    """Anything about the warehouse that its user can put right. The message says how."""


class SettingsError(WarehouseError):
    """A setting that cannot be used; says where it was found and what to write."""


class DatabaseUrlError(SettingsError, ValueError):
    """A database URL that cannot be used; says what to write."""


class WarehouseNotBuiltError(WarehouseError):
    """Nothing was loaded yet."""

    @classmethod
    def at(cls, place: str, *, read_only: bool = False) -> WarehouseNotBuiltError:
        """Returns the error for a warehouse that holds nothing."""
        remedy = _COPY if read_only else "Run: bellwether load --shipped"
        return cls(f"There is no data yet in {place}. {remedy}")


class WarehouseOutdatedError(WarehouseNotBuiltError):
    """The tables are those of another version of Bellwether."""

    @classmethod
    def at(cls, place: str, *, read_only: bool = False) -> WarehouseOutdatedError:
        """Returns the error for a warehouse whose tables do not fit."""
        remedy = _COPY if read_only else _LOAD_ANEW
        return cls(f"The data in {place} were built by another version of Bellwether. {remedy}")


class WarehouseBusyError(WarehouseError):
    """Another process is writing. Readers are not affected."""


class WarehouseReadOnlyError(WarehouseError):
    """A database that Bellwether reads and never writes."""

    @classmethod
    def at(cls, place: str) -> WarehouseReadOnlyError:
        """Returns the error for an attempt to write to `place`."""
        return cls(
            f"{place} is Spark, which Bellwether reads and never writes. Set BELLWETHER_WAREHOUSE to the embedded "
            "warehouse or PostgreSQL, load there, then copy the tables (docs/operators.md says how)."
        )


class WarehouseUnreachableError(WarehouseError):
    """The database does not answer."""

    @classmethod
    def at(cls, place: str, error: Exception) -> WarehouseUnreachableError:
        """Returns the error for a database at `place`, with the first line of what its driver said."""
        first = next(iter(str(error).splitlines()), type(error).__name__)
        return cls(f"{place} does not answer ({first}). Check BELLWETHER_WAREHOUSE, and that the server runs.")


class TookTooLongError(Exception):
    """Marks a driver's errors that mean: the answer did not come in time. Asking again would take as long again."""
