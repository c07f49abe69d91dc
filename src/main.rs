//! The `callboard` program.

use std::process::ExitCode;

use callboard::app;
use callboard::cli::{Parts, run};
use callboard::http::{access, openapi};
use callboard_meter::Meter;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: Meter<mimalloc::MiMalloc> = Meter(mimalloc::MiMalloc);

#[cfg(not(feature = "mimalloc"))]
#[global_allocator]
static ALLOCATOR: Meter<std::alloc::System> = Meter(std::alloc::System);

fn main() -> ExitCode {
    let parts = Parts {
        serve: app::run,
        openapi: || Ok(openapi::document().to_pretty_json()?),
        access,
        kinds: app::kinds,
        quarantine: app::quarantine,
        built_in: &["approval", "long_running_task", "simulate_streaming"],
    };
    run(std::env::args_os(), parts)
}
