"""A session with Spark's Thrift server that keeps deadlines and fails as databases do (PEP 249).

PyHive lets errors of the transport through as they come, shows those of Spark with their whole stack, and knows no
deadline. Here every call has one, and every failure is one of PyHive's database errors, with one sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from pyhive import hive
from pyhive.exc import (
    DatabaseError,
    DataError,
    Error,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from TCLIService import TCLIService, ttypes
from thrift.protocol import fastbinary
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport

from metrics.warehouse.errors import TookTooLongError

__all__ = [
    "ConnectionLostError",
    "DataError",
    "DatabaseError",
    "DeadlineError",
    "Error",
    "InterfaceError",
    "InternalError",
    "NoAnswerError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Session",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

apilevel, paramstyle, threadsafety = "2.0", hive.paramstyle, 1

CONNECT_SECONDS = 15.0
PING_SECONDS = 1.0
GRACE_SECONDS = 5.0  # how long after the deadline the server may still say so itself
FETCHED_ROWS = 50_000
_BUFFER = 1 << 18
# Dates and times are compared and cast as UTC, wherever the server stands.
CONFIGURATION = {"spark.sql.session.timeZone": "UTC"}

_GOOD = (ttypes.TStatusCode.SUCCESS_STATUS, ttypes.TStatusCode.SUCCESS_WITH_INFO_STATUS)
_LOST = re.compile(r"Invalid SessionHandle|stopped SparkContext|SparkContext (?:was|has been) (?:shut down|stopped)")
# The class of a SQLSTATE says whose fault it is: the statement's, the data's, or the server's.
_BY_CLASS: dict[str, type[DatabaseError]] = {"42": ProgrammingError, "22": DataError, "0A": NotSupportedError}
_STACK_NAMES = re.compile(r"^(?:Error running query: )?(?:\[[\w.]+\] )?(?:(?:[\w$]+\.)+[\w$]+: )?\s*")


class ConnectionLostError(OperationalError):  # type: ignore[misc]  # PyHive is not typed
    """The server is gone, or does not know the session any more."""


class DeadlineError(OperationalError, TookTooLongError):  # type: ignore[misc]  # PyHive is not typed
    """The answer did not come in time, and the server stopped looking for it."""


class NoAnswerError(DeadlineError):
    """Not even the server's excuse came in time: the connection was given up."""


class Session(hive.Connection):  # type: ignore[misc]
    """A connection as of PEP 249.

    Attributes:
        deadline: seconds that a statement sent from now on may take; None is for ever.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        database: str = "default",
        auth: str = "NONE",
        deadline: float | None = None,
    ) -> None:
        self.deadline = deadline
        self.place = f"{host}:{port}"
        self._socket = TSocket(host, port, socket_keepalive=True)
        self._socket.setTimeout(CONNECT_SECONDS * 1000)
        self._calls: _Calls | None = None
        transport = _transport(self._socket, host, username, password, auth)
        try:
            with self.calling(CONNECT_SECONDS):
                super().__init__(
                    username=username, database=database, configuration=dict(CONFIGURATION), thrift_transport=transport
                )
        except ProgrammingError as error:  # there is no such database: as PostgreSQL has it, nothing to connect to
            raise OperationalError(str(error)) from error

    @property
    def client(self) -> _Calls:
        """The calls of the Thrift service."""
        if self._calls is None:
            self._calls = _Calls(self, TCLIService.Client(_Protocol(self._transport)))
        return self._calls

    def cursor(self) -> Any:
        """Returns a new cursor."""
        return hive.Cursor(self, arraysize=FETCHED_ROWS)

    def is_alive(self) -> bool:
        """Returns whether the server answers and knows this session."""
        self.deadline = PING_SECONDS
        try:
            self.client.GetInfo(ttypes.TGetInfoReq(self.sessionHandle, ttypes.TGetInfoType.CLI_DBMS_NAME))
        except OperationalError:
            return False
        return True

    def rollback(self) -> None:
        """Does nothing: Spark has no transactions."""

    def close(self) -> None:
        """Ends the session, if there is still somebody to say so to."""
        if self._socket.handle is None:
            return
        with suppress(DatabaseError), self.calling(GRACE_SECONDS):
            super().close()
        self._socket.close()

    @contextmanager
    def calling(self, seconds: float | None) -> Iterator[None]:
        """Gives a call its time, and turns what goes wrong underneath into database errors.

        A call that was broken off leaves its answer in the pipe, where the next one would take it for its own: the
        connection is closed whatever the reason.
        """
        if self._socket.handle is not None:
            self._socket.setTimeout(None if seconds is None else seconds * 1000)
        try:
            yield
        except DatabaseError:
            raise
        except (TException, OSError) as error:
            self._socket.close()
            if _is_timeout(error):
                raise NoAnswerError(f"{self.place} did not answer within {seconds:g} seconds.") from error
            raise ConnectionLostError(f"The connection to {self.place} failed: {_said(error)}.") from error
        except BaseException:
            self._socket.close()
            raise


class _Calls:
    """The calls of the Thrift service, with the session's deadline."""

    def __init__(self, session: Session, client: Any) -> None:
        self._session = session
        self._client = client

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        call: Callable[[Any], Any] = getattr(self._client, name)

        def made(request: Any) -> Any:
            deadline = self._session.deadline
            if deadline is not None and name == "ExecuteStatement":
                request.queryTimeout = math.ceil(deadline)  # of this statement alone: nothing to take back
            if self._session._socket.handle is None:  # noqa: SLF001 - the two are one
                raise ConnectionLostError(f"The connection to {self._session.place} is closed.")
            with self._session.calling(None if deadline is None else math.ceil(deadline) + GRACE_SECONDS):
                answer = call(request)
            _check(answer.status, deadline)
            return answer

        return made


