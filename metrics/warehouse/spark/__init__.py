"""Apache Spark as the warehouse, through its Thrift server. Read only."""

from __future__ import annotations
