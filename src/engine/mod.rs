//! One run: facts, evaluation, care, one commit. Used alike by the daemon, `once` and tests.