class _Protocol(TBinaryProtocol):  # type: ignore[misc]
    """Thrift's binary protocol, answers read by compiled code: a column of 100,000 values in milliseconds."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._fast_decode = _decode


def _decode(answer: object, protocol: object, spec: tuple[type, object]) -> None:
    fastbinary.decode_binary(answer, protocol, _as_read_today(spec))


@cache
def _as_read_today(spec: Any) -> Any:
    """Returns PyHive's description of a structure as Thrift wants it since 0.11: pairs with a class are lists."""
    if not isinstance(spec, tuple):
        return spec
    parts = [_as_read_today(part) for part in spec]
    return parts if len(parts) == 2 and isinstance(parts[0], type) else tuple(parts)


def connect(**arguments: Any) -> Session:
    """Returns a new session; see `Session` for the arguments.

    Raises:
        ConnectionLostError, DeadlineError: nobody answers there.
        OperationalError, ProgrammingError: the server refuses, or has no such database.
    """
    return Session(**arguments)


def _transport(socket: TSocket, host: str, username: str | None, password: str | None, auth: str) -> Any:
    if auth == "NOSASL":
        return TBufferedTransport(socket, rbuf_size=_BUFFER)
    from thrift_sasl import TSaslClientTransport  # noqa: PLC0415 - only where it is asked for

    def client() -> Any:
        # A server that asks for no password still wants one that is not empty.
        return hive.get_installed_sasl(host=host, sasl_auth="PLAIN", username=username or "x", password=password or "x")

    return TSaslClientTransport(client, "PLAIN", socket)


def _check(status: Any, deadline: float | None) -> None:
    if status.statusCode in _GOOD:
        return
    text = _sentence(status.errorMessage or "")
    if "TIMEDOUT" in text and deadline is not None:
        raise DeadlineError(f"The query took longer than {deadline:g} seconds and was stopped.")
    if status.statusCode == ttypes.TStatusCode.INVALID_HANDLE_STATUS or _LOST.search(text):
        raise ConnectionLostError(text)
    raise _BY_CLASS.get((status.sqlState or "")[:2], OperationalError)(text)


def _sentence(message: str) -> str:
    """Returns what Spark says, without the names of the classes that passed it on."""
    first = _STACK_NAMES.sub("", message, count=1)
    return next((line.strip() for line in first.splitlines() if line.strip()), "Spark gives no reason.")


def _is_timeout(error: BaseException) -> bool:
    inner = getattr(error, "inner", None)
    return isinstance(error, TimeoutError) or isinstance(inner, TimeoutError)


def _said(error: BaseException) -> str:
    inner = getattr(error, "inner", None)
    return str(inner or error) or type(error).__name__
