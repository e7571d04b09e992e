//! What is owed to each customer: triggers now; every decision returns a named reason. Pure: `now` is an argument.
