"""The door in front of connections that are parsed in C, by httptools: for a server that answers thousands a second."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chainrule.web.door import Patient


class FastConnection(Patient, HttpToolsProtocol):
    """An HTTP connection, parsed in C."""

    def on_headers_complete(self) -> None:
        """Look whether a request has begun to be answered."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self._asked()
