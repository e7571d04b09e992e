//! How facts come in: CSV and JSON lines from files, JSON from HTTP, read as the policy declares,
//! checked row by row, stored in one transaction a file or body.
