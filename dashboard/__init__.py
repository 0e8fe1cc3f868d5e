"""What people see: the dashboard's pages and the `bellwether` command."""

from __future__ import annotations
