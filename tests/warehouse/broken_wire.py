"""A wire between Bellwether and a database server that breaks in the middle of a question."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from metrics.warehouse.connect import Warehouse, open_warehouse
from tests.spark import HOST


class Cutter:
    """A wire to the server that is cut as soon as a statement with a word passes, a given number of times."""

    def __init__(self, port: int, word: bytes, cuts: int) -> None:
        self.target, self.word, self.left, self.cut = port, word, cuts, 0
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self.target))
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if asks and self.word in data and self.left:
                    self.left -= 1
                    self.cut += 1
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cutting(url: str, cuts: int) -> Iterator[tuple[Cutter, Warehouse]]:
    port = sa.make_url(url).port
    cutter = Cutter(port, b"cut_here", cuts)
    warehouse = open_warehouse(url.replace(str(port), str(cutter.port)))
    yield cutter, warehouse
    warehouse.engine.dispose()
    cutter.listener.close()
