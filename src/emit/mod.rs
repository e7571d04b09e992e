//! How touches leave: the outbox drained to webhooks and files, with signature and retry.
