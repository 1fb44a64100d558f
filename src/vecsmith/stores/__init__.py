"""Places for vectors: SQLite, Postgres, Parquet, npy and JSON lines behind one contract."""

from vecsmith.stores.store import Hit, Store

__all__ = ["Hit", "Store"]
