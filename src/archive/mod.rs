//! The SQLite store: schema and migrations, ingest, facts, standings, touches, outbox, runs. The only
//! module that names SQLite. Uses `model` alone.
