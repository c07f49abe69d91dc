//! Builds the messages of `proto/` into Rust, without `protoc`.

use std::error::Error;

const FILE: &str = "callboard/events.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile([FILE], ["proto"])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    // Said after prost-build, which knows of no files here.
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, b"cargo::rerun-if-changed=proto\n")?;
    Ok(())
}
