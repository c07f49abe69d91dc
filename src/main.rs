//! The `callboard` program.

use std::process::ExitCode;

use callboard_meter::Meter;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: Meter<mimalloc::MiMalloc> = Meter(mimalloc::MiMalloc);

#[cfg(not(feature = "mimalloc"))]
#[global_allocator]
static ALLOCATOR: Meter<std::alloc::System> = Meter(std::alloc::System);

fn main() -> ExitCode {
    callboard::cli::main()
}
