//! The `callboard` program.

use std::process::ExitCode;

use anyhow::bail;
use callboard::cli::{Parts, run};
use callboard::session::kinds::Kinds;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parts = Parts {
        serve: |_| bail!("the server is not linked yet"),
        openapi: || bail!("the server is not linked yet"),
        kinds: |_| Ok(Kinds::default()),
        built_in: &["approval", "long_running_task", "simulate_streaming"],
    };
    run(std::env::args_os(), parts)
}
