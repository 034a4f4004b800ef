"""What must outlive the process, in SQLite. The only room that knows it."""

from macnet_bridge.store.journal import Journal, Row

__all__ = ["Journal", "Row"]
