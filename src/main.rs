//! The `callboard` program.

use std::process::ExitCode;

use callboard::app;
use callboard::cli::{Parts, run};
use callboard::http::openapi;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parts = Parts {
        serve: app::run,
        openapi: || Ok(openapi::document().to_pretty_json()?),
        kinds: app::kinds,
        quarantine: app::quarantine,
        built_in: &["approval", "long_running_task", "simulate_streaming"],
    };
    run(std::env::args_os(), parts)
}
