//! The database: SQLite or PostgreSQL behind one synchronous transaction type.
