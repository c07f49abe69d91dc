//! The layer of the command line.

use std::path::PathBuf;

use serde_json::Value;

use super::fault::Faults;
use super::known::Known;
use super::layer::Layer;
use super::log::LogFormat;

/// The settings that can be given on the command line.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct Flags {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// TCP port to listen on; 0 takes a free one [default: 8000]
    #[arg(long, global = true)]
    pub port: Option<u16>,
    /// Where sessions are kept: sqlite:PATH, redis://HOST:PORT or memory: [default: sqlite:callboard.db]
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// Settings file; without it callboard.toml in the working directory, if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Form of the log lines [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Serve the page from this folder instead of the binary
    #[arg(long, global = true, value_name = "DIR")]
    pub static_dir: Option<String>,
}

impl Flags {
    pub(super) fn layer(&self, known: &Known, faults: &mut Faults) -> Layer {
        let format = self.log_format.map(|format| serde_json::to_value(format).unwrap_or_default());
        let given = [
            ("--host", "server", "host", self.host.clone().map(Value::from)),
            ("--port", "server", "port", self.port.map(Value::from)),
            ("--store", "store", "url", self.store.clone().map(Value::from)),
            ("--log-format", "log", "format", format),
            ("--static-dir", "server", "static_dir", self.static_dir.clone().map(Value::from)),
        ];
        let mut layer = Layer::default();
        for (flag, section, key, value) in given {
            if let Some(value) = value {
                layer.set(known, (section, key), &value, &format!("flag {flag}"), faults);
            }
        }
        layer
    }
}
