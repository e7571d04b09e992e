//! The `guanxi` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    guanxi::cli::main()
}
