"""Being woken when somebody wrote to a warehouse on PostgreSQL: its NOTIFY and LISTEN, where they are permitted."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Final, Self

import sqlalchemy as sa

from metrics.warehouse.connect import server_engine
from metrics.warehouse.settings import checked_url, load_settings

CHANNEL: Final = "bellwether_change"


def tell(connection: sa.Connection) -> None:
    """Tells listeners, once the transaction is committed, that there is something new; PostgreSQL only."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


class Listener:
    """Waits for a warehouse to say that it has something new. For one thread, in a `with` block.

    Attributes:
        alive: false once the connection broke. Then look for newer data now and then, and listen anew.
    """

    def __init__(self, engine: sa.Engine, connection: sa.Connection) -> None:
        self._engine = engine
        self._connection = connection
        self.alive = True

    def wait(self, seconds: float) -> bool:
        """Returns whether something was written, as soon as it was; false when so many seconds passed without.

        It returns false at once when the connection breaks or is broken.
        """
        if not self.alive:
            return False
        native: Any = self._connection.connection.driver_connection
        try:
            told = list(native.notifies(timeout=seconds, stop_after=1))
            if told:
                list(native.notifies(timeout=0))  # one look at the data answers all of them
        except self._engine.dialect.loaded_dbapi.Error:
            self.alive = False
            return False
        return bool(told)

    def close(self) -> None:
        """Stops listening."""
        self.alive = False
        with contextlib.suppress(sa.exc.DBAPIError):
            self._connection.invalidate()
            self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stops listening."""
        self.close()


def listen(url: str | None = None) -> Listener | None:
    """Returns a listener to a warehouse; None where it cannot tell, or does not answer: look now and then instead.

    A pooler that hands connections on between transactions takes LISTEN and never tells: look now and then anyway.
    """
    url = load_settings().warehouse if url is None else checked_url(url)
    if sa.make_url(url).get_backend_name() != "postgresql":
        return None
    engine = server_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
    except sa.exc.DBAPIError:
        engine.dispose()
        return None
    return Listener(engine, connection)
